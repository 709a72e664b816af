import { describe, expect, it } from 'vitest';
import { matchClasses } from './class-palette';
import { classOfDigit, digitOfClass, hasTenthDigit } from './keys';

describe('digits', () => {
  it('stands for the class at its place, on every keyboard', () => {
    expect(classOfDigit({ code: 'Digit1', key: '1' })).toBe(0);
    expect(classOfDigit({ code: 'Digit1', key: '&' })).toBe(0);
    expect(classOfDigit({ code: 'Numpad9', key: '9' })).toBe(8);
    expect(classOfDigit({ code: 'Digit0', key: '0' })).toBe(9);
    expect(classOfDigit({ code: '', key: '3' })).toBe(2);
    expect(classOfDigit({ code: 'KeyU', key: 'u' })).toBeNull();
  });

  it('agrees with the digit that is shown', () => {
    for (let index = 0; index < 10; index++) {
      const digit = digitOfClass(index) ?? '';
      expect(classOfDigit({ code: `Digit${digit}`, key: digit })).toBe(index);
    }
    expect(digitOfClass(10)).toBeNull();
  });

  it('leaves 0 free until a tenth class needs it', () => {
    expect(hasTenthDigit(9)).toBe(false);
    expect(hasTenthDigit(10)).toBe(true);
  });
});

it('finds classes by part of their name, beginnings first', () => {
  const classes = ['viral pneumonia', 'normal', 'pneumothorax'].map((name) => ({ name, color: '#000000' }));
  expect(matchClasses(classes, 'PNEU').map((match) => match.index)).toEqual([2, 0]);
  expect(matchClasses(classes, '')).toHaveLength(3);
  expect(matchClasses(classes, 'fracture')).toEqual([]);
});
