/**
 * A small folder of pictures that show any number of findings, a table that says which, and a reader
 * who knows it.
 */
import assert from 'node:assert/strict';
import { writeChests } from './drawn-chests.mjs';
import { getJson, readTruth } from './program.mjs';

export const FINDINGS = ['effusion', 'nodule', 'pneumothorax'];
const NO_FINDING = 'no finding';

/** Where each finding lies, in shares of the picture, how large, and how bright or dark. */
const MARKS = {
  effusion: { x: 0.27, y: 0.72, radius: 0.15, grey: 120 },
  nodule: { x: 0.7, y: 0.35, radius: 0.07, grey: 150 },
  pneumothorax: { x: 0.28, y: 0.32, radius: 0.12, grey: -130 },
};

/** Writes `count` pictures to `folder` and the table beside them; returns the path of the table. */
export function writeFindingsFolder(folder, count, table) {
  const disc = (name, next) => {
    const mark = MARKS[name];
    const [x, y] = [mark.x + 0.06 * (next() - 0.5), mark.y + 0.06 * (next() - 0.5)];
    return { ...mark, x, y, radius: mark.radius * (0.85 + 0.3 * next()) };
  };
  const kindOf = (next) => {
    const present = FINDINGS.filter(() => next() < 0.32);
    return {
      label: present.join('|') || NO_FINDING,
      discs: () => present.map((name) => disc(name, next)),
    };
  };
  return writeChests(folder, count, table, { seed: 101, edge: 9, kindOf });
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
