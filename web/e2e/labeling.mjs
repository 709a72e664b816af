/** An expert at the keyboard who knows the truth. */
import assert from 'node:assert/strict';
import { getJson, readTruth } from './program.mjs';

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
