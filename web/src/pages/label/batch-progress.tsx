/** "12 of 50, about 6 min left" with its bar. */
import type { QueueItem } from '../../api/types';
import { session } from '../../state/labeling';
import { curve } from '../../state/project';
import { Bar } from '../../parts/bar';
import { count, minutesLeft } from '../../words/numbers';

export function BatchProgress({ item }: { item: QueueItem | null }) {
  const { done, size, minutesLeft: minutes } = session.batch.value;
  if (item === null) return <div class="strip-progress" />;
  const stop = curve.value?.advice?.stop === true;
  return (
    <div class="strip-progress" data-testid="batch-progress">
      <Bar share={size === 0 ? 0 : done / size} label="Progress of this batch" />
      <p>
        <strong>
          {count(item.position)} of {count(item.batch_size)}
        </strong>
        <span class="strip-minutes">, {minutesLeft(minutes)}</span>
      </p>
      {stop && (
        <a href="/" class="strip-stop" data-testid="stop-hint">
          Stop advised
        </a>
      )}
    </div>
  );
}
