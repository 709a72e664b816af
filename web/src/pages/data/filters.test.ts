import { expect, it } from 'vitest';
import { UNUSUAL_ADDRESS, addressFromQuery, queryFromAddress } from './filters';

it('keeps filters in the address and reads them back', () => {
  const query = { state: 'returned', class: 0, flagged: true, text: 'a&b', order: 'doubt' } as const;
  const address = addressFromQuery(query);
  expect(address).toBe('/data?state=returned&class=0&flagged=true&text=a%26b&order=doubt');
  expect(queryFromAddress(address.slice('/data'.length))).toEqual(query);
});

it('ignores what it does not know', () => {
  expect(queryFromAddress('?state=lost&class=x&order=size&flagged=1')).toEqual({});
  expect(addressFromQuery({})).toBe('/data');
});

it('leads to the unusual images', () => {
  const query = queryFromAddress(UNUSUAL_ADDRESS.slice('/data'.length));
  expect(query).toEqual({ state: 'unlabeled', unusual: true, order: 'unusual' });
  expect(addressFromQuery(query)).toBe(UNUSUAL_ADDRESS);
});
