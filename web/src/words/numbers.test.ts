import { expect, it } from 'vitest';
import { count, estimate, goal, hours, minutesLeft, money, percent, plural, timeLeft } from './numbers';

const plain = (text: string): string => text.replace(/\u00a0/g, ' ');

it('writes shares, and rounds none that is not quite 0 or 1 to it', () => {
  expect(plain(percent(0.0721))).toBe('7.2 %');
  expect(plain(percent(0))).toBe('0.0 %');
  expect(plain(percent(1))).toBe('100.0 %');
  expect(plain(percent(0.00001))).toBe('0.1 %');
  expect(plain(percent(0.99999))).toBe('99.9 %');
  expect(plain(percent(0.5, 0))).toBe('50 %');
  expect(plain(estimate(0.913, 0.89, 0.932))).toBe('91.3 % (89.0 to 93.2)');
});

it('writes goals as they were chosen', () => {
  expect([0.05, 0.025, 0.95, 1 - 0.05].map((share) => plain(goal(share)))).toEqual([
    '5 %',
    '2.5 %',
    '95 %',
    '95 %',
  ]);
});

it('writes times', () => {
  expect([0, 0.001, 0.4, 2.13, 277].map((value) => plain(hours(value)))).toEqual([
    '0 min',
    'under 1 min',
    '24 min',
    '2.1 h',
    '277 h',
  ]);
  expect(plain(hours(-0.5))).toBe('−30 min');
  expect([0.2, 40, 400, 9000].map((value) => plain(timeLeft(value)))).toEqual([
    '1 s',
    '40 s',
    '7 min',
    '2.5 h',
  ]);
  expect([0, 0.4, 6.2].map((value) => plain(minutesLeft(value)))).toEqual([
    'done',
    'under a minute left',
    'about 6 min left',
  ]);
});

it('writes counts and money', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect(plain(plural(1, 'copy', 'copies'))).toBe('1 copy');
  expect(plain(plural(2, 'copy', 'copies'))).toBe('2 copies');
  expect(money(2322, 'EUR')).toBe('€2,322');
  expect(money(1.5, 'USD')).toBe('$1.50');
  expect(plain(money(12, 'nonsense'))).toBe('12 nonsense');
});
