/**
 * A small folder of pictures with a bright disc that is not there, small or large, and the table that says
 * which.
 */
import { writeChests } from './drawn-chests.mjs';

/** From the lowest to the highest, which is not the order of the alphabet. */
export const GRADES = ['none', 'mild', 'severe'];
const RADII = [0, 0.07, 0.2];

/** Writes `count` pictures to `folder` and the table to `table`, outside the folder; returns its path. */
export function writeGradesFolder(folder, count, table) {
  const kindOf = (next) => {
    const grade = Math.floor(next() * GRADES.length);
    const disc = () => ({
      x: 0.3 + 0.08 * next(),
      y: 0.4 + 0.08 * next(),
      radius: RADII[grade] * (0.9 + 0.2 * next()),
      grey: 150,
    });
    return { label: GRADES[grade], discs: () => (grade > 0 ? [disc()] : []) };
  };
  return writeChests(folder, count, table, { seed: 301, edge: 12, kindOf });
}
