/**
 * Rename, colour, add and order classes or findings. A label refers to them by position, so the order
 * is fixed, and none can be removed, once there are labels.
 */
import type { ClassDefinition } from '../../api/types';
import { digitOfClass } from '../../parts/keys';
import type { Words } from '../../words/labels';
import { nextColor } from './class-names';

interface Props {
  classes: ClassDefinition[];
  words: Words;
  /** How many of them are saved already. */
  saved: number;
  orderFixed: boolean;
  onChange: (classes: ClassDefinition[]) => void;
}

export function ClassEditor({ classes, words, saved, orderFixed, onChange }: Props) {
  const replace = (index: number, part: Partial<ClassDefinition>): void => {
    onChange(classes.map((definition, i) => (i === index ? { ...definition, ...part } : definition)));
  };
  const swap = (index: number, other: number): void => {
    onChange(
      classes.map((definition, i) => {
        const source = i === index ? other : i === other ? index : i;
        return classes[source] ?? definition;
      }),
    );
  };
  const movable = (index: number): boolean => !orderFixed || index >= saved;

  return (
    <>
      <ol class="class-editor" data-testid="class-editor">
        {classes.map((definition, index) => (
          <li key={index}>
            <kbd>{digitOfClass(index) ?? ''}</kbd>
            <input
              type="color"
              aria-label={`Colour of ${words.one} ${String(index + 1)}`}
              value={definition.color}
              onInput={(event) => {
                replace(index, { color: event.currentTarget.value });
              }}
            />
            <input
              type="text"
              aria-label={`Name of ${words.one} ${String(index + 1)}`}
              data-testid={`class-name-${String(index)}`}
              value={definition.name}
              onInput={(event) => {
                replace(index, { name: event.currentTarget.value });
              }}
            />
            <button
              type="button"
              class="plain"
              aria-label={`Move ${definition.name} up`}
              disabled={index === 0 || !movable(index) || !movable(index - 1)}
              onClick={() => {
                swap(index, index - 1);
              }}
            >
              ↑
            </button>
            <button
              type="button"
              class="plain"
              aria-label={`Move ${definition.name} down`}
              disabled={index === classes.length - 1 || !movable(index) || !movable(index + 1)}
              onClick={() => {
                swap(index, index + 1);
              }}
            >
              ↓
            </button>
            <button
              type="button"
              class="plain"
              aria-label={`Remove ${definition.name}`}
              disabled={!movable(index)}
              onClick={() => {
                onChange(classes.filter((_, i) => i !== index));
              }}
            >
              ×
            </button>
          </li>
        ))}
      </ol>
      <p class="form-line">
        <button
          type="button"
          data-testid="add-class"
          onClick={() => {
            onChange([...classes, { name: '', color: nextColor(classes.length) }]);
          }}
        >
          Add a {words.one}
        </button>
        {orderFixed && (
          <span class="quiet">
            Names and colours can change; the order is fixed now that there are labels.
          </span>
        )}
      </p>
    </>
  );
}
