// Runs axe-core (WCAG 2.0 to 2.2, A and AA) over every screen, wide and narrow. Exits 1 on a violation.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DESKTOP, openBrowser, painted, PHONE } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const settle = (page) => page.waitForTimeout(400);
const press = (key) => async (page) => {
  await painted(page);
  await page.keyboard.press(key);
};

const SCREENS = [
  ['importing', '/', settle],
  ['empty', '/', settle],
  ['fresh', '/', settle],
  ['labeling', '/', settle],
  ['stop_advised', '/', settle],
  ['certified', '/', settle],
  ['labeling', '/label', painted],
  ['labeling', '/label', press('?')],
  [
    'labeling',
    '/label',
    async (page) => {
      await painted(page);
      await page.keyboard.press('w');
      await page.keyboard.press('/');
    },
  ],
  [
    'labeling',
    '/label',
    async (page, server) => {
      await painted(page);
      server.control.down = true;
      await page.keyboard.press('1');
      await page.waitForSelector('[data-testid=away-banner]');
    },
  ],
  ['auditing', '/audit', painted],
  ['certified', '/audit', settle],
  ['auditing', '/data', (page) => page.waitForTimeout(1200)],
  [
    'auditing',
    '/data',
    async (page) => {
      await page.click('[data-testid=image-1]');
      await painted(page);
    },
  ],
  ['stop_advised', '/model', settle],
  ['stop_advised', '/release', settle],
  ['certified', '/release', settle],
  ['labeling', '/settings', settle],
  ['empty', '/', settle, 'findings'],
  ['labeling', '/label', press('2'), 'findings'],
  ['labeling', '/label', press('?'), 'findings'],
  ['auditing', '/audit', painted, 'findings'],
  ['auditing', '/audit', press('1'), 'findings'],
  [
    'auditing',
    '/data',
    async (page) => {
      await page.click('[data-testid=image-1]');
      await painted(page);
      await page.keyboard.press('g');
      await page.waitForSelector('[data-testid=heat-note][data-state=shown]');
    },
    'findings',
  ],
  ['stop_advised', '/model', settle, 'findings'],
  ['stop_advised', '/release', settle, 'findings'],
  ['fresh', '/settings', settle, 'findings'],
];

const browser = await openBrowser();
let violations = 0;
for (const [stage, address, act, task] of SCREENS) {
  for (const size of [DESKTOP, PHONE]) {
    const server = await startFakeServer({ stage, task });
    // The policy of the server would refuse the injected checker; only here it is lifted.
    const context = await browser.newContext({ ...size, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(server.url + address);
    await act(page, server);
    await page.evaluate(axe);
    const result = await page.evaluate(() =>
      globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
    );
    for (const violation of result.violations) {
      violations += 1;
      console.error(
        `${stage} ${address} ${size === PHONE ? 'phone' : 'wide'}: ${violation.id}: ${violation.help}`,
      );
      for (const node of violation.nodes.slice(0, 5))
        console.error(`   ${node.html}\n   ${node.failureSummary.replaceAll('\n', ' ')}`);
    }
    await context.close();
    server.close();
  }
}
await browser.close();
console.log(`${SCREENS.length * 2} screens, ${violations} violations.`);
process.exit(violations === 0 ? 0 : 1);
