/** Shows the picture without its shapes while it is held. */
import { keepFocus } from './keys';

export function BareButton({ onHide }: { onHide: (hidden: boolean) => void }) {
  const show = (): void => {
    onHide(false);
  };
  return (
    <button
      type="button"
      class="command"
      data-testid="peek"
      onMouseDown={keepFocus}
      onPointerDown={() => {
        onHide(true);
      }}
      onPointerUp={show}
      onPointerLeave={show}
    >
      <kbd>G</kbd>
      <span>Hold: no shapes</span>
    </button>
  );
}
