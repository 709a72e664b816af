import { useEffect, useRef, useState } from 'preact/hooks';
import type { ImageQuery } from '../../api/client';
import type { ImageState } from '../../api/types';
import { classes, drawingTask, words } from '../../state/project';
import { FLAG_NAMES, ORDERS, STATES } from './filters';

interface Props {
  query: ImageQuery;
  onChange: (query: ImageQuery) => void;
}

/** A pause in typing after which the list is asked for. */
const TYPING_MS = 250;

const FLAGS: [(typeof FLAG_NAMES)[number], string, string][] = [
  ['flagged', 'flagged', 'Marked for a second look'],
  ['duplicates', 'copies', 'Exact or near copies of an earlier image'],
  ['unusual', 'unusual', 'Like nothing labeled, or like what people could not read'],
  ['disagreement', 'disagreement', 'The expert and the model differ'],
];

export function FilterBar({ query, onChange }: Props) {
  return (
    <div class="filters" role="search" aria-label="Filters">
      <Search query={query} onChange={onChange} />
      <label>
        <span>State</span>
        <select
          data-testid="filter-state"
          value={query.state ?? ''}
          onChange={(event) => {
            const state = event.currentTarget.value as ImageState | '';
            onChange({ ...query, state: state === '' ? undefined : state });
          }}
        >
          <option value="">all</option>
          {STATES.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {drawingTask.value === null && (
        <label>
          <span>{words.value.One}</span>
          <select
            data-testid="filter-class"
            value={query.class === undefined ? '' : String(query.class)}
            onChange={(event) => {
              const { value } = event.currentTarget;
              onChange({ ...query, class: value === '' ? undefined : Number(value) });
            }}
          >
            <option value="">all</option>
            {classes.value.map(({ name }, index) => (
              <option key={name} value={String(index)}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <span>Order</span>
        <select
          data-testid="filter-order"
          value={query.order ?? 'id'}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange({ ...query, order: ORDERS.find(([name]) => name === value)?.[0] });
          }}
        >
          <option value="id">as imported</option>
          {ORDERS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <div class="filter-flags" role="group" aria-label="Only">
        {FLAGS.filter(([name]) => name !== 'disagreement' || drawingTask.value === null).map(
          ([name, text, title]) => (
            <label key={name} class="check" title={title}>
              <input
                type="checkbox"
                data-testid={`filter-${name}`}
                checked={query[name] === true}
                onChange={(event) => {
                  onChange({ ...query, [name]: event.currentTarget.checked || undefined });
                }}
              />
              <span>{text}</span>
            </label>
          ),
        )}
      </div>
    </div>
  );
}

function Search({ query, onChange }: Props) {
  const [text, setText] = useState(query.text ?? '');
  const timer = useRef(0);
  useEffect(() => {
    setText(query.text ?? '');
  }, [query.text]);
  return (
    <label class="filter-search">
      <span>File name</span>
      <input
        type="search"
        data-testid="filter-text"
        placeholder="part of the name"
        value={text}
        onInput={(event) => {
          const { value } = event.currentTarget;
          setText(value);
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(() => {
            onChange({ ...query, text: value === '' ? undefined : value });
          }, TYPING_MS);
        }}
      />
    </label>
  );
}
