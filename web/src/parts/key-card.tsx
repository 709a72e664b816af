/** The card of all keys, shown by `?`. */
import { Dialog } from './dialog';

const LABEL_KEYS: [string, string][] = [
  ['1 – 9, 0', 'choose the class, save, next image'],
  ['/', 'find a class by its name'],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
  ['Backspace', 'back to the image before; it can be changed'],
  ['Enter', 'leave an earlier answer as it is'],
];

const AUDIT_KEYS: [string, string][] = [
  ['Enter', 'agree with the label'],
  ['1 – 9, 0', 'correct it to this class'],
  ['/', 'find a class by its name'],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
];

const VIEW_KEYS: [string, string][] = [
  ['wheel, +, −', 'zoom'],
  ['drag, arrow keys', 'move the image; Space held moves in every mode'],
  ['right-drag, Shift + arrows', 'window: right for less contrast, down for darker'],
  ['I', 'invert'],
  ['R', 'whole image, original window'],
  ['H', 'hide everything but the image'],
];

const MORE_KEYS: [string, string][] = [
  ['W', 'why this image was chosen'],
  ['G held', "peek at the model's opinion and where it looks, once you have answered"],
  ['?', 'this card'],
];

export function KeyCard({ screen, onClose }: { screen: 'label' | 'audit'; onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} testId="key-card" class="key-card">
      <div class="key-columns">
        <Keys
          title={screen === 'label' ? 'Label' : 'Check'}
          rows={screen === 'label' ? LABEL_KEYS : AUDIT_KEYS}
        />
        <Keys title="Look" rows={VIEW_KEYS} />
        {screen === 'label' && <Keys title="Ask" rows={MORE_KEYS} />}
      </div>
    </Dialog>
  );
}

function Keys({ title, rows }: { title: string; rows: [string, string][] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {rows.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
