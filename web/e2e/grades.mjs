/**
 * A small folder of pictures with a bright disc that is not there, small or large, and the table that says
 * which. The pictures are drawn here, so that the walk needs no data of anybody.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChest, random } from '../dev/phantom.mjs';
import { greyPng } from '../dev/png.mjs';

/** From the lowest to the highest, which is not the order of the alphabet. */
export const GRADES = ['none', 'mild', 'severe'];
const RADII = [0, 0.07, 0.2];
const SIDE_PX = 160;
const SHADOWS = 7;

/** Writes `count` pictures to `folder` and the table to `table`, outside the folder; returns its path. */
export async function writeGradesFolder(folder, count, table) {
  await mkdir(folder, { recursive: true });
  const lines = ['file,label'];
  for (let id = 0; id < count; id++) {
    const next = random(id + 301);
    const grade = Math.floor(next() * GRADES.length);
    const file = `chest-${String(id).padStart(4, '0')}.png`;
    await writeFile(join(folder, file), draw(id, RADII[grade], next));
    lines.push(`${file},${GRADES[grade]}`);
  }
  await writeFile(table, `${lines.join('\n')}\n`);
  return table;
}

function draw(id, radius, next) {
  const { width, height, samples, low, high } = drawChest(id, SIDE_PX);
  const grey = Float32Array.from(samples, (sample) => ((sample - low) / (high - low)) * 255);
  const add = (x, y, size, change, edge) => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const distance = Math.hypot(column / width - x, row / height - y) / size;
        grey[row * width + column] += change / (1 + Math.exp((distance - 1) * edge));
      }
    }
  };
  // Soft shadows of its own, or the program would take one drawn chest for a copy of another.
  for (let shadow = 0; shadow < SHADOWS; shadow++)
    add(next(), next(), 0.12 + 0.2 * next(), 130 * (next() - 0.5), 4);
  if (radius > 0) add(0.3 + 0.08 * next(), 0.4 + 0.08 * next(), radius * (0.9 + 0.2 * next()), 150, 12);
  return greyPng(width, height, Uint8ClampedArray.from(grey));
}
