/** The buttons of the classes, findings or grades; grades stand on a scale from the lowest to the highest. */
import type { ComponentChildren } from 'preact';
import { asksGrades } from '../state/project';

export function Choices({
  label,
  title,
  children,
}: {
  label: string;
  /** A line above all of it. */
  title?: string;
  children: ComponentChildren;
}) {
  const head = title !== undefined && <p class="rail-title">{title}</p>;
  if (!asksGrades.value)
    return (
      <div class="choices" role="group" aria-label={label}>
        {head}
        {children}
      </div>
    );
  return (
    <div class="choices scale" role="group" aria-label={`${label}, from the lowest to the highest`}>
      {head}
      <p class="scale-end" data-testid="scale-lowest" aria-hidden="true">
        lowest<span class="scale-both"> to highest</span>
      </p>
      {children}
      <p class="scale-end scale-highest" aria-hidden="true">
        highest
      </p>
    </div>
  );
}
