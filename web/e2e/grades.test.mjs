/**
 * Grades in a real browser: a new project is told the scale, grades are given by digit, looked at and
 * audited; the screens that differ are looked at in two sizes.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { assertNoComplaints, launchBrowser, openPage, review, tabTo } from './browser.mjs';
import { GRADES, writeGradesFolder } from './grades.mjs';
import {
  allSaved,
  createExpert,
  labelOne,
  labelOverRest,
  nextCheckOrVerdict,
  shownImage,
} from './labeling.mjs';
import {
  freePort,
  getJson,
  imported,
  scratchFolder,
  sendJson,
  startProgram,
  waitForJson,
} from './program.mjs';
import { steps } from './steps.mjs';

const IMAGES = 150;
const BY_KEY = 6;
const LABELS = 60;
const MOST_LABELS = 110;
/** The audit needs more auto-labels than this, and may take so many checks. */
const FEWEST_AUTO_LABELS = 20;
const MOST_CHECKS = 60;
/** Wide, because so small a project can prove little; what is tested here is the screens. */
const TARGET_ERROR = 0.3;

test('grades from the scale to the audit', { timeout: 15 * 60_000 }, async (t) => {
  const scratch = await scratchFolder(t);
  const folder = join(scratch, 'images');
  const table = await writeGradesFolder(folder, IMAGES, join(scratch, 'truth.csv'));
  const browser = await launchBrowser(t);
  const port = await freePort();
  const program = await startProgram(
    t,
    ['open', folder, '--no-browser', '--listen', `127.0.0.1:${port}`],
    port,
  );
  const { origin } = program;
  const page = await openPage(browser, origin);
  const step = steps(t, page, 'grades-failure');
  const answerOf = async (id) => ({ kind: 'class', class: await expert.classOf(id) });
  let expert;
  let image;

  await step('a new project is told the scale from the lowest to the highest', async () => {
    await imported(origin, IMAGES);
    await page.goto(origin);
    await page.locator('[data-testid=name-classes]').waitFor();
    await page.locator('[data-testid=task-grades]').check();
    await page.locator('#class-names').fill(GRADES.join('\n'));
    await review(page, 'grades-new');
    await page.getByRole('button', { name: 'Start labeling' }).click();
    image = await shownImage(page);
    const { schema } = (await getJson(origin, '/project')).settings;
    assert.equal(schema.task, 'grades');
    assert.deepEqual(
      schema.classes.map(({ name }) => name),
      GRADES,
    );
    expert = await createExpert(origin, table);
  });

  await step('digits give grades, which stand on a scale', async () => {
    assert.match(await page.locator('[data-testid=scale-lowest]').innerText(), /lowest/);
    for (let label = 0; label < BY_KEY; label++) image = await labelOne(page, expert, image);
    await allSaved(page);
    assert.equal((await getJson(origin, '/project')).counts.labeled, BY_KEY);
    await review(page, 'grades-label');
  });

  await step('a model comes about, and shows its opinion in the order of the scale', async () => {
    await labelOverRest(origin, LABELS, answerOf);
    await waitForJson(origin, '/curve', (view) => view.points.length >= 1);
    await page.reload();
    image = await shownImage(page);
    image = await labelOne(page, expert, image);
    await page.keyboard.press('Backspace');
    await shownImage(page, image);
    await page.keyboard.down('g');
    await page.locator('[data-testid=peek-panel] .prediction').waitFor();
    const names = await page.locator('[data-testid=peek-panel] .prediction-name').allInnerTexts();
    assert.deepEqual(names, GRADES);
    await page.keyboard.up('g');
  });

  await step('the audit states how far off labels are', async () => {
    await sendJson(origin, '/project', 'PATCH', { target_error: TARGET_ERROR });
    let plan = await getJson(origin, '/auto-label');
    for (let labels = LABELS + 20; plan.accepted <= FEWEST_AUTO_LABELS; labels += 20) {
      assert.ok(labels <= MOST_LABELS, plan.text);
      await labelOverRest(origin, labels, answerOf);
      plan = await getJson(origin, '/auto-label');
    }
    await page.goto(`${origin}/release`);
    await tabTo(page, 'apply-auto-label');
    await page.keyboard.press('Enter');
    await page.locator('[data-testid=audit-page]').waitFor();
    image = await shownImage(page);
    await review(page, 'grades-audit');
    for (let check = 0; check < MOST_CHECKS; check++) {
      const { verdict } = await getJson(origin, '/audit');
      if (verdict !== 'running') break;
      await page.keyboard.press(await expert.digitOf(image));
      await nextCheckOrVerdict(page, image);
      const after = await getJson(origin, '/audit');
      if (after.checked > 0) {
        assert.ok(after.grades.within_one <= after.checked);
        assert.ok(after.grades.quadratic_kappa.value <= 1);
      }
      if (after.verdict !== 'running') {
        await page.locator('[data-testid=verdict]').waitFor();
        if (after.verdict === 'certified')
          assert.match(await page.locator('[data-testid=verdict]').innerText(), /Within one grade/);
        await review(page, 'grades-verdict');
        break;
      }
      image = await shownImage(page, image);
    }
  });

  await step('the data and settings screens know the scale', async () => {
    await page.goto(`${origin}/data`);
    await page.locator('[data-testid=image-0]').click();
    const detail = page.locator('[data-testid=detail]');
    await detail.locator('[data-testid=viewer][data-ready=true]').waitFor();
    await detail.locator('[data-testid=scale-lowest]').waitFor({ state: 'attached' });
    await review(page, 'grades-detail');
    await page.goto(`${origin}/settings`);
    await page.locator('[data-testid=task-fixed]').waitFor();
    assert.ok(await page.locator('[data-testid=task-grades]').isChecked());
    await review(page, 'grades-settings');
  });

  assertNoComplaints(page);
  await program.stop();
});
