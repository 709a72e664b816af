// A project without a program behind it: counts, queue, curve and audit that look and react like the
// real ones, for development and screenshots. Nothing is trained here.
import { random, truthOf } from './phantom.mjs';

const UNLABELED = 0;
const LABELED = 1;
const AUTO = 2;
const UNREADABLE = 3;
const RETURNED = 4;
const STATES = ['unlabeled', 'labeled', 'auto_labeled', 'unreadable', 'returned'];
/** Labels are kept as numbers: a class, or one bit for each finding. */
const NOBODY = 0xffff;

const CLASSES = [
  { name: 'normal', color: '#56b4e9' },
  { name: 'pneumonia', color: '#e69f00' },
  { name: 'COVID-19', color: '#2fbf8f' },
];

const FINDINGS = [
  { name: 'effusion', color: '#56b4e9' },
  { name: 'nodule', color: '#e69f00' },
  { name: 'pneumothorax', color: '#2fbf8f' },
];

function settings(stage, classCount, task) {
  const known = task === 'findings' ? FINDINGS : CLASSES;
  const names = Array.from(
    { length: classCount },
    (_, i) => known[i] ?? { name: `finding ${i + 1}`, color: '#b9c0c8' },
  );
  return {
    name: task === 'findings' ? 'Chest X-rays, findings' : 'Chest X-rays, three classes',
    schema: { task, classes: stage === 'empty' ? [] : names },
    target_error: 0.05,
    budget_share: 0.15,
    batch_size: 50,
    strategy: 'auto',
    currency: 'EUR',
    cost: { money_per_hour: 120, seconds_per_label: 12, seconds_per_audit: 8 },
  };
}

const answerOf = (label) =>
  Array.isArray(label) ? { kind: 'findings', present: label } : { kind: 'class', class: label };

/** How many labels each stage begins with. */
const LABELS_AT = {
  empty: 0,
  fresh: 0,
  importing: 0,
  labeling: 361,
  stop_advised: 648,
  auditing: 648,
  certified: 648,
  refuted: 648,
};

