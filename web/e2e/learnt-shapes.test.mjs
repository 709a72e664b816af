/**
 * A network learns boxes while people draw: its proposals are accepted by keys alone, it labels the rest,
 * and its labels are audited, in the real program and a real browser.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { assertNoComplaints, launchBrowser, openPage, review } from './browser.mjs';
import { writeChests } from './drawn-chests.mjs';
import { allSaved, labelOverRest } from './labeling.mjs';
import { freePort, getJson, imported, scratchFolder, sendJson, startProgram, waitForJson } from './program.mjs';
import { answered, openImage, saveDrawing, shapesShown } from './shapes.mjs';
import { steps } from './steps.mjs';

const IMAGES = 60;
/** Of them come after the last round. */
const LATER = 4;
/** Drawings that the first network learns from, and all that are made. */
const [FIRST_BATCH, LABELS] = [4, 20];
const SIDE_PX = 160;
const LIMIT = { timeout: 15 * 60_000 };
/** Learning takes some tens of processor seconds; the machine may be busy. */
const LEARNT_MS = 8 * 60_000;
/** Enough for labels after two batches; what is certified is not the point here. */
const TARGET_ERROR = 0.7;

/** Writes chests with one bright disc each; returns its box by file. */
async function writeKnown(folder, table) {
  const boxes = new Map();
  const kindOf = (next) => {
    const [x, y, radius] = [0.25 + 0.5 * next(), 0.25 + 0.5 * next(), 0.09 + 0.06 * next()];
    const left = (middle) => Math.round((middle - radius) * SIDE_PX);
    const side = Math.round(2 * radius * SIDE_PX);
    const file = `chest-${String(boxes.size).padStart(4, '0')}.png`;
    boxes.set(file, { type: 'box', x: left(x), y: left(y), width: side, height: side });
    return { label: 'disc', discs: () => [{ x, y, radius, grey: 150 }] };
  };
  await writeChests(folder, IMAGES, table, { seed: 900, edge: 30, kindOf });
  return boxes;
}

/** Takes the last images out of the folder; returns what puts them back. */
async function heldBack(folder, aside) {
  await mkdir(aside);
  const files = (await readdir(folder)).sort().slice(-LATER);
  const move = (from, to) => Promise.all(files.map((file) => rename(join(from, file), join(to, file))));
  await move(folder, aside);
  return () => move(aside, folder);
}

/** Intersection over union of two boxes. */
function iou(a, b) {
  const shared = (from, size) => Math.max(0, Math.min(a[from] + a[size], b[from] + b[size]) - Math.max(a[from], b[from]));
  const both = shared('x', 'width') * shared('y', 'height');
  return both / (a.width * a.height + b.width * b.height - both);
}

