// Drives the built app in Chromium against the made-up project: labeling by keyboard, timing, outages,
// refusals, going back, the million-row grid, a lost graphics device, the window on real 16-bit values.
//   node dev/walk.mjs [part of a name]
import assert from 'node:assert/strict';
import { DESKTOP, openBrowser, painted, PHONE } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';

const browser = await openBrowser();

async function open(options, address, size = DESKTOP) {
  const server = await startFakeServer(options);
  const context = await browser.newContext(size);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(server.url + address);
  return {
    server,
    page,
    errors,
    async close() {
      assert.deepEqual(errors, []);
      await context.close();
      server.close();
    },
  };
}

const current = (page) => page.getAttribute('[data-testid=viewer]', 'data-image');
const press = async (page, key) => {
  const before = await current(page);
  await page.keyboard.press(key);
  await page.waitForFunction(
    (id) => document.querySelector('[data-testid=viewer]').dataset.image !== id,
    before,
  );
  await painted(page);
};
/** The shown image and the three after it are here, so that the server may go. */
const prefetched = (page) =>
  page.waitForFunction(
    () => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/plane')).length >= 4,
  );
const saved = (page) => page.waitForSelector('[data-testid=saved-state][data-state=saved]');
/** Answers that waited in the browser have all been sent. */
const outboxIsEmpty = (page) =>
  page.waitForFunction(
    () => Object.keys(localStorage).filter((k) => k.startsWith('autolabel.outbox')).length === 0,
  );

/** Brightness 0..255 of the screen at a point, read from a screenshot. */
async function grey(page, x, y) {
  const png = (await page.screenshot({ clip: { x, y, width: 1, height: 1 } })).toString('base64');
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, 1, 1).data[0];
  }, png);
}

