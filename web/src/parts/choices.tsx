/** The buttons of the classes, findings or grades; grades stand on a scale from the lowest to the highest. */
import type { ComponentChildren } from 'preact';
import { asksGrades } from '../state/project';

interface Props {
  /** What they are, for those who do not see them. */
  label: string;
  /** A line above them. */
  title?: string;
  children: ComponentChildren;
}

export function Choices({ label, title, children }: Props) {
  const graded = asksGrades.value;
  return (
    <div
      class={graded ? 'choices scale' : 'choices'}
      role="group"
      aria-label={graded ? `${label}, from the lowest to the highest` : label}
    >
      {title !== undefined && <p class="rail-title">{title}</p>}
      {graded && (
        <p class="scale-end" data-testid="scale-lowest" aria-hidden="true">
          lowest<span class="scale-both"> to highest</span>
        </p>
      )}
      {children}
      {graded && (
        <p class="scale-end scale-highest" aria-hidden="true">
          highest
        </p>
      )}
    </div>
  );
}
