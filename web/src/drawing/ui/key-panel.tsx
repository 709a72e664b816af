/** The keys of drawing: which there are, profiles, and giving an action another key. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { KeyList, type KeyRows } from '../../parts/key-list';
import {
  ACTION_WORDS,
  ACTIONS,
  keyInWords,
  keysOf,
  nameOfKey,
  PROFILES,
  rebound,
  type Action,
  type KeyChoice,
  type ProfileName,
} from './key-map';

interface Props {
  choice: KeyChoice;
  /** What keys do on the page that the drawing is part of. */
  pageKeys: KeyRows;
  onChoose: (choice: KeyChoice) => void;
  onClose: () => void;
}

/** Keys that cannot be given away, because they belong to the cursor or to the whole page. */
const FIXED: KeyRows = [
  ['1 – 9, 0', 'class of the next shape, or of the selected ones'],
  ['arrows', 'move the cursor or the selected shape by a pixel; with Shift by ten'],
  ['Ctrl + arrows', 'move the cursor far, or the right and lower side of a box'],
  ['Space, Enter', 'at the cursor: put a corner, begin or end a drag'],
  ['Enter', 'close the polygon, take the region'],
  ['Shift + wheel', 'size of the brush'],
  ['Space held', 'the left button moves the image'],
];

export function DrawingKeyPanel({ choice, pageKeys, onChoose, onClose }: Props) {
  const [asking, setAsking] = useState<Action | null>(null);
  const keys = keysOf(choice);
  return (
    <Dialog title="Keys for drawing" onClose={onClose} testId="drawing-keys" class="key-card">
      <p class="drawing-profile">
        <label>
          <span>Profile</span>{' '}
          <select
            data-testid="key-profile"
            value={choice.profile}
            onChange={(event) => {
              onChoose({ profile: event.currentTarget.value as ProfileName, changes: {} });
            }}
          >
            {Object.keys(PROFILES).map((name) => (
              <option key={name} value={name}>
                {name === 'default' ? 'AutoLabel' : name}
              </option>
            ))}
          </select>
        </label>
        <span class="quiet">
          A key that is pressed after a click on its line takes the place of the old one.
        </span>
      </p>
      <div class="key-columns">
        {pageKeys.length > 0 && <KeyList rows={pageKeys} />}
        <KeyList rows={FIXED} />
        <ul class="keys drawing-key-list">
          {ACTIONS.map((action) => (
            <li key={action}>
              <button
                type="button"
                class="plain drawing-key"
                data-testid={`key-${action}`}
                onClick={() => {
                  setAsking(action);
                }}
                onBlur={() => {
                  setAsking(null);
                }}
                onKeyDown={(event) => {
                  if (asking !== action) return;
                  event.stopPropagation();
                  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
                  event.preventDefault();
                  setAsking(null);
                  if (event.key !== 'Escape') onChoose(rebound(choice, action, nameOfKey(event)));
                }}
              >
                <kbd>{asking === action ? '…' : (keys[action].map(keyInWords)[0] ?? '–')}</kbd>
                <span>{ACTION_WORDS[action]}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
