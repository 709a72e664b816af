/** The buttons of the classes, findings or grades; grades stand on a scale from the lowest to the highest. */
import type { ComponentChildren } from 'preact';
import { asksGrades } from '../state/project';

export function Choices({ label, children }: { label: string; children: ComponentChildren }) {
  if (!asksGrades.value)
    return (
      <div class="choices" role="group" aria-label={label}>
        {children}
      </div>
    );
  return (
    <div class="choices scale" role="group" aria-label={`${label}, from the lowest to the highest`}>
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
