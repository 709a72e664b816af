/** Where the pointer is, what the pixel measures, and how large the selected shape is. */
import { count, plural } from '../../words/numbers';
import { areaOf } from '../core/geometry';
import type { Controller } from './controller';

export function StatusLine({ controller }: { controller: Controller }) {
  const { session, place, value, message } = controller;
  void session.revision.value;
  const at = place.value;
  const chosen = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  const size = chosen.reduce((sum, mark) => sum + areaOf(mark.geometry), 0);
  return (
    <div class="drawing-status" data-testid="drawing-status">
      <span class="drawing-place" data-testid="drawing-place">
        {at === null ? '–' : `x ${count(Math.floor(at.x))}  y ${count(Math.floor(at.y))}`}
      </span>
      {value.value !== null && <span data-testid="drawing-value">{value.value}</span>}
      {chosen.length > 0 && (
        <span data-testid="drawing-area">
          {chosen.length > 1 && `${plural(chosen.length, 'shape')}, `}
          {count(size)} px²
        </span>
      )}
      <span class="drawing-message" role="status">
        {session.keepingFailed.value ?? message.value}
      </span>
    </div>
  );
}
