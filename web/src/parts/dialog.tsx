/** A native modal dialog, opened while it is mounted. Escape and a click beside it close it. */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
  testId: string;
  /** Filled with the dialog element, for `useKeys`. */
  within?: RefObject<HTMLDialogElement | null>;
  /** The title is only spoken. */
  quietTitle?: boolean;
  /** The dialog takes the focus itself, so that Enter is no button's until one is chosen. */
  takesFocus?: boolean;
}

export function Dialog(props: Props) {
  const { title, onClose, children, class: className, testId, within, quietTitle, takesFocus } = props;
  const own = useRef<HTMLDialogElement>(null);
  const ref = within ?? own;
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    if (takesFocus === true) dialog?.focus();
    return () => {
      dialog?.close();
    };
  }, [ref, takesFocus]);
  return (
    <dialog
      ref={ref}
      class={`dialog ${className ?? ''}`}
      data-testid={testId}
      aria-label={title}
      tabIndex={takesFocus === true ? -1 : undefined}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="dialog-body">
        <header class={quietTitle === true ? 'dialog-head visually-hidden' : 'dialog-head'}>
          <h2>{title}</h2>
          {quietTitle !== true && (
            <button type="button" class="plain" onClick={onClose}>
              Close
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