const WALKS = {
  async 'sixty images by keyboard, next image within 150 ms'() {
    const { page, server, close } = await open({}, '/');
    await page.waitForSelector('[data-testid=primary-action]:focus');
    await page.keyboard.press('Enter');
    await painted(page);
    const share = await page.evaluate(() => {
      const box = document.querySelector('.viewer').getBoundingClientRect();
      return (box.width * box.height) / (innerWidth * innerHeight);
    });
    assert.ok(share >= 0.8, `the image has ${share} of the area`);
    const before = server.fake.counts().labeled;
    for (let i = 0; i < 60; i++) {
      await press(page, String((i % 3) + 1));
      // A person looks for a while; prefetching happens then.
      await page.waitForTimeout(400);
    }
    await saved(page);
    assert.equal(server.fake.counts().labeled, before + 60);
    const times = await page.evaluate(() =>
      window.__autolabelTimings.map((t) => t.milliseconds).sort((a, b) => a - b),
    );
    const measures = await page.evaluate(() => performance.getEntriesByName('next-image-painted').length);
    assert.equal(times.length, 60);
    assert.equal(measures, 60);
    const p95 = times[Math.floor(times.length * 0.95)];
    console.log(
      `   image ${(share * 100).toFixed(1)} % of the area; next image painted: median ${times[30].toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, worst ${times.at(-1).toFixed(0)} ms`,
    );
    assert.ok(p95 <= 150);
    await close();
  },

  async 'an outage loses nothing and doubles nothing, over a reload too'() {
    const { page, server, close } = await open({}, '/label');
    await painted(page);
    await prefetched(page);
    const before = server.fake.counts().labeled;
    server.control.down = true;
    for (const key of ['1', '2', '3']) await press(page, key);
    await page.waitForSelector('[data-testid=away-banner]');
    await page.reload();
    assert.equal(server.fake.counts().labeled, before);
    server.control.down = false;
    await painted(page);
    await saved(page);
    await outboxIsEmpty(page);
    assert.equal(server.fake.counts().labeled, before + 3);
    assert.equal(server.fake.answered(), 3);
    await close();
  },

  async 'another project at the same address gets no answer meant for this one'() {
    const { page, server, close } = await open({}, '/label');
    await painted(page);
    const port = Number(new URL(server.url).port);
    server.control.down = true;
    await press(page, '1');
    await page.waitForSelector('[data-testid=away-banner]');
    server.close();
    const other = await startFakeServer({ port, folder: 'elsewhere' });
    const before = other.fake.counts().labeled;
    await page.waitForFunction(
      () => document.querySelector('.corner-left')?.textContent.startsWith('elsewhere'),
      null,
      {
        timeout: 20_000,
      },
    );
    await painted(page);
    await page.waitForTimeout(500);
    assert.equal(other.fake.counts().labeled, before);
    assert.equal(await page.evaluate(() => Object.keys(localStorage).length), 1);
    other.close();
    await close();
  },

  async 'a refused answer brings its image back, with the reason'() {
    const { page, server, close } = await open({}, '/label');
    await painted(page);
    const refused = await current(page);
    server.control.refuse = true;
    await page.keyboard.press('2');
    await page.waitForSelector('[data-testid=banner]');
    assert.match(await page.textContent('[data-testid=banner]'), /not taken: This image was removed/);
    await painted(page);
    assert.equal(await current(page), refused);
    await close();
  },

  async 'back shows the earlier answer, a digit changes it, a reload remembers'() {
    const { page, server, close } = await open({}, '/label');
    await painted(page);
    const first = await current(page);
    await press(page, '2');
    const second = await current(page);
    await press(page, 'Backspace');
    assert.equal(await current(page), first);
    assert.equal(await page.getAttribute('[data-testid=class-1]', 'aria-pressed'), 'true');
    await press(page, 'Enter');
    assert.equal(await current(page), second);
    await press(page, 'Backspace');
    await press(page, '3');
    await saved(page);
    assert.equal(server.fake.imageView(Number(first)).answer.class, 2);
    assert.equal(server.fake.answered(), 1);
    await page.reload();
    await painted(page);
    await page.waitForTimeout(300);
    await press(page, 'Backspace');
    assert.equal(await current(page), first);
    assert.equal(await page.getAttribute('[data-testid=class-2]', 'aria-pressed'), 'true');
    // Without any history the server takes back its last answer.
    await page.evaluate(() => sessionStorage.clear());
    await page.evaluate(() => {
      location.href = '/label';
    });
    await page.waitForLoadState();
    await painted(page);
    await close();
  },

  async 'a held key and a key before the picture answer nothing'() {
    const { page, server, close } = await open({}, '/label');
    await painted(page);
    const before = server.fake.counts().labeled;
    await page.keyboard.down('1');
    for (let i = 0; i < 10; i++) await page.keyboard.down('1');
    await page.keyboard.up('1');
    await painted(page);
    await saved(page);
    assert.equal(server.fake.counts().labeled, before + 1);
    await close();
  },

  async 'right-drag sets the window on 16-bit values, invert and reset'() {
    const { page, close } = await open({}, '/label');
    await painted(page);
    const [x, y] = [700, 700];
    const normal = await grey(page, x, y);
    await page.keyboard.press('i');
    await page.waitForTimeout(100);
    assert.ok(Math.abs((await grey(page, x, y)) - (255 - normal)) <= 1);
    await page.keyboard.press('i');
    await page.mouse.move(400, 300);
    await page.mouse.down({ button: 'right' });
    await page.mouse.move(400, 350, { steps: 5 });
    await page.mouse.up({ button: 'right' });
    await page.waitForTimeout(100);
    const readout = (await page.textContent('[data-testid=window]')).replaceAll(',', '');
    const [, width, level] = /W (\d+) L (\d+)/.exec(readout).map(Number);
    assert.deepEqual([width, level], [3000, 2100]);
    // 300 sample values of 3,000 darker: a tenth of the range.
    assert.ok(Math.abs((await grey(page, x, y)) - (normal - 25.5)) <= 2);
    await page.keyboard.press('r');
    await page.waitForTimeout(100);
    assert.equal(await grey(page, x, y), normal);
    await close();
  },

  async 'a lost graphics device comes back with the picture'() {
    const { page, close } = await open({}, '/label');
    await painted(page);
    const before = await grey(page, 700, 700);
    await page.evaluate(() => {
      const lose = document
        .querySelector('.viewer-canvas')
        .getContext('webgl2')
        .getExtension('WEBGL_lose_context');
      lose.loseContext();
      setTimeout(() => lose.restoreContext(), 300);
    });
    await page.waitForSelector('.viewer-message');
    await page.waitForSelector('.viewer-message', { state: 'detached' });
    await page.waitForTimeout(200);
    assert.equal(await grey(page, 700, 700), before);
    await press(page, '1');
    await close();
  },

  async 'a million images scroll, and only those in sight are asked for'() {
    const { page, server, close } = await open({ images: 1_000_000 }, '/data');
    await page.waitForSelector('[data-testid=image-0] img');
    const grid = page.locator('[data-testid=grid]');
    for (const share of [0.1, 0.35, 0.6, 0.99, 1]) {
      await grid.evaluate((element, at) => element.scrollTo(0, element.scrollHeight * at), share);
      await page.waitForTimeout(60);
    }
    await page.waitForSelector('[data-testid=image-999999] img');
    await page.waitForTimeout(300);
    const asked = server.requests.filter((r) => r.includes('preview')).length;
    const cells = await page.locator('.grid-cell').count();
    console.log(`   ${asked} previews asked for, ${cells} cells in the page`);
    assert.ok(asked < 300 && cells < 100);
    await page.click('[data-testid=image-999998]');
    await painted(page);
    await page.keyboard.press('2');
    await saved(page);
    await page.keyboard.press('d');
    await page.waitForSelector('[data-testid=viewer][data-image="999999"][data-ready=true]');
    await page.keyboard.press('Escape');
    await page.focus('[data-testid=image-999998]');
    await page.keyboard.press('Home');
    await page.waitForSelector('[data-testid=image-0]:focus');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('End');
    await page.waitForSelector('[data-testid=image-999999]:focus');
    assert.equal(server.fake.imageView(999998).answer.class, 1);
    await close();
  },

  async 'auto-label, audit to the verdict, by keyboard'() {
    const { page, close } = await open({ stage: 'stop_advised' }, '/release');
    await page.waitForSelector('[data-testid=apply-auto-label]');
    await page.click('[data-testid=apply-auto-label]');
    await painted(page);
    assert.equal(new URL(page.url()).pathname, '/audit');
    for (let i = 0; i < 120 && (await page.locator('[data-testid=verdict]').count()) === 0; i++) {
      const before = await current(page).catch(() => null);
      await page.keyboard.press('Enter');
      await page.waitForFunction(
        (id) =>
          document.querySelector('[data-testid=verdict]') !== null ||
          (document.querySelector('[data-testid=viewer]').dataset.image !== id &&
            document.querySelector('[data-testid=viewer]').dataset.ready === 'true'),
        before,
      );
    }
    assert.equal(await page.getAttribute('[data-testid=verdict]', 'data-verdict'), 'certified');
    const times = await page.evaluate(() =>
      window.__autolabelTimings.map((t) => t.milliseconds).sort((a, b) => a - b),
    );
    console.log(
      `   audit, next image painted (server draws it): median ${times[Math.floor(times.length / 2)].toFixed(0)} ms`,
    );
    await close();
  },

  async 'findings: toggles by key and mouse, none too, changed and taken back'() {
    const { page, server, close } = await open({ task: 'findings' }, '/label');
    await painted(page);
    const before = server.fake.counts().labeled;
    const pressed = () =>
      page.$$eval('.choice', (all) => all.map((choice) => choice.getAttribute('aria-pressed') === 'true'));
    const answerOf = (id) => server.fake.imageView(Number(id)).answer;
    const first = await current(page);
    assert.deepEqual(await pressed(), [false, false, false]);
    assert.equal(await page.textContent('[data-testid=confirm] span'), 'No finding');
    for (const key of ['3', '1', '2', '2']) await page.keyboard.press(key);
    assert.deepEqual(await pressed(), [true, false, true]);
    assert.match(await page.textContent('[data-testid=confirm] span'), /Save 2.findings/);
    await press(page, 'Enter');
    const second = await current(page);
    assert.deepEqual(await pressed(), [false, false, false]);
    await page.keyboard.press('1');
    await page.keyboard.press('0');
    assert.deepEqual(await pressed(), [false, false, false]);
    await press(page, 'Enter');
    await saved(page);
    assert.deepEqual(answerOf(first), { kind: 'findings', present: [0, 2] });
    assert.deepEqual(answerOf(second), { kind: 'findings', present: [] });
    // A held Enter says "no finding" once, not for every image that follows.
    const third = await current(page);
    await page.keyboard.down('Enter');
    for (let i = 0; i < 10; i++) await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await painted(page);
    await saved(page);
    assert.equal(server.fake.counts().labeled, before + 3);
    // Backspace takes back what was switched before it goes back an image.
    await page.keyboard.press('2');
    await page.keyboard.press('Backspace');
    assert.deepEqual(await pressed(), [false, false, false]);
    await press(page, 'Backspace');
    assert.equal(await current(page), third);
    await press(page, 'Backspace');
    await press(page, 'Backspace');
    assert.equal(await current(page), first);
    assert.deepEqual(await pressed(), [true, false, true]);
    assert.match(await page.textContent('[data-testid=looking-back]'), /answered effusion, pneumothorax/);
    await page.click('[data-testid=class-1]');
    await page.click('[data-testid=confirm]');
    await saved(page);
    assert.deepEqual(answerOf(first), { kind: 'findings', present: [0, 1, 2] });
    assert.equal(server.fake.counts().labeled, before + 3);
    await close();
  },

  async 'findings: an outage and a reload lose no set and double none'() {
    const { page, server, close } = await open({ task: 'findings' }, '/label');
    await painted(page);
    await prefetched(page);
    const before = server.fake.counts().labeled;
    server.control.down = true;
    const shown = [];
    for (const key of ['1', '0', '2']) {
      shown.push(Number(await current(page)));
      await page.keyboard.press(key);
      await press(page, 'Enter');
    }
    await page.waitForSelector('[data-testid=away-banner]');
    await page.reload();
    server.control.down = false;
    await painted(page);
    await saved(page);
    await outboxIsEmpty(page);
    assert.equal(server.fake.counts().labeled, before + 3);
    assert.equal(server.fake.answered(), 3);
    assert.deepEqual(
      shown.map((id) => server.fake.imageView(id).answer.present),
      [[0], [], [1]],
    );
    await close();
  },

  async 'findings: audit agrees as it stands and corrects from there'() {
    const { page, server, close } = await open({ task: 'findings', stage: 'auditing' }, '/audit');
    await painted(page);
    const { wrong } = server.fake.auditView();
    const said = () => page.textContent('[data-testid=proposed-label]');
    await press(page, 'Enter');
    assert.match(await page.textContent('[data-testid=last-check]'), /agreed: /);
    assert.equal(server.fake.auditView().wrong, wrong);
    const { next } = server.fake.auditView();
    assert.equal(
      await said(),
      next.label.map((i) => ['effusion', 'nodule', 'pneumothorax'][i]).join(', ') || 'No finding',
    );
    await page.keyboard.press('2');
    assert.equal(await page.locator('[data-testid=agree]').count(), 0);
    await page.keyboard.press('Backspace');
    await page.waitForSelector('[data-testid=agree]');
    await page.keyboard.press('2');
    const before = await current(page);
    await page.click('[data-testid=correct]');
    await page.waitForFunction(
      (id) => document.querySelector('[data-testid=viewer]').dataset.image !== id,
      before,
    );
    assert.match(await page.textContent('[data-testid=last-check]'), /corrected to /);
    assert.equal(server.fake.auditView().wrong, wrong + 1);
    await close();
  },

  async 'findings: relabeling on the data screen, and where each is seen'() {
    const { page, server, close } = await open({ task: 'findings' }, '/data');
    const id = [...Array(12).keys()].find((image) => server.fake.imageView(image).state === 'unlabeled');
    await page.click(`[data-testid=image-${id}]`);
    await painted(page);
    await page.keyboard.press('Enter');
    assert.equal(server.fake.imageView(id).answer, null);
    await page.keyboard.press('g');
    await page.waitForSelector('[data-testid=heat-note][data-state=shown]');
    await page.selectOption('[data-testid=heat-finding]', '2');
    await page.waitForFunction(() =>
      document.querySelector('[data-testid=heat-note]').textContent.includes('speaks for pneumothorax'),
    );
    await page.keyboard.press('g');
    await page.click('.detail-place');
    await page.keyboard.press('1');
    await page.keyboard.press('3');
    await page.keyboard.press('Enter');
    await saved(page);
    await page.waitForSelector('[data-testid=confirm]:disabled');
    assert.deepEqual(server.fake.imageView(id).answer, { kind: 'findings', present: [0, 2] });
    await close();
  },

  async 'findings: the task is fixed once there are labels'() {
    const { page, close } = await open({ task: 'findings' }, '/settings');
    await page.waitForSelector('[data-testid=task-classification]:disabled');
    assert.match(await page.textContent('[data-testid=task-fixed]'), /only as long as nothing is labeled/);
    await close();
    const fresh = await open({ stage: 'empty' }, '/');
    await fresh.page.click('[data-testid=task-findings]');
    await fresh.page.fill('#class-names', 'effusion\nnodule');
    await fresh.page.click('text=Start labeling');
    await painted(fresh.page);
    assert.equal(fresh.server.fake.view().settings.schema.task, 'findings');
    await fresh.page.waitForSelector('[data-testid=confirm]');
    await fresh.close();
  },

  async 'more than ten findings: the tenth digit and the palette'() {
    const { page, server, close } = await open({ task: 'findings', classes: 14 }, '/label');
    await painted(page);
    const id = Number(await current(page));
    await page.keyboard.press('0');
    await page.keyboard.press('/');
    await page.keyboard.type('finding 13');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=class-12][aria-pressed=true]');
    await press(page, 'Enter');
    await saved(page);
    assert.deepEqual(server.fake.imageView(id).answer, { kind: 'findings', present: [9, 12] });
    await close();
  },

  async 'findings on a phone, by touch'() {
    const { page, server, close } = await open({ task: 'findings' }, '/label', PHONE);
    await painted(page);
    const first = await current(page);
    await page.tap('[data-testid=class-1]');
    await page.tap('[data-testid=class-2]');
    await page.tap('[data-testid=confirm]');
    await page.waitForFunction(
      (id) => document.querySelector('[data-testid=viewer]').dataset.image !== id,
      first,
    );
    await saved(page);
    assert.deepEqual(server.fake.imageView(Number(first)).answer, { kind: 'findings', present: [1, 2] });
    await close();
  },

  async 'more than ten classes: the palette'() {
    const { page, server, close } = await open({ classes: 14 }, '/label');
    await painted(page);
    const id = Number(await current(page));
    await page.keyboard.press('/');
    await page.keyboard.type('finding 13');
    await page.keyboard.press('Enter');
    await painted(page);
    await saved(page);
    assert.equal(server.fake.imageView(id).answer.class, 12);
    await close();
  },

  async 'a phone: labeling by touch'() {
    const { page, server, close } = await open({}, '/label', PHONE);
    await painted(page);
    const before = server.fake.counts().labeled;
    const first = await current(page);
    await page.tap('[data-testid=class-1]');
    await page.waitForFunction(
      (id) => document.querySelector('[data-testid=viewer]').dataset.image !== id,
      first,
    );
    await painted(page);
    await page.tap('[data-testid=back]');
    await page.waitForSelector('[data-testid=looking-back]');
    await page.tap('[data-testid=leave-earlier]');
    await page.waitForSelector('[data-testid=looking-back]', { state: 'detached' });
    await saved(page);
    assert.equal(server.fake.counts().labeled, before + 1);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button')]
        .filter((b) => b.offsetParent !== null && b.getBoundingClientRect().height < 36)
        .map((b) => b.textContent),
    );
    assert.deepEqual(small, []);
    await close();
  },
};

let failed = 0;
for (const [name, walk] of Object.entries(WALKS)) {
  if (!name.includes(process.argv[2] ?? '')) continue;
  try {
    console.log(`→  ${name}`);
    await walk();
  } catch (error) {
    failed += 1;
    console.error(`✗  ${name}\n${error.stack}`);
  }
}
await browser.close();
console.log(failed === 0 ? 'All walks passed.' : `${failed} walks failed.`);
process.exit(failed === 0 ? 0 : 1);
