// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CurveView, ProjectView, Stage } from '../../api/types';
import { curve, jobs, project } from '../../state/project';
import { HomePage } from './home-page';

const { changeSettings } = vi.hoisted(() => ({ changeSettings: vi.fn() }));
vi.mock('../../api/client', async (original) => ({
  ...(await original<typeof import('../../api/client')>()),
  changeSettings,
}));

const effort = { hours: 2, money: 200 };

const view = (stage: Stage, part: Partial<ProjectView> = {}): ProjectView => ({
  id: '0123456789abcdef',
  settings: {
    name: 'Chest',
    schema: {
      task: 'classification',
      classes: [
        { name: 'normal', color: '#56b4e9' },
        { name: 'pneumonia', color: '#e69f00' },
      ],
    },
    target_error: 0.05,
    budget_share: 0.15,
    batch_size: 50,
    strategy: 'auto',
    currency: 'EUR',
    cost: { money_per_hour: 100, seconds_per_label: 10, seconds_per_audit: 8 },
  },
  stage,
  counts: {
    images: 9000,
    labeled: 648,
    auto_labeled: 0,
    unreadable: 0,
    unlabeled: 8352,
    returned: 0,
    flagged: 0,
    refused: 0,
    duplicates: 0,
  },
  round: 12,
  batch_done: 12,
  batch_size: 50,
  seconds_per_label: 9,
  spent: effort,
  saved: effort,
  by_hand: effort,
  backbone: 'EfficientNet-Lite0',
  notices: [],
  ...part,
});

const CURVE: CurveView = {
  points: [
    {
      labels: 600,
      accuracy: 0.918,
      low: 0.85,
      high: 0.96,
      random_labels: 60,
      auto_share: 0.8,
      kappa: 0.98,
      round_seconds: 0.3,
    },
  ],
  stop_at_labels: 600,
  advice: {
    stop: true,
    headline: 'Stop labeling.',
    reasons: [{ name: 'gain', met: true, text: 'The gain is small.' }],
    auto_labels_now: 7000,
    next_gain: 10,
    next_gain_low: -5,
    next_gain_high: 30,
    next_effort: effort,
  },
};

beforeAll(() => {
  globalThis.ResizeObserver = class {
    observe(): void {
      // Nothing is laid out here.
    }
    unobserve(): void {
      // As above.
    }
    disconnect(): void {
      // As above.
    }
  };
  vi.stubGlobal(
    'fetch',
    vi.fn(() => Promise.resolve(new Response('[]', { headers: { 'content-type': 'application/json' } }))),
  );
});

afterEach(() => {
  act(() => {
    render(null, document.body);
  });
  project.value = null;
  curve.value = null;
  jobs.value = [];
});

function draw(): HTMLElement {
  act(() => {
    render(<HomePage />, document.body);
  });
  return document.body;
}

const text = (selector: string): string =>
  (document.querySelector(selector)?.textContent ?? '').replace(/\u00a0/g, ' ');

describe('home', () => {
  it.each([
    ['labeling', 'Continue labeling', '/label'],
    ['stop_advised', 'Auto-label the rest', '/release'],
    ['auditing', 'Continue the audit', '/audit'],
    ['certified', 'Open the certificate', '/release'],
    ['refuted', 'Continue labeling', '/label'],
  ] as const)('%s: the one button says “%s” and has the focus', (stage, words, href) => {
    project.value = view(stage);
    draw();
    const button = document.querySelector('[data-testid=primary-action]');
    expect(button?.textContent).toContain(words);
    expect(button?.getAttribute('href')).toBe(href);
    expect(document.activeElement).toBe(button);
  });

  it('says “Start labeling” before the first label', () => {
    const counts = { ...view('labeling').counts, labeled: 0, unlabeled: 9000 };
    project.value = view('labeling', { counts, round: 0 });
    draw();
    expect(text('[data-testid=primary-action]')).toContain('Start labeling');
    expect(text('[data-testid=advice]')).toContain('It tells you when to stop');
  });

  it('asks for class names when there are none', () => {
    const { settings } = view('labeling');
    project.value = view('labeling', {
      settings: { ...settings, schema: { ...settings.schema, classes: [] } },
    });
    draw();
    expect(document.querySelector('[data-testid=name-classes]')).not.toBeNull();
    expect(document.querySelector('[data-testid=primary-action]')).toBeNull();
  });

  it('asks for findings where an image may show several, and sends the task with them', async () => {
    const { settings } = view('labeling');
    project.value = view('labeling', {
      settings: { ...settings, schema: { ...settings.schema, classes: [] } },
    });
    draw();
    const form = document.querySelector('[data-testid=name-classes]');
    const names = form?.querySelector('textarea');
    act(() => {
      form?.querySelector<HTMLInputElement>('[data-testid=task-findings]')?.click();
    });
    expect(form?.textContent).toContain('One finding a line');
    act(() => {
      if (names == null) return;
      names.value = 'effusion';
      names.dispatchEvent(new Event('input', { bubbles: true }));
    });
    changeSettings.mockRejectedValueOnce(new Error('There are labels already.'));
    await act(async () => {
      form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      await Promise.resolve();
    });
    expect(changeSettings).toHaveBeenCalledWith({
      schema: { task: 'findings', classes: [{ name: 'effusion', color: '#56b4e9' }] },
    });
    expect(text('[data-testid=banner]')).toContain('There are labels already.');
  });

  it('shows the import with its rate and time left', () => {
    project.value = view('importing');
    jobs.value = [
      {
        id: 1,
        kind: 'import',
        state: 'running',
        message: 'Importing',
        done: 400,
        total: 1000,
        rate: 50,
        seconds_left: 12,
      },
    ];
    draw();
    expect(text('[data-testid=importing]')).toContain('400 of 1,000 images');
    expect(text('[data-testid=importing]')).toContain('50 a second');
    expect(text('[data-testid=importing]')).toContain('about 12 s left');
  });

  it('names labeled, auto and to check after auto-labeling', () => {
    const counts = { ...view('auditing').counts, auto_labeled: 7920, unlabeled: 432, returned: 432 };
    project.value = view('auditing', { counts });
    draw();
    expect(
      document
        .querySelector('.ring')
        ?.getAttribute('aria-label')
        ?.replace(/\u00a0/g, ' '),
    ).toBe('labeled 7.2 % · auto 88.0 % · to check 4.8 %');
    expect(text('[data-testid=counts]')).toContain('to check432');
  });

  it('shows the advice, its reasons and the curve with a table', () => {
    project.value = view('stop_advised');
    curve.value = CURVE;
    draw();
    expect(text('[data-testid=advice]')).toContain('Stop labeling.');
    expect(text('[data-testid=advice]')).toContain('Speaks for stopping: The gain is small.');
    expect(text('[data-testid=curve-table]')).toContain('91.8 % (85.0 to 96.0)');
    expect(document.querySelector('.chart svg')?.getAttribute('aria-label')).toContain(
      'Stopping was first advised at 600 labels',
    );
  });
});
