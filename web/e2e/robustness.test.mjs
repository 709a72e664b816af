/** The program dies while a person labels: the page says so, keeps the answers and sends them once. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { assertNoComplaints, launchBrowser, openPage, review } from './browser.mjs';
import { allSaved, createExpert, labelOne, shownImage } from './labeling.mjs';
import { freePort, getJson, scratchFolder, startProgram } from './program.mjs';

test('answers outlive the program', { timeout: 5 * 60_000 }, async (t) => {
  const folder = join(await scratchFolder(t), 'demo');
  const browser = await launchBrowser(t);
  const port = await freePort();
  const args = ['demo', '--no-browser', '--listen', `127.0.0.1:${port}`, '--dir', folder];
  const first = await startProgram(t, args, port);
  const page = await openPage(browser, first.origin);
  await page.goto(`${first.origin}/label`);
  let image = await shownImage(page);
  const expert = await createExpert(first.origin, join(folder, 'labels.csv'));
  const answered = new Map();
  const answer = async () => {
    answered.set(image, await expert.classOf(image));
    image = await labelOne(page, expert, image);
  };
  for (let label = 0; label < 5; label++) await answer();
  await allSaved(page);
  // The expert must know the prefetched images before the program is gone.
  const { items } = await getJson(first.origin, '/queue?count=6');
  for (const item of items) await expert.classOf(item.image.id);

  // Nor is there anything to answer before the pictures of the next three are here.
  const awaited = items.slice(0, 4).map((item) => `/images/${item.image.id}/plane`);
  await page.waitForFunction(
    (planes) => planes.every((plane) => performance.getEntriesByType('resource').some(({ name }) => name.endsWith(plane))),
    awaited,
  );

  page.mayMissServer = true;
  await first.kill();
  for (let label = 0; label < 3; label++) await answer();
  const banner = page.locator('[data-testid=away-banner]');
  await banner.waitFor();
  assert.match(await banner.innerText(), /nothing is lost/);
  await review(page, 'server-away');

  const second = await startProgram(t, args, port);
  // The page tries again by itself too, and either way may win.
  const back = banner.waitFor({ state: 'detached' });
  await Promise.any([banner.getByRole('button').click(), back]);
  await back;
  await allSaved(page);
  page.mayMissServer = false;

  const { counts } = await getJson(second.origin, '/project');
  assert.equal(counts.labeled, answered.size, 'each answer is saved once');
  for (const [id, expected] of answered) {
    const view = await getJson(second.origin, `/images/${id}`);
    assert.equal(view.answer?.class, expected, `answer of ${view.file}`);
  }
  await answer();
  await allSaved(page);
  assertNoComplaints(page);
  await second.stop();
});
