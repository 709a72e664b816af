/** What was said of the label before, so that a slip is seen. */
import type { LastCheck } from '../../state/auditing';

export function LastCheckLine({ last }: { last: LastCheck | null }) {
  if (last === null) return null;
  return (
    <p class={last.agreed ? 'last-check' : 'last-check last-check-corrected'} data-testid="last-check">
      Before: {last.text}
    </p>
  );
}
