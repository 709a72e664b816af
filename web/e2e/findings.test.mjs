/**
 * Findings in a real browser: a table makes the project, sets of findings are given by key and by
 * mouse, changed, taken back and audited. Every screen that differs is looked at in two sizes.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { assertNoComplaints, launchBrowser, openPage, review, tabTo } from './browser.mjs';
import {
  createFindingsExpert,
  FINDINGS,
  switchByKey,
  switchedOn,
  writeFindingsFolder,
} from './findings.mjs';
import { allSaved, labelOverRest, nextCheckOrVerdict, shownImage } from './labeling.mjs';
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

const IMAGES = 260;
const BY_KEY = 8;
const BY_MOUSE = 4;
/** Enough for a second model. */
const LABELS = 110;
/** With more labels than this, a program that takes nothing over has a fault. */
const MOST_LABELS = 190;
const MOST_CHECKS = 8;
/** Wide, because so small a project can prove little; what is tested here is the screens. */
const TARGET_ERROR = 0.25;

test('findings from a table to the audit', { timeout: 20 * 60_000 }, async (t) => {
  const scratch = await scratchFolder(t);
  const folder = join(scratch, 'images');
  const table = await writeFindingsFolder(folder, IMAGES, join(scratch, 'table.csv'));
  const browser = await launchBrowser(t);
  const port = await freePort();
  const program = await startProgram(
    t,
    ['open', folder, '--csv', table, '--no-browser', '--listen', `127.0.0.1:${port}`],
    port,
  );
  const { origin } = program;
  const page = await openPage(browser, origin);
  const step = steps(t, page, 'findings-failure');
  const answerOf = async (image) => (await getJson(origin, `/images/${image}`)).answer;
  const rightAnswer = async (id) => ({ kind: 'findings', present: await expert.findingsOf(id) });
  const labeled = async () => (await getJson(origin, '/project')).counts.labeled;
  let expert;
  let image;

  /** Gives the right set for the image on the screen by key, and waits for the next. */
  const labelByKey = async () => {
    const right = await expert.findingsOf(image);
    assert.deepEqual(await switchedOn(page), [], 'every image begins with nothing switched on');
    await switchByKey(page, [], right);
    assert.deepEqual(await switchedOn(page), right);
    await page.keyboard.press('Enter');
    const answered = image;
    image = await shownImage(page, image);
    return { image: answered, present: right };
  };

  await step('a table with several findings in a cell makes a project of findings', async () => {
    await imported(origin, IMAGES);
    const { settings } = await getJson(origin, '/project');
    assert.equal(settings.schema.task, 'findings');
    expert = await createFindingsExpert(origin, table);
    assert.deepEqual([...expert.names].sort(), FINDINGS, '“no finding” is no finding');
    await page.goto(origin);
    await page.locator('[data-testid=primary-action]').waitFor();
    await page.keyboard.press('Enter');
    image = await shownImage(page);
  });

  await step('sets are given by digits and Enter, an empty one too', async () => {
    const confirm = page.locator('[data-testid=confirm]');
    assert.match(await confirm.innerText(), /No finding/);
    await page.keyboard.press('1');
    assert.match(await confirm.innerText(), /Save 1.finding/);
    await page.keyboard.press('0');
    assert.match(await confirm.innerText(), /No finding/);
    await page.keyboard.press('2');
    await page.keyboard.press('Backspace');
    const given = [];
    for (let label = 0; label < BY_KEY; label++) given.push(await labelByKey());
    await allSaved(page);
    for (const { image: id, present } of given)
      assert.deepEqual(await answerOf(id), { kind: 'findings', present }, `answer of image ${id}`);
    assert.equal(await labeled(), BY_KEY);
    await page.keyboard.press('1');
    await page.keyboard.press('3');
    await review(page, 'findings-label');
    await page.keyboard.press('?');
    await page.locator('[data-testid=key-card]').waitFor();
    await review(page, 'findings-keys');
    await page.keyboard.press('Escape');
    await page.locator('[data-testid=key-card]').waitFor({ state: 'detached' });
    await page.keyboard.press('0');
  });

  await step('sets are given by mouse', async () => {
    for (let label = 0; label < BY_MOUSE; label++) {
      const right = await expert.findingsOf(image);
      for (const index of right) await page.locator(`[data-testid=class-${index}]`).click();
      await page.locator('[data-testid=confirm]').click();
      const answered = image;
      image = await shownImage(page, image);
      await allSaved(page);
      assert.deepEqual(await answerOf(answered), { kind: 'findings', present: right });
    }
    assert.equal(await labeled(), BY_KEY + BY_MOUSE);
  });

  await step('after a reload, Backspace shows the set given before, and it can be changed', async () => {
    await page.reload();
    const ahead = await shownImage(page);
    await page.keyboard.press('Backspace');
    const earlier = await shownImage(page, ahead);
    await page.locator('[data-testid=looking-back]').waitFor();
    const right = await expert.findingsOf(earlier);
    assert.deepEqual(await switchedOn(page), right);
    const wrong = right.includes(1) ? right.filter((index) => index !== 1) : [...right, 1].sort();
    await page.keyboard.press('2');
    await page.keyboard.press('Enter');
    assert.equal(await shownImage(page, earlier), ahead);
    await allSaved(page);
    assert.deepEqual(await answerOf(earlier), { kind: 'findings', present: wrong });
    await page.keyboard.press('Backspace');
    await shownImage(page, ahead);
    assert.deepEqual(await switchedOn(page), wrong);
    await review(page, 'findings-back');
    await page.locator('[data-testid=class-1]').click();
    await page.locator('[data-testid=confirm]').click();
    image = await shownImage(page, earlier);
    await allSaved(page);
    assert.deepEqual(await answerOf(earlier), { kind: 'findings', present: right });
    assert.equal(await labeled(), BY_KEY + BY_MOUSE, 'still as many labels');
  });

  await step('without a history the server takes the last set back', async () => {
    const { image: last } = await labelByKey();
    await allSaved(page);
    await page.evaluate(() => window.sessionStorage.clear());
    await page.reload();
    const ahead = await shownImage(page);
    await page.keyboard.press('Backspace');
    image = await shownImage(page, ahead);
    assert.equal(image, last);
    assert.deepEqual(await switchedOn(page), [], 'the set that was taken back leads nobody');
    assert.equal((await answerOf(last)) ?? null, null);
    assert.equal(await labeled(), BY_KEY + BY_MOUSE);
    await labelByKey();
    await allSaved(page);
    assert.equal(await labeled(), BY_KEY + BY_MOUSE + 1);
  });

  await step('a model comes about, and its opinion is kept back until one has answered', async () => {
    await labelOverRest(origin, LABELS, rightAnswer);
    await waitForJson(origin, '/curve', (view) => view.points.length >= 2);
    await page.reload();
    image = await shownImage(page);
    await page.keyboard.down('g');
    await page.locator('[data-testid=peek-panel]').getByText('kept back').waitFor();
    await page.keyboard.up('g');
    const ahead = image;
    await page.keyboard.press('Backspace');
    await shownImage(page, ahead);
    await page.keyboard.down('g');
    await page.locator('[data-testid=peek-panel] .prediction').waitFor();
    await page.locator('[data-testid=heat-note][data-state=shown]').waitFor();
    // One that is not shown yet; which one is, depends on the image.
    const note = await page.locator('[data-testid=heat-note]').innerText();
    const other = FINDINGS.findIndex((name) => !note.includes(`for ${name}`));
    const asked = page.waitForResponse((response) => response.url().endsWith(`/localization?class=${other}`));
    await page.keyboard.press(String(other + 1));
    assert.equal((await asked).status(), 200);
    await page.locator('[data-testid=heat-note][data-state=shown]').waitFor();
    await page.keyboard.up('g');
    await page.locator('[data-testid=peek-panel]').waitFor({ state: 'detached' });
  });

  await step('the rest is auto-labeled, and class folders are not offered', async () => {
    await change(origin, { target_error: TARGET_ERROR });
    let plan = await getJson(origin, '/auto-label');
    for (let labels = LABELS + 20; plan.accepted <= MOST_CHECKS; labels += 20) {
      assert.ok(labels <= MOST_LABELS, plan.text);
      await labelOverRest(origin, labels, rightAnswer);
      plan = await getJson(origin, '/auto-label');
    }
    t.diagnostic(`auto-label: ${plan.text}`);
    await page.goto(`${origin}/release`);
    await page.locator('[data-testid=apply-auto-label]').waitFor();
    assert.equal(plan.per_class.length, FINDINGS.length);
    assert.equal(await page.locator('[data-testid=export-folders]').count(), 0);
    assert.match(await page.locator('[data-testid=no-export-folders]').innerText(), /not for findings/);
    await review(page, 'findings-release');
    await tabTo(page, 'apply-auto-label');
    await page.keyboard.press('Enter');
    await page.locator('[data-testid=audit-page]').waitFor();
  });

  await step('the audit agrees with a set as it stands, and corrects from there', async () => {
    await auditByKey(page, origin, expert, t);
  });

  await step('the data screen filters by finding, shows where each is, and relabels', async () => {
    await page.goto(`${origin}/data`);
    await page.locator('[data-testid=image-0]').waitFor();
    await review(page, 'findings-data');
    await page.locator('[data-testid=filter-class]').selectOption('0');
    await page.waitForURL(/class=0/);
    const { total, images } = await getJson(origin, '/images?class=0&limit=1000');
    assert.ok(total > 0 && total < IMAGES, `${total} of ${IMAGES}`);
    for (const { answer } of images.filter((view) => view.answer?.kind === 'findings'))
      assert.ok(answer.present.includes(0));
    const { id, answer: before } = images.find(
      (view) => view.answer?.kind === 'findings' && view.origin !== 'audit',
    );
    await page.locator(`[data-testid=image-${id}]`).click();
    const detail = page.locator('[data-testid=detail]');
    await detail.locator('[data-testid=viewer][data-ready=true]').waitFor();
    await page.keyboard.press('g');
    await detail.locator('[data-testid=heat-note][data-state=shown]').waitFor();
    await review(page, 'findings-detail');
    await detail.locator('[data-testid=heat-finding]').selectOption('2');
    await detail.locator('[data-testid=heat-note][data-state=shown]').waitFor();
    await detail.locator('[data-testid=heat]').click();
    assert.deepEqual(await switchedOn(page), before.present);
    await detail.locator('[data-testid=class-0]').click();
    await detail.locator('[data-testid=confirm]').click();
    await allSaved(page);
    const present = before.present.filter((index) => index !== 0);
    assert.deepEqual(await answerOf(id), { kind: 'findings', present });
  });

  await step('the other screens speak of findings, and the task is fixed', async () => {
    await page.goto(`${origin}/model`);
    const table = page.locator('[data-testid=class-table]');
    await table.waitFor();
    assert.match(await table.innerText(), /^finding\b/);
    await review(page, 'findings-model');
    await page.goto(`${origin}/settings`);
    await page.locator('[data-testid=task-fixed]').waitFor();
    assert.ok(await page.locator('[data-testid=task-findings]').isChecked());
    await review(page, 'findings-settings');
    const { schema } = (await getJson(origin, '/project')).settings;
    const refusal = await change(origin, { schema: { ...schema, task: 'classification' } });
    assert.ok(refusal.status >= 400 && refusal.status < 500, `status ${refusal.status}`);
    assert.ok((await refusal.json()).detail.length > 20, 'the refusal is a sentence');
  });

  assertNoComplaints(page);
  await program.stop();
});

