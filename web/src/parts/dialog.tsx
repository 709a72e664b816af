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
}

export function Dialog({ title, onClose, children, class: className, testId, within, quietTitle }: Props) {
  const own = useRef<HTMLDialogElement>(null);
  const ref = within ?? own;
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
    };
  }, [ref]);
  return (
    <dialog
      ref={ref}
      class={`dialog ${className ?? ''}`}
      data-testid={testId}
      aria-label={title}
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
