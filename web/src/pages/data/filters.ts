/** Filters of the data list, kept in the address so that a view can be shared and gone back to. */
import type { ImageQuery } from '../../api/client';
import type { ImageOrder, ImageState } from '../../api/types';

export const STATES: [ImageState, string][] = [
  ['unlabeled', 'not labeled'],
  ['labeled', 'labeled'],
  ['auto_labeled', 'auto-labeled'],
  ['returned', 'returned'],
  ['unreadable', 'cannot be read'],
];

export const FLAG_NAMES = ['flagged', 'duplicates', 'unusual', 'disagreement'] as const;

/** Orders beside that of the import. */
export const ORDERS: [ImageOrder, string][] = [
  ['doubt', 'most doubtful first'],
  ['unusual', 'least usual first'],
];

/** The images that are worth a look before the program labels them. */
export const UNUSUAL_ADDRESS = '/data?state=unlabeled&unusual=true&order=unusual';

export function queryFromAddress(search: string): ImageQuery {
  const parameters = new URLSearchParams(search);
  const query: ImageQuery = {};
  const state = STATES.find(([name]) => name === parameters.get('state'))?.[0];
  if (state !== undefined) query.state = state;
  const wanted = parameters.get('class');
  if (wanted !== null && /^\d+$/.test(wanted)) query.class = Number(wanted);
  for (const flag of FLAG_NAMES) {
    if (parameters.get(flag) === 'true') query[flag] = true;
  }
  const text = parameters.get('text');
  if (text !== null && text !== '') query.text = text;
  const order = ORDERS.find(([name]) => name === parameters.get('order'))?.[0];
  if (order !== undefined) query.order = order;
  return query;
}

export function addressFromQuery(query: ImageQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== false && value !== '' && value !== 'id')
      parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '/data' : `/data?${text}`;
}
