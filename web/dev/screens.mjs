// Pictures of every screen, wide and narrow, into web/screenshots (or the folder given): node dev/screens.mjs [folder] [filter]
// Fails when a page asks for anything off its origin, logs an error, or is wider than the window.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DESKTOP, openBrowser, painted, PHONE } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';

const folder = process.argv[2] ?? 'screenshots';
const filter = process.argv[3] ?? '';
mkdirSync(folder, { recursive: true });

const settle = (page) => page.waitForTimeout(350);
const room = async (page) => painted(page);

const switchTwo = async (page) => {
  await painted(page);
  await page.keyboard.press('1');
  await page.keyboard.press('3');
};

const grid = (page) => page.waitForTimeout(1800);
const showKeys = async (page) => {
  await painted(page);
  await page.keyboard.press('?');
  await page.waitForSelector('[data-testid=key-card]');
};
/** Back to the image that was answered a moment ago. */
const lookBack = async (page) => {
  await page.waitForTimeout(300);
  await page.keyboard.press('Backspace');
  await painted(page);
};

/** Name, stage, path, what to do before the picture, task where it is not classes. */
const SHOTS = [
  ['home-importing', 'importing', '/', settle],
  ['home-empty', 'empty', '/', settle],
  ['home-fresh', 'fresh', '/', settle],
  ['home-labeling', 'labeling', '/', settle],
  ['home-stop', 'stop_advised', '/', settle],
  ['home-auditing', 'auditing', '/', settle],
  ['home-certified', 'certified', '/', settle],
  ['home-refuted', 'refuted', '/', settle],
  ['label', 'labeling', '/label', room],
  [
    'label-why',
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      await page.keyboard.press('w');
    },
  ],
  [
    'label-peek',
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      await page.keyboard.press('2');
      await lookBack(page);
      await page.keyboard.down('g');
      await page.waitForSelector('.prediction');
    },
  ],
  [
    'label-back',
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      await page.keyboard.press('2');
      await lookBack(page);
    },
  ],
  ['label-keys', 'labeling', '/label', showKeys],
  [
    'label-palette',
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      await page.keyboard.press('/');
      await page.waitForSelector('[data-testid=class-palette]');
    },
  ],
  [
    'label-away',
    'labeling',
    '/label',
    async (page, server) => {
      await painted(page);
      server.control.down = true;
      await page.keyboard.press('1');
      await page.waitForSelector('[data-testid=away-banner]');
      await painted(page);
    },
  ],
  [
    'label-zoom',
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      for (let i = 0; i < 6; i++) await page.keyboard.press('+');
      await page.keyboard.press('i');
      await page.waitForTimeout(200);
    },
  ],
  ['label-canvas2d', 'labeling', '/label?canvas2d', room],
  ['audit', 'auditing', '/audit', room],
  ['audit-certified', 'certified', '/audit', settle],
  ['audit-refuted', 'refuted', '/audit', settle],
  ['audit-none', 'labeling', '/audit', settle],
  ['data', 'auditing', '/data', grid],
  [
    'data-detail',
    'auditing',
    '/data',
    async (page) => {
      await page.waitForSelector('[data-testid=image-2]');
      await page.click('[data-testid=image-2]');
      await painted(page);
      await page.waitForTimeout(300);
    },
  ],
  ['model', 'stop_advised', '/model', settle],
  ['release', 'stop_advised', '/release', settle],
  ['release-auditing', 'auditing', '/release', settle],
  ['release-certified', 'certified', '/release', settle],
  ['settings', 'labeling', '/settings', settle],
  ['label-findings', 'labeling', '/label', switchTwo, 'findings'],
  [
    'label-findings-back',
    'labeling',
    '/label',
    async (page) => {
      await switchTwo(page);
      await page.keyboard.press('Enter');
      await lookBack(page);
    },
    'findings',
  ],
  ['label-findings-keys', 'labeling', '/label', showKeys, 'findings'],
  ['audit-findings', 'auditing', '/audit', room, 'findings'],
  ['audit-findings-corrected', 'auditing', '/audit', switchTwo, 'findings'],
  ['data-findings', 'auditing', '/data', grid, 'findings'],
  [
    'data-findings-detail',
    'auditing',
    '/data',
    async (page) => {
      await page.click('[data-testid=image-2]');
      await painted(page);
      await page.keyboard.press('g');
      await page.waitForSelector('[data-testid=heat-note][data-state=shown]');
    },
    'findings',
  ],
  ['model-findings', 'stop_advised', '/model', settle, 'findings'],
  ['release-findings', 'stop_advised', '/release', settle, 'findings'],
  ['settings-findings', 'fresh', '/settings', settle, 'findings'],
  ['home-findings', 'empty', '/', settle, 'findings'],
];

const browser = await openBrowser();
let failures = 0;
for (const [name, stage, address, act, task] of SHOTS) {
  if (!name.includes(filter)) continue;
  for (const [size, options] of [
    ['wide', DESKTOP],
    ['phone', PHONE],
  ]) {
    const server = await startFakeServer({ stage, task });
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complain = (text) => {
      failures += 1;
      console.error(`${name} ${size}: ${text}`);
    };
    page.on('console', (message) => {
      // The tests that take the server away make the browser log failed requests.
      if (message.type() === 'error' && !server.control.down && !message.text().includes('404'))
        complain(message.text());
    });
    page.on('pageerror', (error) => complain(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:'))
        complain(`asks for ${request.url()}`);
    });
    await page.goto(server.url + address);
    await act(page, server);
    const overflow = await page.evaluate(
      (width) => document.documentElement.scrollWidth - width,
      options.viewport.width,
    );
    if (overflow > 0) complain(`${overflow} px wider than the window`);
    await page.screenshot({ path: path.join(folder, `${name}-${size}.png`) });
    await context.close();
    server.close();
  }
}
await browser.close();
console.log(failures === 0 ? 'All screens drawn.' : `${failures} complaints.`);
process.exit(failures === 0 ? 0 : 1);
