/** The message at the top of a screen, until it is read. */
import { banner, dismissBanner, spoken } from '../state/notices';
import { keepFocus } from './keys';

export function Banners() {
  const message = banner.value;
  return (
    <>
      <p class="visually-hidden" role="status" aria-live="polite" data-testid="spoken">
        {spoken.value}
      </p>
      {message !== null && (
        <div
          class={`banner banner-${message.kind}`}
          role={message.kind === 'problem' ? 'alert' : 'status'}
          data-testid="banner"
        >
          <p>{message.text}</p>
          <button type="button" onMouseDown={keepFocus} onClick={dismissBanner}>
            Understood
          </button>
        </div>
      )}
    </>
  );
}
