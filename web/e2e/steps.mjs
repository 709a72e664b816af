/** A walk in named parts. */
import { picture } from './browser.mjs';

/** Runs parts of a walk as subtests; the first failure ends the walk, with a picture of it. */
export function steps(t, page, failurePicture = 'failure') {
  return async (name, body) => {
    let failure = null;
    await t.test(name, async () => {
      try {
        await body();
      } catch (error) {
        failure = error;
        await picture(page, failurePicture);
        throw error;
      }
    });
    if (failure !== null)
      throw new Error(`the walk ended at: ${name} (see web/e2e/shots/${failurePicture}.png)`);
  };
}
