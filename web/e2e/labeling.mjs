/** An expert at the keyboard who knows the truth. */
import assert from 'node:assert/strict';
import { getJson, readTruth, sendJson } from './program.mjs';

/** Knows which digit is right for an image: from the CSV beside the drawn images, which grows with them. */
export async function createExpert(origin, csv) {
  const { settings } = await getJson(origin, '/project');
  const names = settings.schema.classes.map((definition) => definition.name);
  const files = new Map();
  let truth = new Map();
  return {
    async classOf(image) {
      if (!files.has(image)) files.set(image, (await getJson(origin, `/images/${image}`)).file);
      if (!truth.has(files.get(image))) truth = await readTruth(csv);
      const label = truth.get(files.get(image));
      const index = names.indexOf(label);
      assert.notEqual(
        index,
        -1,
        `no class for ${files.get(image)}: '${label}' is not in ${names.join(', ')}`,
      );
      return index;
    },
    async digitOf(image) {
      return String((await this.classOf(image)) + 1);
    },
  };
}

/** The image on the screen, once it is painted. */
export async function shownImage(page, other = null) {
  const ready = page.locator('[data-testid=viewer][data-ready=true]');
  await ready.waitFor();
  await page.waitForFunction(
    (last) => {
      const viewer = document.querySelector('[data-testid=viewer][data-ready=true]');
      return viewer !== null && viewer.getAttribute('data-image') !== last;
    },
    other === null ? '' : String(other),
  );
  return Number(await ready.getAttribute('data-image'));
}

/** Answers the image on the screen with the right digit, and waits for the next to be painted. */
export async function labelOne(page, expert, image) {
  await page.keyboard.press(await expert.digitOf(image));
  return shownImage(page, image);
}

/** Everything that was answered is on the server's disk. */
export async function allSaved(page) {
  await page.locator('[data-testid=saved-state][data-state=saved]').waitFor();
}

/** Another reader answers what the queue asks for, by `answerOf`, until there are so many labels. */
export async function labelOverRest(origin, labels, answerOf) {
  for (;;) {
    const { counts } = await getJson(origin, '/project');
    if (counts.labeled >= labels) return;
    const { items } = await getJson(origin, `/queue?count=${Math.min(10, labels - counts.labeled)}`);
    assert.ok(items.length > 0, `nothing to label after ${counts.labeled} labels`);
    for (const { image } of items) {
      const response = await sendJson(origin, '/annotations', 'POST', {
        image: image.id,
        answer: await answerOf(image.id),
        seconds: 4,
        idempotency_key: `walk-${image.id}`,
      });
      assert.equal(response.status, 200, `answer for ${image.file}`);
    }
  }
}

/** Returns when the audit shows another image than this one, or its verdict. */
export async function nextCheckOrVerdict(page, image) {
  await page.waitForFunction((last) => {
    if (document.querySelector('[data-testid=verdict]') !== null) return true;
    const viewer = document.querySelector('[data-testid=viewer][data-ready=true]');
    return viewer !== null && viewer.getAttribute('data-image') !== last;
  }, String(image));
}
