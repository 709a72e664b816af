import { describe, expect, it } from 'vitest';
import {
  actionOf,
  ACTIONS,
  keysOf,
  nameOfKey,
  PROFILES,
  readKeyChoice,
  rebound,
  type ProfileName,
} from './key-map';

/** Keys of the label page, which drawing must leave alone: Tab, Enter and Backspace are shared on purpose. */
const OF_THE_PAGE = ['u', 'f', 'w', 'g', 'i', 'r', 'h', '?', '/', '+', '-', '=', 'space'];

const press = (key: string, more: Partial<KeyboardEvent> = {}): string =>
  nameOfKey({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

describe('keys of drawing', () => {
  it('do one thing each, in every profile, and nothing of the page', () => {
    for (const profile of Object.keys(PROFILES) as ProfileName[]) {
      const keys = keysOf({ profile, changes: {} });
      const all = ACTIONS.flatMap((action) => keys[action]);
      expect(
        all.filter((key, i) => all.indexOf(key) !== i),
        profile,
      ).toEqual([]);
      expect(
        all.filter((key) => OF_THE_PAGE.includes(key) || /^\d$/.test(key)),
        profile,
      ).toEqual([]);
    }
  });

  it('are named by what is on them, and by their place where signs differ', () => {
    expect(press('B')).toBe('b');
    expect(press('Z', { ctrlKey: true, shiftKey: true })).toBe('ctrl+shift+z');
    expect(press('z', { metaKey: true })).toBe('ctrl+z');
    expect(press('>', { shiftKey: true })).toBe('>');
    expect(press('Tab', { shiftKey: true })).toBe('shift+tab');
    expect(press('ü', { code: 'BracketLeft' })).toBe('[');
  });

  it('can be given away; the old owner loses them', () => {
    const choice = rebound({ profile: 'default', changes: {} }, 'brush', 'e');
    const keys = keysOf(choice);
    expect(actionOf(keys, 'e')).toBe('brush');
    expect(actionOf(keys, 'b')).toBeNull();
    expect(keys.eraser).toEqual([]);
  });

  it('are read back, damaged ones as the usual ones', () => {
    expect(readKeyChoice({ getItem: () => '{"profile":"CVAT"}' })).toEqual({ profile: 'CVAT', changes: {} });
    for (const text of [null, '{', '{"profile":"vi"}']) {
      expect(readKeyChoice({ getItem: () => text }).profile).toBe('default');
    }
  });
});
