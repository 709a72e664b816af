/** The card of all keys, shown by `?`. */
import { asksFindings, classes, words } from '../state/project';
import { Dialog } from './dialog';
import { KeyList, type KeyRows } from './key-list';
import { hasTenthDigit } from './keys';

const labelKeys = (one: string): KeyRows => [
  ['1 – 9, 0', `choose the ${one}, save, next image`],
  ['/', `find a ${one} by its name`],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
  ['Backspace', 'back to the image before; it can be changed'],
  ['Enter', 'leave an earlier answer as it is'],
];

const auditKeys = (one: string): KeyRows => [
  ['Enter', 'agree with the label'],
  ['1 – 9, 0', `correct it to this ${one}`],
  ['/', `find a ${one} by its name`],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
];

/** Keys of findings; the digit 0 clears the set unless it is the key of the tenth. */
function findingsKeys(screen: 'label' | 'audit', tenth: boolean): KeyRows {
  const clear: KeyRows = tenth ? [] : [['0', 'switch all findings off']];
  const enter = {
    label: 'save the findings that are on (none: no finding), next image',
    audit: 'agree with the label, or save it as you have corrected it',
  }[screen];
  const back = {
    label: 'undo what was switched; then back to the image before',
    audit: 'undo what was switched',
  }[screen];
  return [
    [tenth ? '1 – 9, 0' : '1 – 9', 'switch this finding on or off'],
    ...clear,
    ['Enter', enter],
    ['/', 'find a finding by its name'],
    ['U', 'this image cannot be read'],
    ['F', 'flag for a second look'],
    ['Backspace', back],
  ];
}

const VIEW_KEYS: KeyRows = [
  ['wheel, +, −', 'zoom'],
  ['drag, arrow keys', 'move the image; Space held moves in every mode'],
  ['right-drag, Shift + arrows', 'window: right for less contrast, down for darker'],
  ['I', 'invert'],
  ['R', 'whole image, original window'],
  ['H', 'hide everything but the image'],
];

const MORE_KEYS: KeyRows = [
  ['W', 'why this image was chosen'],
  ['G held', "peek at the model's opinion and where it looks, once you have answered"],
  ['?', 'this card'],
];

export function KeyCard({ screen, onClose }: { screen: 'label' | 'audit'; onClose: () => void }) {
  const rows = asksFindings.value
    ? findingsKeys(screen, hasTenthDigit(classes.value.length))
    : { label: labelKeys, audit: auditKeys }[screen](words.value.one);
  return (
    <Dialog title="Keys" onClose={onClose} testId="key-card" class="key-card">
      <div class="key-columns">
        <Keys title={screen === 'label' ? 'Label' : 'Check'} rows={rows} />
        <Keys title="Look" rows={VIEW_KEYS} />
        {screen === 'label' && <Keys title="Ask" rows={MORE_KEYS} />}
      </div>
    </Dialog>
  );
}

function Keys({ title, rows }: { title: string; rows: KeyRows }) {
  return (
    <section>
      <h3>{title}</h3>
      <KeyList rows={rows} />
    </section>
  );
}