export function createProject({
  images: count,
  stage,
  classes = 3,
  folder = 'scans',
  task = 'classification',
}) {
  const state = new Uint8Array(count);
  const answers = new Uint16Array(count).fill(NOBODY);
  const auto = new Uint16Array(count).fill(NOBODY);
  const origins = new Map();
  const flags = new Set();
  const journal = [];
  const seen = new Map();
  const project = { stage, settings: settings(stage, classes, task), round: 0, jobs: [], refused: [] };
  const next = random(11);
  const audit = { population: 0, checked: 0, wrong: 0, verdict: 'running', order: [], attempt: 0 };
  let dealt = 0;
  const asked = new Set();

  const file = (id) =>
    `${folder}/patient-${String(1000 + (id % 3100))}/chest-${String(id).padStart(6, '0')}.png`;
  const doubt = (id) => random(id + 3)();

  const asksFindings = () => project.settings.schema.task === 'findings';
  /** The label that a kept number stands for, and the other way round. */
  const labelOf = (code) =>
    asksFindings() ? Array.from({ length: 16 }, (_, i) => i).filter((i) => (code >> i) & 1) : code;
  const codeOf = (answer) => {
    if (answer.kind === 'unreadable') return null;
    return answer.kind === 'class' ? answer.class : answer.present.reduce((code, i) => code | (1 << i), 0);
  };
  const names = (code, index) => (asksFindings() ? ((code >> index) & 1) === 1 : code === index);
  /** What an image shows: half show nothing, some two findings. */
  const truth = (id) =>
    asksFindings() ? [0, 1, 2, 3, 5][Math.floor(random(id + 7)() ** 2 * 5)] : truthOf(id);

  const label = (id, value, origin) => {
    asked.delete(id);
    state[id] = value === null ? UNREADABLE : LABELED;
    answers[id] = value ?? NOBODY;
    origins.set(id, origin);
  };

  const start = LABELS_AT[stage] ?? 0;
  for (let i = 0; i < start; i++)
    label((i * 7919) % count, truth((i * 7919) % count), i % 10 === 0 ? 'random' : 'chosen');
  dealt = start;
  if (stage !== 'fresh' && stage !== 'empty' && stage !== 'importing') project.round = Math.floor(start / 50);
  for (let i = 0; i < 9 && start > 0; i++) flags.add((i * 7919 * 13) % count);
  if (stage === 'importing' || start > 0) {
    project.refused = [
      {
        file: 'scans/patient-1207/broken.png',
        reason:
          'The file ends in the middle of the picture (31 of 4,096 rows). Copy it again from its source.',
      },
      {
        file: 'scans/notes.png',
        reason: 'This is a text file named .png. Remove it, or give the picture that belongs here.',
      },
      {
        file: 'scans/patient-2214/huge.png',
        reason:
          'The header asks for 30,000 × 30,000 pixels, more than the limit of 400 million. Raise the limit or reduce the picture.',
      },
    ];
  }

  const isOpen = (id) => state[id] === UNLABELED || state[id] === RETURNED;

  const counts = () => {
    const tally = [0, 0, 0, 0, 0];
    for (let i = 0; i < count; i++) tally[state[i]]++;
    return {
      images: count,
      labeled: tally[LABELED],
      auto_labeled: tally[AUTO],
      unreadable: tally[UNREADABLE],
      unlabeled: tally[UNLABELED] + tally[RETURNED],
      returned: tally[RETURNED],
      flagged: flags.size,
      refused: project.refused.length,
      duplicates: Math.floor(count * 0.004),
    };
  };

  const predictFindings = (id) => {
    const code = doubt(id) < 0.09 ? truth(id) ^ 1 : truth(id);
    const probabilities = project.settings.schema.classes.map((_, i) => {
      const sure = 0.55 + 0.44 * random(id * 17 + i)() ** 0.45;
      return names(code, i) ? sure : 1 - sure;
    });
    return { label: labelOf(code), probabilities };
  };

  const predict = (id) => {
    if (asksFindings()) return predictFindings(id);
    const sure = 0.42 + 0.57 * doubt(id) ** 0.45;
    const rest = project.settings.schema.classes.length - 1;
    const wrong = doubt(id) < 0.09;
    const top = wrong ? (truth(id) + 1) % (rest + 1) : truth(id);
    const others = Array.from({ length: rest }, (_, i) => 1 / (i + 1.4));
    const sum = others.reduce((a, b) => a + b, 0);
    let k = 0;
    const probabilities = project.settings.schema.classes.map((_, i) =>
      i === top ? sure : ((1 - sure) * others[k++]) / sum,
    );
    return { label: top, probabilities };
  };

  const imageView = (id, blind = false) => ({
    id,
    file: file(id),
    width: 768,
    height: 768,
    state: STATES[state[id]],
    flagged: flags.has(id),
    answer:
      state[id] === LABELED
        ? asksFindings()
          ? { kind: 'findings', present: labelOf(answers[id]) }
          : { kind: 'class', class: answers[id] }
        : state[id] === UNREADABLE
          ? { kind: 'unreadable' }
          : null,
    origin: origins.get(id) ?? null,
    auto_label: auto[id] === NOBODY ? null : labelOf(auto[id]),
    prediction: blind || project.round === 0 || asked.has(id) ? null : predict(id),
    group: `patient-${1000 + (id % 3100)}`,
    duplicate_of: id % 250 === 249 ? id - 1 : null,
  });

  const why = (id, position) => {
    if (project.round === 0)
      return {
        origin: 'cold_start',
        strategy: 'k-means medoids',
        score: null,
        text: 'It stands for a group of similar images of which none is labeled yet.',
      };
    if (position % 10 === 4)
      return {
        origin: 'random',
        strategy: 'uniform',
        score: null,
        text: 'It was drawn at random, so that the accuracy can be measured without bias.',
      };
    const { probabilities } = predict(id);
    const top = probabilities.indexOf(Math.max(...probabilities));
    const { classes: known } = project.settings.schema;
    const second = probabilities.indexOf(Math.max(...probabilities.filter((_, i) => i !== top)));
    return {
      origin: state[id] === RETURNED ? 'returned' : 'chosen',
      strategy: 'power-margin',
      score: 1 - probabilities[top],
      text: `The model hesitates between ${known[top].name} and ${known[second].name} (${probabilities[top].toFixed(2)} to ${probabilities[second].toFixed(2)}).`,
    };
  };

  const queue = (wanted) => {
    const items = [];
    const returnedFirst = project.stage === 'certified' || project.stage === 'auditing';
    for (let i = dealt; items.length < wanted && i < dealt + 4000; i++) {
      const id = (i * 7919) % count;
      if (!isOpen(id) || (returnedFirst && state[id] !== RETURNED)) continue;
      const position = ((journal.length + items.length + 11) % 50) + 1;
      asked.add(id);
      items.push({ image: imageView(id, true), reason: why(id, position), position, batch_size: 50 });
    }
    const done = (journal.length + 11) % 50;
    return {
      items,
      batch_done: done,
      batch_size: 50,
      minutes_left: ((50 - done) * 9) / 60,
      empty_because: items.length ? null : 'Every image has a label.',
    };
  };

  const points = () => {
    const rounds = Math.floor((start + journal.length) / 50);
    return Array.from({ length: rounds }, (_, i) => {
      const labels = (i + 1) * 50;
      const n = Math.max(1, Math.round(labels / 10));
      const accuracy =
        0.93 - 0.29 * Math.exp(-labels / 170) + 0.012 * Math.sin(i * 2.1) * Math.exp(-labels / 600);
      const half = 1.6 * Math.sqrt((accuracy * (1 - accuracy)) / n);
      return {
        labels,
        accuracy: n < 5 ? null : accuracy,
        low: n < 5 ? null : Math.max(0, accuracy - half * 1.15),
        high: n < 5 ? null : Math.min(1, accuracy + half * 0.75),
        random_labels: n,
        auto_share: Math.max(0, 0.9 - 0.95 * Math.exp(-labels / 260)),
        kappa: i === 0 ? null : 1 - 0.5 * Math.exp(-labels / 180),
        round_seconds: 0.18 + labels / 4000,
      };
    });
  };

  const curve = () => {
    const all = points();
    const last = all.at(-1);
    if (last === undefined) return { points: [], stop_at_labels: null, advice: null };
    const stop = last.labels >= 600 || project.stage === 'stop_advised';
    const gain = Math.round(
      count * (0.95 * Math.exp(-last.labels / 260) - 0.95 * Math.exp(-(last.labels + 50) / 260)),
    );
    const effort = { hours: (50 * 9) / 3600, money: 15 };
    return {
      points: all,
      stop_at_labels: last.labels >= 600 ? 600 : null,
      advice: {
        stop,
        headline: stop
          ? 'Stop labeling: the model no longer changes, and the next 50 labels would cost more than they save.'
          : `Keep labeling: the next 50 labels should add about ${gain.toLocaleString('en')} auto-labels.`,
        reasons: [
          {
            name: 'gain',
            met: stop,
            text: `The next 50 labels add about ${gain} auto-labels (${gain - 90} to ${gain + 120}) and cost 8 min.`,
          },
          {
            name: 'stability',
            met: last.kappa !== null && last.kappa > 0.9,
            text: `Two models in a row agree on the pool with κ ${(last.kappa ?? 0).toFixed(2)}; 0.95 over three rounds would speak for stopping.`,
          },
          {
            name: 'budget',
            met: false,
            text: `${((100 * last.labels) / count).toFixed(1)} % of the images are labeled; the budget is 15 %.`,
          },
        ],
        auto_labels_now: Math.round(count * last.auto_share * 0.93),
        next_gain: gain,
        next_gain_low: gain - 90,
        next_gain_high: gain + 120,
        next_effort: effort,
      },
    };
  };

  const plan = () => {
    const applied = audit.population > 0;
    const accepted = applied ? audit.population : Math.round((count - counts().labeled) * 0.88);
    const returned = count - counts().labeled - counts().unreadable - accepted;
    return {
      accepted,
      returned,
      threshold: 0.861,
      expected_error: 0.021,
      error_bound: 0.044,
      target_error: 0.05,
      expected_audit: 134,
      unseen: 0,
      applied,
      text: applied
        ? `${accepted.toLocaleString('en')} images were auto-labeled with a probability of 0.86 or more; ${returned.toLocaleString('en')} came back to you.`
        : `${accepted.toLocaleString('en')} images can be auto-labeled with about 2.1 % errors; ${returned.toLocaleString('en')} are too doubtful and stay with you. Expect about 134 audit checks.`,
      per_class: project.settings.schema.classes.map((_, i) =>
        Math.round(accepted * ([0.52, 0.29, 0.19][i] ?? 0)),
      ),
      unusual: 3,
    };
  };

  const applyAuto = () => {
    const wanted = plan().accepted;
    let done = 0;
    for (let id = 0; id < count; id++) {
      if (!isOpen(id)) continue;
      if (doubt(id) > 0.11 && done < wanted) {
        state[id] = AUTO;
        auto[id] = codeOf(answerOf(predict(id).label));
        done++;
      } else state[id] = RETURNED;
    }
    audit.population = done;
    audit.order = Array.from({ length: 400 }, () => Math.floor(next() * count)).filter(
      (id) => state[id] === AUTO,
    );
    audit.attempt = 1;
    project.stage = 'auditing';
  };

  const lowerBound = () =>
    audit.checked === 0 ? 0 : Math.max(0, 1 - (audit.wrong + 3.0) / (audit.checked + 1.5) - 0.004);

  const auditView = () => {
    const bound = lowerBound();
    if (audit.verdict === 'running' && audit.checked > 20 && bound >= 0.95) {
      audit.verdict = 'certified';
      project.stage = 'certified';
    }
    if (audit.verdict === 'running' && audit.wrong >= 12) {
      audit.verdict = 'refuted';
      project.stage = 'refuted';
    }
    const running = audit.verdict === 'running';
    const id = audit.order[audit.checked];
    const left = Math.max(1, 62 + 38 * audit.wrong - audit.checked);
    return {
      population: audit.population,
      checked: audit.checked,
      wrong: audit.wrong,
      target_error: 0.05,
      accuracy_lower_bound: bound,
      clopper_pearson_lower_bound: Math.min(1, bound + 0.004),
      verdict: audit.verdict,
      expected_remaining: running ? left : null,
      attempt: audit.attempt,
      next:
        running && audit.population > 0 && id !== undefined
          ? { image: imageView(id, true), label: labelOf(auto[id]) }
          : null,
      text: {
        running: `${audit.checked} checks so far, ${audit.wrong} errors; about ${left} more are needed.`,
        certified: `At least ${(bound * 100).toFixed(1)} % of the ${audit.population.toLocaleString('en')} auto-labels are right, with 95 % confidence. It took ${audit.checked} checks, ${audit.wrong} of them errors.`,
        refuted:
          'More than 5 % of the auto-labels are wrong, with 95 % confidence. The threshold was raised and the doubtful images came back to you.',
      }[audit.verdict],
    };
  };

  if (['auditing', 'certified', 'refuted'].includes(stage)) {
    applyAuto();
    audit.checked = stage === 'auditing' ? 34 : 96;
    audit.wrong = stage === 'auditing' ? 1 : stage === 'certified' ? 1 : 12;
    project.stage = stage;
    auditView();
  }

  const view = () => {
    const c = counts();
    const spent = (c.labeled * 9 + audit.checked * 6) / 3600;
    const byHand = (count * 9) / 3600;
    const saved = Math.max(0, byHand * 0.9 - spent);
    const euros = (h) => ({ hours: h, money: h * 120 });
    const empty = project.settings.schema.classes.length === 0;
    return {
      id: 'fake',
      settings: project.settings,
      stage: empty ? 'labeling' : ['fresh', 'empty'].includes(project.stage) ? 'labeling' : project.stage,
      counts: c,
      round: project.round,
      batch_done: (journal.length + 11) % 50,
      batch_size: 50,
      seconds_per_label: 9,
      spent: euros(spent),
      saved: euros(saved),
      by_hand: euros(byHand),
      backbone: 'EfficientNet-Lite0 (ImageNet), ONNX Runtime on 2 threads',
      notices: [],
    };
  };

  const models = () =>
    points().map((point, i) => ({
      version: i + 1,
      trained_at_ms: 1763800000000 + i * 900000,
      labels: point.labels,
      head: 'Dirichlet Gaussian process, RBF kernel, scale by marginal likelihood',
      hash: `b3:${(0x9e3779b97f4a7c15n * BigInt(i + 1)).toString(16).slice(0, 16)}a41c09`.padEnd(28, '0'),
      point,
      temperature: 1.14,
      classes: project.settings.schema.classes.map((_, k) => {
        const share = [0.5, 0.3, 0.2][k] ?? 0.05;
        const n = Math.round(point.random_labels * share);
        const value = Math.max(0, (point.accuracy ?? 0.7) - 0.03 * k + 0.02);
        const around = (v) =>
          n < 3
            ? null
            : {
                value: Math.min(1, v),
                low: Math.max(0, v - 1.7 * Math.sqrt((v * (1 - v)) / n)),
                high: Math.min(1, v + 1.1 * Math.sqrt((v * (1 - v)) / n)),
              };
        return {
          class: k,
          labels: Math.round(point.labels * share),
          random_labels: n,
          sensitivity: around(value),
          precision: around(value - 0.015),
          predicted: Math.round((count - point.labels) * share),
        };
      }),
      reliability: [0.45, 0.55, 0.65, 0.75, 0.85, 0.95].map((c, k) => ({
        confidence: c,
        accuracy: Math.min(1, c + [0.06, -0.05, 0.03, -0.03, 0.01, 0.005][k]),
        count: [2, 4, 5, 9, 14, 30][k],
      })),
      calibration_error: 0.024,
    }));

  const passes = (id, q) => {
    if (q.state !== undefined && STATES[state[id]] !== q.state) return false;
    if (q.flagged && !flags.has(id)) return false;
    if (q.duplicates && id % 250 !== 249) return false;
    if (q.class !== undefined) {
      const predicted = codeOf(answerOf(predict(id).label));
      const own = state[id] === LABELED ? answers[id] : auto[id] !== NOBODY ? auto[id] : predicted;
      if (!names(own, q.class)) return false;
    }
    if (q.disagreement) {
      const predicted = codeOf(answerOf(predict(id).label));
      if (state[id] !== LABELED || predicted === answers[id]) return false;
    }
    return q.text === undefined || file(id).includes(q.text);
  };

  const list = (q) => {
    const plain = Object.values({ ...q, offset: undefined, limit: undefined, order: undefined }).every(
      (v) => v === undefined || v === false,
    );
    if (plain && q.order !== 'doubt') {
      const end = Math.min(count, q.offset + q.limit);
      return {
        images: Array.from({ length: Math.max(0, end - q.offset) }, (_, i) => imageView(q.offset + i)),
        total: count,
        offset: q.offset,
      };
    }
    const ids = [];
    for (let id = 0; id < count; id++) if (passes(id, q)) ids.push(id);
    if (q.order === 'doubt') ids.sort((a, b) => doubt(a) - doubt(b));
    return {
      images: ids.slice(q.offset, q.offset + q.limit).map((id) => imageView(id)),
      total: ids.length,
      offset: q.offset,
    };
  };

  return {
    count,
    project,
    view,
    curve,
    queue,
    list,
    imageView,
    plan,
    applyAuto,
    auditView,
    models,
    counts,
    answer(request) {
      const known = seen.get(request.idempotency_key);
      if (known !== undefined) return known;
      label(request.image, codeOf(request.answer), 'chosen');
      if (!journal.includes(request.image)) journal.push(request.image);
      const receipt = { sequence: start + journal.length, image: request.image, queue: queue(4) };
      seen.set(request.idempotency_key, receipt);
      return receipt;
    },
    undo() {
      const id = journal.pop();
      if (id === undefined) return null;
      state[id] = UNLABELED;
      const rest = queue(4);
      return {
        ...rest,
        items: [
          {
            image: imageView(id, true),
            reason: why(id, 1),
            position: ((journal.length + 11) % 50) + 1,
            batch_size: 50,
          },
          ...rest.items.filter((item) => item.image.id !== id),
        ].slice(0, 4),
      };
    },
    check(request) {
      if (!seen.has(request.idempotency_key)) {
        seen.set(request.idempotency_key, true);
        if (codeOf(request.answer) !== auto[request.image]) audit.wrong++;
        audit.checked++;
      }
      return auditView();
    },
    flag(id, on) {
      if (on) flags.add(id);
      else flags.delete(id);
      return imageView(id);
    },
    localize(id, index) {
      const { label, probabilities } = predict(id);
      const shown = index ?? (asksFindings() ? probabilities.indexOf(Math.max(...probabilities)) : label);
      const side = 12;
      const values = Array.from({ length: side * side }, (_, i) => {
        const [row, column] = [Math.floor(i / side), i % side];
        return Math.exp(-((row - 4 - shown) ** 2 + (column - 3 - 2 * shown) ** 2) / 6);
      });
      return {
        image: id,
        class: shown,
        model: project.round,
        rows: side,
        columns: side,
        values,
        proposal: { left_px: 120 + 90 * shown, top_px: 200, width_px: 180, height_px: 180 },
        text: `Bright is what speaks for ${project.settings.schema.classes[shown].name}.`,
      };
    },
    change(patch) {
      if (
        patch.schema !== undefined &&
        patch.schema.task !== project.settings.schema.task &&
        counts().labeled > 0
      )
        return null;
      Object.assign(project.settings, patch);
      return view();
    },
    audited: () => audit.population > 0,
    answered: () => journal.length,
  };
}
