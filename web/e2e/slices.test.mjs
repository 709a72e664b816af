/**
 * Slices of a series in a real browser: what lies between two drawn slices is proposed, by keys and by mouse,
 * and comes back out of the export.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { assertNoComplaints, launchBrowser, openPage, review } from './browser.mjs';
import { writeChests } from './drawn-chests.mjs';
import { allSaved } from './labeling.mjs';
import { freePort, getJson, imported, scratchFolder, sendJson, startProgram } from './program.mjs';
import { answered, differing, exported, openImage, saveDrawing, shapesShown, sum } from './shapes.mjs';
import { steps } from './steps.mjs';

/** Positions of the slices in millimetres; the last picture of the folder is of no series. */
const POSITIONS = [0, 5, 10, 15, 20, 25];
const DRAWN = [0, 20];

/** The disc on a slice, in shares of the picture: it moves and grows along the series. */
const discAt = (position) => ({ x: 0.35 + 0.012 * position, y: 0.5, radius: 0.08 + 0.003 * position });

async function writeSeries(folder, table) {
  let id = 0;
  const kindOf = () => {
    const position = POSITIONS[id++] ?? 0;
    return { label: '', discs: () => [{ ...discAt(position), grey: 130 }] };
  };
  await writeChests(folder, POSITIONS.length + 1, table, { seed: 77, edge: 14, kindOf, chest: 3 });
  const line = (_, i) => `chest-${String(i).padStart(4, '0')}.png,t1,${POSITIONS[i]}`;
  await writeFile(table, `file,series,slice\n${POSITIONS.map(line).join('\n')}\n`);
}

/** The disc as somebody would outline it. */
function outline({ x, y, radius }, { width, height }) {
  const corners = Array.from({ length: 48 }, (_, i) => {
    const angle = (i / 48) * 2 * Math.PI;
    return [(x + radius * Math.cos(angle)) * width, (y + radius * Math.sin(angle)) * height];
  });
  return { class: 0, geometry: { type: 'polygon', outer: corners, holes: [] } };
}

function pixelsOf({ x, y, radius }, { width, height }) {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [column, row] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    return Math.hypot(column / width - x, row / height - y) <= radius ? 1 : 0;
  });
}

test('what lies between drawn slices is proposed', { timeout: 5 * 60_000 }, async (t) => {
  const scratch = await scratchFolder(t);
  const [folder, table] = [join(scratch, 'images'), join(scratch, 'slices.csv')];
  await writeSeries(folder, table);
  const browser = await launchBrowser(t);
  const port = await freePort();
  const open = ['open', folder, '--masks', 'lesion', '--csv', table];
  const program = await startProgram(t, [...open, '--no-browser', '--listen', `127.0.0.1:${port}`], port);
  const { origin } = program;
  await imported(origin, POSITIONS.length + 1);
  const { images } = await getJson(origin, '/images?limit=100');
  for (const image of images.filter(({ slice }) => DRAWN.includes(slice?.position))) {
    const drawing = await saveDrawing(origin, image.id, [outline(discAt(image.slice.position), image)]);
    const answer = { kind: 'drawn', drawing };
    const key = { seconds: 60, idempotency_key: `slice-${image.id}` };
    const response = await sendJson(origin, '/annotations', 'POST', { image: image.id, answer, ...key });
    assert.equal(response.status, 200);
  }
  const page = await openPage(browser, origin);
  page.origin = origin;
  await page.goto(`${origin}/label`);
  const step = steps(t, page, 'slices-failure');
  const key = (name) => page.keyboard.press(name);
  const save = async (image) => {
    await key('Enter');
    await page.getByText('Save 1 shape').waitFor();
    await key('Enter');
    await allSaved(page);
    const { shapes } = await answered(origin, image);
    assert.equal(shapes.length, 1);
  };

  await step('every slice is an image of its own, in its place', () => {
    assert.deepEqual(images.filter((image) => image.duplicate_of !== null), []); // prettier-ignore
    const found = images.flatMap(({ slice }) => (slice === null ? [] : [slice.position]));
    assert.deepEqual(found, POSITIONS);
  });

  let before = null;
  let byMouse = false;
  for (let left = POSITIONS.length + 1 - DRAWN.length; left > 0; left--) {
    const image = await openImage(page, before);
    before = image;
    const own = images.find(({ id }) => id === image);
    if (own.slice === null) {
      await step('a picture of no series has nothing around it', async () => {
        await key('Shift+N');
        await page.getByText('This image is no slice of a series').waitFor();
        assert.equal(await page.locator('[data-testid=neighbours]').count(), 0);
        await key('0');
        await allSaved(page);
      });
      continue;
    }
    const { position } = own.slice;
    await step(`slice ${position}`, async () => {
      await shapesShown(page, 0);
      if (byMouse) await page.locator('[data-testid=neighbours]').click();
      else await key('Shift+N');
      await shapesShown(page, 1);
      const words = position > 20 ? 'Copied from slice 20. Enter accepts.' : /Between slices \d+ and \d+\./;
      await page.getByText(words).waitFor();
      if (!byMouse) {
        await review(page, 'slices-between');
        await key('Control+z');
        await shapesShown(page, 0);
        await key('Control+y');
        await shapesShown(page, 1);
      }
      byMouse = true;
      await save(image);
      const wanted = pixelsOf(discAt(Math.min(position, 20)), own);
      const [{ pixels }] = await exported(origin, image);
      const off = differing(pixels, wanted);
      assert.ok(off <= 0.12 * sum(wanted), `${off} of ${sum(wanted)} pixels of slice ${position}`);
    });
  }

  assertNoComplaints(page);
  await program.stop();
});
