/** Pieces of the walks through projects that are drawn: where pixels lie, and what an export holds. */
import assert from 'node:assert/strict';
import { shownImage } from './labeling.mjs';
import { getJson, sendJson } from './program.mjs';
import { writeChests } from './drawn-chests.mjs';

/** Writes chests with one or two bright discs; the table beside them is not needed. */
export function writeDiscs(folder, count, table) {
  const kindOf = (next) => {
    const disc = (x) => ({ x: x + 0.1 * next(), y: 0.3 + 0.3 * next(), radius: 0.08, grey: 130 });
    return { label: 'disc', discs: () => (next() < 0.5 ? [disc(0.25)] : [disc(0.2), disc(0.6)]) };
  };
  return writeChests(folder, count, table, { seed: 501, edge: 14, kindOf });
}

/** The image on the screen, once its drawing can be changed. */
export async function openImage(page, other = null) {
  const image = await shownImage(page, other);
  await page.locator('[data-testid=drawing][data-locked=false]').waitFor();
  return image;
}

/** Width and height of the picture on the screen; `page.origin` is where the program listens. */
export async function pictureSize(page) {
  const image = await page.locator('[data-testid=viewer]').getAttribute('data-image');
  const { width, height } = await getJson(page.origin, `/images/${image}`);
  return { width, height };
}

/** Where pixels of the picture lie on the screen; the picture is shown whole. */
export async function places(page) {
  const { width, height } = await pictureSize(page);
  const box = await page.locator('.viewer-host').boundingBox();
  const scale = Math.min(box.width / width, box.height / height);
  return (x, y) => [
    box.x + box.width / 2 + (x - width / 2) * scale,
    box.y + box.height / 2 + (y - height / 2) * scale,
  ];
}

export async function drag(page, points, steps = 8) {
  const at = await places(page);
  await page.mouse.move(...at(...points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(...point), { steps });
  await page.mouse.up();
}

export async function presses(page, key, count) {
  for (let i = 0; i < count; i++) await page.keyboard.press(key);
}

/** Waits until the list names so many shapes. */
export async function shapesShown(page, count) {
  await page.waitForFunction(
    (wanted) => parseInt(document.querySelector('[data-testid=shape-count]')?.textContent ?? '', 10) === wanted,
    count,
  );
}

/** The answer of an image with what was drawn, from the server. */
export async function answered(origin, image) {
  const { answer } = await getJson(origin, `/images/${image}`);
  return answer?.kind === 'drawn' ? { answer, ...(await getJson(origin, `/drawings/${answer.drawing}`)) } : { answer };
}

/** Saves a drawing without the browser; returns its number. */
export async function saveDrawing(origin, image, shapes) {
  const response = await sendJson(origin, `/images/${image}/drawings`, 'POST', { shapes });
  assert.equal(response.status, 200);
  return (await response.json()).id;
}

/** Annotations of an image in the COCO export, in its order; masks as rows of pixels. */
export async function exported(origin, image) {
  const response = await fetch(`${origin}/api/v1/export?format=coco`);
  assert.equal(response.status, 200);
  const { annotations, images } = await response.json();
  const { width, height } = images.find(({ id }) => id === image);
  return annotations
    .filter((annotation) => annotation.image_id === image)
    .map(({ bbox, area, category_id, segmentation }) => ({
      class: category_id - 1,
      bbox,
      area,
      pixels: segmentation?.counts === undefined ? null : decode(segmentation, width, height),
    }));
}

/** Reads a mask as pycocotools does: runs down the columns, outside and inside by turns (maskApi.c). */
export function decode({ counts, size: [rows, columns] }, width, height) {
  assert.deepEqual([columns, rows], [width, height]);
  const runs = typeof counts === 'string' ? runsOf(counts) : counts;
  const pixels = new Uint8Array(width * height);
  let place = 0;
  runs.forEach((run, i) => {
    for (let k = 0; k < run; k++, place++) {
      if (i % 2 === 1) pixels[(place % height) * width + Math.floor(place / height)] = 1;
    }
  });
  assert.equal(place, width * height);
  return pixels;
}

function runsOf(text) {
  const runs = [];
  for (let i = 0; i < text.length; ) {
    let [run, shift, more] = [0, 0, true];
    while (more) {
      const bits = text.charCodeAt(i++) - 48;
      run |= (bits & 31) << shift;
      shift += 5;
      more = (bits & 32) !== 0;
      if (!more && (bits & 16) !== 0) run |= -1 << shift;
    }
    runs.push(runs.length > 2 ? run + runs[runs.length - 2] : run);
  }
  return runs;
}

/** Pixels whose centre is within `radius` of the way between two places: what a round brush paints. */
export function brushed({ width, height }, [x0, y0], [x1, y1], radius) {
  const pixels = new Uint8Array(width * height);
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = [column + 0.5, row + 0.5];
      const along = length === 0 ? 0 : ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length;
      const t = Math.min(Math.max(along, 0), 1);
      if (Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) <= radius) pixels[row * width + column] = 1;
    }
  }
  return pixels;
}

export const sum = (pixels) => pixels.reduce((total, pixel) => total + pixel, 0);

/** How many pixels two masks differ in. */
export const differing = (a, b) => a.reduce((total, pixel, i) => total + (pixel === b[i] ? 0 : 1), 0);
