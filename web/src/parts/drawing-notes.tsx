/** What must be known of a drawing before one goes on with it, over the picture. */
import type { DrawingInHand } from './use-drawing';

export function DrawingNotes({ drawing }: { drawing: DrawingInHand }) {
  const { problem, open, tryAgain } = drawing;
  if (problem !== null) {
    return (
      <div class="viewer-ribbon drawing-note" role="alert" data-testid="drawing-problem">
        The drawing of this image could not be opened: {problem}{' '}
        <button type="button" onClick={tryAgain}>
          Try again
        </button>
      </div>
    );
  }
  if (open?.isElsewhere !== true) return null;
  return (
    <p class="viewer-ribbon drawing-note" role="status" data-testid="drawing-elsewhere">
      This image is open in another tab, too. What you save here counts; undo ends here with a reload. To keep
      it, close the other tab and reload.
    </p>
  );
}