/** Changes settings from outside the browser. */
function change(origin, settings) {
  return sendJson(origin, '/project', 'PATCH', settings);
}

/** Checks by key until there is a verdict or it was enough; the second check is made to disagree. */
async function auditByKey(page, origin, expert, t) {
  let image = await shownImage(page);
  for (let check = 0; check < MOST_CHECKS; check++) {
    const { next, wrong, attempt } = await getJson(origin, '/audit');
    assert.equal(next.image.id, image, 'the shown image is the one in question');
    const said = expert.inWords(next.label);
    assert.equal(await page.locator('[data-testid=proposed-label]').innerText(), said);
    assert.deepEqual(await switchedOn(page), next.label, 'the toggles begin with the label in question');
    if (check === 0) {
      await review(page, 'findings-audit');
      await page.keyboard.press('1');
      await page.locator('[data-testid=correct]').waitFor();
      await review(page, 'findings-audit-corrected');
      await page.keyboard.press('Backspace');
      await page.locator('[data-testid=agree]').waitFor();
      assert.deepEqual(await switchedOn(page), next.label);
    }
    const disagrees = check === 1;
    const truth = disagrees ? without(next.label, 0) : await expert.findingsOf(image);
    await switchByKey(page, next.label, truth);
    await page.keyboard.press('Enter');
    const differs = String(truth) !== String(next.label);
    await nextCheckOrVerdict(page, image);
    const after = await getJson(origin, '/audit');
    // A refuted audit is followed by a new one, which counts from nothing.
    if (after.attempt === attempt)
      assert.equal(after.wrong, wrong + (differs ? 1 : 0), `check ${check + 1} of ${said}`);
    assert.deepEqual((await getJson(origin, `/images/${image}`)).answer, {
      kind: 'findings',
      present: truth,
    });
    if (after.verdict !== 'running') {
      t.diagnostic(`audit: ${after.verdict} after ${after.checked} checks: ${after.text}`);
      return;
    }
    image = await shownImage(page, image);
  }
}

/** The set with one finding switched the other way. */
function without(label, index) {
  return label.includes(index)
    ? label.filter((other) => other !== index)
    : [...label, index].sort((a, b) => a - b);
}
