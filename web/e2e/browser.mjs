/** A real Chromium, watched: console errors and requests to anywhere else fail the test. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SHOTS = join(dirname(fileURLToPath(import.meta.url)), 'shots');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function launchBrowser(test) {
  const browser = await chromium.launch({
    executablePath: process.env.AUTOLABEL_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      // WebGL2 in software, as on a machine without a graphics card.
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-dev-shm-usage',
      // Nothing of the browser's own may go out, or "no request elsewhere" means little.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ],
  });
  test.after(() => browser.close());
  return browser;
}

/** A page whose complaints and foreign requests are kept in `page.complaints`. */
export async function openPage(browser, origin, viewport = DESKTOP) {
  const context = await browser.newContext({ viewport, acceptDownloads: true });
  const page = await context.newPage();
  page.complaints = [];
  /** Set while the server is meant to be away. */
  page.mayMissServer = false;
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    if (page.mayMissServer && /ERR_(CONNECTION|EMPTY|INCOMPLETE)/.test(message.text())) return;
    page.complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  context.on('request', (request) => {
    const url = request.url();
    const ours = url.startsWith(`${origin}/`) || url.startsWith('data:') || url.startsWith(`blob:${origin}`);
    if (!ours) page.complaints.push(`request elsewhere: ${url}`);
  });
  return page;
}

/** Fails when the page complained since the last call. */
export function assertNoComplaints(page) {
  assert.deepEqual(page.complaints.splice(0), []);
}

/** Looks at the page as it stands in both sizes: a screenshot, and axe without a violation. */
export async function review(page, name) {
  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    await page.setViewportSize(viewport);
    await settled(page);
    await picture(page, `${name}-${size}`);
    await assertAccessible(page, `${name} (${size})`);
    await assertFits(page, `${name} (${size})`);
  }
  await page.setViewportSize(DESKTOP);
  await settled(page);
}

/** Saves what the page looks like to web/e2e/shots. */
export async function picture(page, name) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** The image of a reading room is painted again after a change of size, and fonts are there. */
async function settled(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
}

async function assertAccessible(page, name) {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const violations = await page.evaluate(async () => {
    const results = await window.axe.run(document, { resultTypes: ['violations'] });
    return results.violations.map(
      (rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    );
  });
  assert.deepEqual(violations, [], `accessibility of ${name}`);
}

/** Nothing makes the page wider than the screen. */
async function assertFits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${name} is ${content} px wide on a screen of ${window} px`);
}

/** Moves the focus with Tab until it is on the element with this test id. */
export async function tabTo(page, testId) {
  for (let step = 0; step < 80; step++) {
    const found = await page.evaluate(
      (id) => document.activeElement?.getAttribute('data-testid') === id,
      testId,
    );
    if (found) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${testId}`);
}

/** The value below which 95 of 100 lie. */
export function percentile95(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)];
}