test('boxes are learnt, proposed, accepted and audited', LIMIT, async (t) => {
  const scratch = await scratchFolder(t);
  const folder = join(scratch, 'images');
  const boxes = await writeKnown(folder, join(scratch, 'table.csv'));
  const putBack = await heldBack(folder, join(scratch, 'later'));
  const browser = await launchBrowser(t);
  const port = await freePort();
  const listen = ['--no-browser', '--listen', `127.0.0.1:${port}`];
  const program = await startProgram(t, ['open', folder, '--boxes', 'disc', ...listen], port);
  const { origin } = program;
  await imported(origin, IMAGES - LATER);
  const page = await openPage(browser, origin);
  const step = steps(t, page, 'learnt-shapes-failure');
  const trueBox = async (id) => boxes.get((await getJson(origin, `/images/${id}`)).file);
  const drawn = async (id) => ({
    kind: 'drawn',
    drawing: await saveDrawing(origin, id, [{ class: 0, geometry: await trueBox(id) }]),
  });
  /** Asks to learn from all labels until a model has. */
  const learnt = async (labels) => {
    const isThere = (all) => all.some((model) => model.labels >= labels);
    await waitForJson(origin, '/jobs', (jobs) => jobs.every(({ kind, state }) => kind !== 'train' || state !== 'running'), LEARNT_MS);
    if (!isThere(await getJson(origin, '/models'))) await sendJson(origin, '/jobs', 'POST', { kind: 'train' });
    return waitForJson(origin, '/models', isThere, LEARNT_MS);
  };
  // The first batch is chosen a moment after the import.
  await waitForJson(origin, '/project', (project) => project.batch_size > 0, LEARNT_MS);

  await step('a handful of drawings is learnt from, without being asked', async () => {
    await labelOverRest(origin, FIRST_BATCH, drawn);
    const models = await waitForJson(origin, '/models', (all) => all.length > 0, LEARNT_MS);
    assert.equal(models[0].labels, FIRST_BATCH);
  });

  await step('what it proposes is shown, gone through, accepted and saved by keys', async () => {
    await page.goto(`${origin}/label`);
    const image = await openImage(page);
    const { proposal } = await getJson(origin, `/images/${image}/proposal`);
    assert.equal(proposal.network, FIRST_BATCH);
    assert.ok(proposal.shapes.length > 0, 'the disc is found');
    await shapesShown(page, proposal.shapes.length);
    await page.locator('[data-testid=proposal-quality]').waitFor();
    await review(page, 'learnt-shapes-label');
    const { spots } = await getJson(origin, `/images/${image}/doubt`);
    await page.keyboard.press('d');
    const first = spots.length === 0 ? 'The model is sure everywhere' : `Least sure here (1 of ${spots.length})`;
    await page.getByText(first).waitFor();
    await review(page, 'learnt-shapes-doubt');
    for (let spot = 1; spot < spots.length; spot++) await page.keyboard.press('d');
    await page.keyboard.press('d');
    if (spots.length > 0) await page.getByText('That was the last doubtful place').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Save ').first().waitFor();
    await page.keyboard.press('Enter');
    await openImage(page, image);
    await allSaved(page);
    const { shapes } = await answered(origin, image);
    const proposed = proposal.shapes.map(({ class: index, geometry }) => ({ class: index, geometry }));
    assert.deepEqual(shapes, proposed, 'accepted without an edit');
  });

  await step('later drawings test the proposals of the first network', async () => {
    await page.goto(`${origin}/`);
    await labelOverRest(origin, LABELS, drawn);
    await learnt(LABELS);
  });

  await step('it draws on images that came later before they are labeled', async () => {
    await putBack();
    await sendJson(origin, '/jobs', 'POST', { kind: 'import' });
    await imported(origin, IMAGES);
    await waitForJson(origin, '/auto-label', ({ unseen }) => unseen === LATER, LEARNT_MS);
    await page.goto(`${origin}/release`);
    const draw = page.locator('[data-testid=draw-on-rest]');
    await draw.waitFor();
    assert.equal(await page.locator('[data-testid=apply-auto-label]').count(), 0);
    await review(page, 'learnt-shapes-release');
    await draw.click();
    await page.locator('[data-testid=apply-auto-label]').waitFor({ timeout: LEARNT_MS });
    const { unseen } = await getJson(origin, '/auto-label');
    assert.equal(unseen, 0);
  });

  await step('the rest is labeled, and the audit leaves right labels as they are', async () => {
    await sendJson(origin, '/project', 'PATCH', { target_error: TARGET_ERROR });
    const response = await sendJson(origin, '/auto-label', 'POST', {});
    const said = await response.json();
    assert.equal(response.status, 200, JSON.stringify(said));
    assert.ok(said.accepted > 0, said.text);
    await page.goto(`${origin}/audit`);
    let image = await openImage(page);
    for (let check = 1; ; check++) {
      const { next } = await getJson(origin, '/audit');
      const { shapes } = await getJson(origin, `/drawings/${next.label.drawing}`);
      await shapesShown(page, shapes.length);
      if (check === 1) await review(page, 'learnt-shapes-audit');
      await page.keyboard.press('Enter');
      const { verdict } = await waitForJson(origin, '/audit', ({ checked }) => checked === check);
      if (verdict !== 'running') break;
      image = await openImage(page, image);
    }
    await page.locator('[data-testid=verdict]').waitFor();
    const { verdict, wrong } = await getJson(origin, '/audit');
    assert.equal(verdict, 'certified');
    assert.equal(wrong, 0, 'what was left as it is counts as right');
  });

  await step('the certificate has a row for the class and for the sizes of its shapes', async () => {
    const { checked } = await getJson(origin, '/audit');
    const { certificate } = await getJson(origin, '/certificate');
    const [all, ...sizes] = certificate.shapes;
    assert.deepEqual([all.class, all.size, all.edited_images, all.missed], ['disc', null, 0, 0]);
    assert.ok(all.images <= checked && all.images > 0);
    assert.deepEqual([all.kept, all.mean_fit], [all.shapes, 1]);
    assert.equal(
      sizes.reduce((shapes, row) => shapes + row.shapes, 0),
      all.shapes,
    );
    await page.goto(`${origin}/api/v1/certificate.html`);
    await page.getByText('By class and size').waitFor();
    await review(page, 'learnt-shapes-certificate');
  });

  await step('most labels lie where the discs are', async () => {
    const fits = [];
    for (let id = 0; id < IMAGES; id++) {
      const image = await getJson(origin, `/images/${id}`);
      if (image.auto_label?.drawing === undefined) continue;
      const { shapes } = await getJson(origin, `/drawings/${image.auto_label.drawing}`);
      fits.push(Math.max(0, ...shapes.map(({ geometry }) => iou(geometry, boxes.get(image.file)))));
    }
    const mean = fits.reduce((sum, fit) => sum + fit, 0) / fits.length;
    assert.ok(mean > 0.5, `mean IoU ${mean} of ${fits.length}`);
  });

  assertNoComplaints(page);
  await program.stop();
});
