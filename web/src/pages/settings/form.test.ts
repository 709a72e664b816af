import { describe, expect, it } from 'vitest';
import type { Settings } from '../../api/types';
import { wordsOf } from '../../words/labels';
import { namesProblem } from './class-names';
import { changes, problemsOf } from './form';

const SETTINGS: Settings = {
  name: 'Chest',
  schema: { task: 'classification', classes: [{ name: 'normal', color: '#56b4e9' }] },
  target_error: 0.05,
  budget_share: 0.15,
  batch_size: 50,
  strategy: 'auto',
  currency: 'EUR',
  cost: { money_per_hour: 100, seconds_per_label: 10, seconds_per_audit: 8 },
};

describe('settings form', () => {
  it('sends only what changed', () => {
    expect(changes(SETTINGS, { ...SETTINGS })).toEqual({});
    expect(changes(SETTINGS, { ...SETTINGS, batch_size: 20 })).toEqual({ batch_size: 20 });
    const schema = { ...SETTINGS.schema, task: 'findings' as const };
    expect(changes(SETTINGS, { ...SETTINGS, schema })).toEqual({ schema });
    const cost = { ...SETTINGS.cost, money_per_hour: 90 };
    expect(changes(SETTINGS, { ...SETTINGS, cost })).toEqual({ cost });
  });

  it('accepts good settings', () => {
    expect(problemsOf(SETTINGS)).toEqual([]);
  });

  it.each([
    [{ name: ' ' }, 'name'],
    [{ target_error: 0 }, 'accepted errors'],
    [{ target_error: NaN }, 'accepted errors'],
    [{ budget_share: 1.2 }, 'budget'],
    [{ batch_size: 2.5 }, 'batch'],
    [{ currency: 'EU' }, 'currency'],
    [{ cost: { ...SETTINGS.cost, seconds_per_label: 0 } }, 'seconds'],
    [{ schema: { task: 'classification' as const, classes: [{ name: '', color: '#000000' }] } }, 'no name'],
  ])('refuses %j', (part, words) => {
    expect(problemsOf({ ...SETTINGS, ...part }).join(' ')).toContain(words);
  });

  it('finds empty and repeated class names', () => {
    const words = wordsOf('classification');
    expect(namesProblem(['a', 'b'], words)).toBeNull();
    expect(namesProblem(['a', ' '], words)).toContain('Class number 2');
    expect(namesProblem(['a', 'a '], words)).toContain('twice');
    expect(namesProblem(['a', ' '], wordsOf('findings'))).toContain('Finding number 2');
  });
});
