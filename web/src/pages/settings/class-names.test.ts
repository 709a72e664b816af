import { describe, expect, it } from 'vitest';
import { gradeColor } from './class-names';

describe('colours of grades', () => {
  it('are those of the program', () => {
    expect([0, 1].map((grade) => gradeColor(grade, 2))).toEqual(['#5b6fc9', '#fbe74a']);
    expect(gradeColor(1, 3)).toBe('#3fb99b');
    expect(gradeColor(1, 4)).toBe('#3fa2b5');
    expect(gradeColor(0, 1)).toBe('#5b6fc9');
    expect(gradeColor(9, 3)).toBe('#fbe74a');
  });
});
