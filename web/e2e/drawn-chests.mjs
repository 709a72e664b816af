/** Folders of drawn chests with discs on them, so that the walks need no data of anybody. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChest, random } from '../dev/phantom.mjs';
import { greyPng } from '../dev/png.mjs';

const SIDE_PX = 160;
const SHADOWS = 7;

/**
 * Writes `count` pictures to `folder` and the table of their labels to `table`; returns its path.
 * `kindOf(next)` draws what a picture shows from its random numbers: its label and a function that
 * returns the discs, `{ x, y, radius, grey }` in shares of the picture and grey levels. The larger
 * `edge`, the sharper they are. `chest` draws all of them on the same one.
 */
export async function writeChests(folder, count, table, { seed, edge, kindOf, chest = null }) {
  await mkdir(folder, { recursive: true });
  const lines = ['file,label'];
  for (let id = 0; id < count; id++) {
    const next = random(id + seed);
    const { label, discs } = kindOf(next);
    const file = `chest-${String(id).padStart(4, '0')}.png`;
    await writeFile(join(folder, file), draw(chest ?? id, discs, edge, next));
    lines.push(`${file},${label}`);
  }
  await writeFile(table, `${lines.join('\n')}\n`);
  return table;
}

function draw(id, discs, discEdge, next) {
  const { width, height, samples, low, high } = drawChest(id, SIDE_PX);
  const grey = Float32Array.from(samples, (sample) => ((sample - low) / (high - low)) * 255);
  const add = ({ x, y, radius, grey: change }, edge) => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const distance = Math.hypot(column / width - x, row / height - y) / radius;
        grey[row * width + column] += change / (1 + Math.exp((distance - 1) * edge));
      }
    }
  };
  // Soft shadows of its own, or the program would take one drawn chest for a copy of another.
  for (let shadow = 0; shadow < SHADOWS; shadow++)
    add({ x: next(), y: next(), radius: 0.12 + 0.2 * next(), grey: 130 * (next() - 0.5) }, 4);
  for (const disc of discs()) add(disc, discEdge);
  return greyPng(width, height, Uint8ClampedArray.from(grey));
}
