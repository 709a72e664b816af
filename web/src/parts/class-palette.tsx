/** Finds a class or finding by typing part of its name; for projects with more of them than digits. */
import { useState } from 'preact/hooks';
import type { ClassDefinition } from '../api/types';
import type { Words } from '../words/labels';
import { Dialog } from './dialog';
import { digitOfClass } from './keys';
import { Swatch } from './swatch';

interface Props {
  classes: ClassDefinition[];
  words: Words;
  /** Findings that are on; choosing one of them switches it off. */
  present?: readonly number[];
  onChoose: (index: number) => void;
  onClose: () => void;
}

export interface Match {
  index: number;
  name: string;
  color: string;
}

/** Classes whose name contains the text, those that begin with it first. */
export function matchClasses(classes: readonly ClassDefinition[], text: string): Match[] {
  const wanted = text.trim().toLowerCase();
  return classes
    .map(({ name, color }, index) => ({ index, name, color, at: name.toLowerCase().indexOf(wanted) }))
    .filter((match) => match.at >= 0)
    .sort((a, b) => Math.min(a.at, 1) - Math.min(b.at, 1) || a.index - b.index)
    .map(({ index, name, color }) => ({ index, name, color }));
}

export function ClassPalette({ classes, words, present, onChoose, onClose }: Props) {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const matches = matchClasses(classes, text);
  const chosen = matches[Math.min(active, matches.length - 1)];

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, matches.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else if (event.key === 'Enter' && chosen !== undefined) onChoose(chosen.index);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={`Find a ${words.one}`} onClose={onClose} testId="class-palette" class="palette">
      <input
        type="text"
        role="combobox"
        aria-label={`Name of the ${words.one}`}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={chosen === undefined ? undefined : `palette-${String(chosen.index)}`}
        autocomplete="off"
        autofocus
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label={words.Many}>
        {matches.map((match) => (
          <li
            key={match.index}
            id={`palette-${String(match.index)}`}
            role="option"
            aria-selected={match === chosen}
            onClick={() => {
              onChoose(match.index);
            }}
          >
            <Swatch color={match.color} />
            <span>
              {match.name}
              {present?.includes(match.index) === true && <span class="quiet"> (on)</span>}
            </span>
            <kbd>{digitOfClass(match.index) ?? ''}</kbd>
          </li>
        ))}
      </ul>
      {matches.length === 0 && <p class="quiet">No {words.one} has this in its name.</p>}
    </Dialog>
  );
}
