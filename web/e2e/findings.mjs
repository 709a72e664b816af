/**
 * A small folder of pictures that show any number of findings, a table that says which, and a reader
 * who knows it. The pictures are drawn here, so that the walk needs no data of anybody.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChest, random } from '../dev/phantom.mjs';
import { greyPng } from '../dev/png.mjs';
import { getJson, readTruth } from './program.mjs';

export const FINDINGS = ['effusion', 'nodule', 'pneumothorax'];
const NO_FINDING = 'no finding';
const SIDE_PX = 160;
const SHADOWS = 7;

/** Where each finding lies, in shares of the picture, how large, and how bright or dark. */
const MARKS = {
  effusion: { x: 0.27, y: 0.72, radius: 0.15, grey: 120 },
  nodule: { x: 0.7, y: 0.35, radius: 0.07, grey: 150 },
  pneumothorax: { x: 0.28, y: 0.32, radius: 0.12, grey: -130 },
};

/** Writes `count` pictures to `folder` and the table beside them; returns the path of the table. */
export async function writeFindingsFolder(folder, count, table) {
  await mkdir(folder, { recursive: true });
  const lines = ['file,label'];
  for (let id = 0; id < count; id++) {
    const next = random(id + 101);
    const present = FINDINGS.filter(() => next() < 0.32);
    const file = `chest-${String(id).padStart(4, '0')}.png`;
    await writeFile(join(folder, file), draw(id, present, next));
    lines.push(`${file},${present.join('|') || NO_FINDING}`);
  }
  await writeFile(table, `${lines.join('\n')}\n`);
  return table;
}

function draw(id, present, next) {
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
  for (const name of present) {
    const mark = MARKS[name];
    const [x, y] = [mark.x + 0.06 * (next() - 0.5), mark.y + 0.06 * (next() - 0.5)];
    add({ ...mark, x, y, radius: mark.radius * (0.85 + 0.3 * next()) }, 9);
  }
  return greyPng(width, height, Uint8ClampedArray.from(grey));
}

/** Knows which findings an image shows, as positions in the project's schema. */
export async function createFindingsExpert(origin, table) {
  const { settings } = await getJson(origin, '/project');
  const names = settings.schema.classes.map((definition) => definition.name);
  const truth = await readTruth(table);
  const findingsOf = async (image) => {
    const { file } = await getJson(origin, `/images/${image}`);
    const label = truth.get(file);
    assert.notEqual(label, undefined, `${file} is not in the table`);
    const wanted = label === NO_FINDING ? [] : label.split('|');
    return names.flatMap((name, index) => (wanted.includes(name) ? [index] : []));
  };
  return {
    names,
    findingsOf,
    /** A set as the screens write it. */
    inWords: (present) => present.map((index) => names[index]).join(', ') || 'No finding',
  };
}

/** Which findings are switched on, on the screen. */
export function switchedOn(page) {
  return page
    .locator('.choice')
    .evaluateAll((all) =>
      all.flatMap((choice, index) => (choice.getAttribute('aria-pressed') === 'true' ? [index] : [])),
    );
}

/** Presses the digits that lead from one set to the other. */
export async function switchByKey(page, from, to) {
  const differing = [...from, ...to].filter((index) => from.includes(index) !== to.includes(index));
  // From the last to the first: the order of the keys must not matter.
  for (const index of differing.sort((a, b) => b - a))
    await page.keyboard.press(String(index + 1));
}
