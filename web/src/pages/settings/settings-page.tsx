/** What people may change at any time. */
import { useEffect, useState } from 'preact/hooks';
import { changeSettings } from '../../api/client';
import type { Settings } from '../../api/types';
import { Shell } from '../../parts/shell';
import { tellNews, tellProblem } from '../../state/notices';
import { project } from '../../state/project';
import { wordsOf } from '../../words/labels';
import { ClassEditor } from './class-editor';
import { changes, problemsOf } from './form';
import { TaskChoice } from './task-choice';

/** Names of the acquisition functions with what each does; `auto` decides by itself. */
const STRATEGIES: [string, string][] = [
  ['auto', 'automatic (recommended)'],
  ['margin', 'smallest lead of the first over the second class'],
  ['power_margin', 'margin, softened towards variety'],
  ['entropy', 'entropy'],
  ['least_confidence', 'least confidence'],
  ['bald', 'BALD: most information about the model'],
  ['mean_sd', 'mean SD: most spread between plausible models'],
  ['balanced_entropy', 'balanced entropy'],
  ['power_bald', 'BALD, softened towards variety'],
  ['batch_bald', 'BatchBALD: a batch that says most together'],
  ['expected_information', 'expected information: says most about other images'],
  ['error_reduction', 'error reduction: removes most expected errors'],
  ['uncertainty_herding', 'uncertainty herding: cover the doubtful images'],
  ['badge', 'BADGE: moves the last layer far and in different directions'],
  ['cluster_margin', 'cluster margin: small margins from every cluster'],
  ['drop_query', 'DropQuery: changes its class when features are hidden'],
  ['kmeans_medoid', 'k-means medoids: cover the collection'],
  ['typiclust', 'TypiClust: typical images of large clusters'],
  ['prob_cover', 'ProbCover: cover most images closely'],
  ['max_herding', 'MaxHerding: cover the collection softly'],
  ['core_set', 'core-set: farthest from what is labeled'],
  ['random', 'random'],
];

export function SettingsPage() {
  const view = project.value;
  return (
    <Shell title="Settings">
      <h1>Settings</h1>
      {view === null ? (
        <p class="quiet">Opening the project…</p>
      ) : (
        <Form key={JSON.stringify(view.settings)} settings={view.settings} />
      )}
      <p class="quiet colophon">
        This app asks no other server for anything.{' '}
        <a href="/third-party-licenses.txt" target="_blank" rel="noopener">
          Licences of the parts used
        </a>
      </p>
    </Shell>
  );
}

function Form({ settings }: { settings: Settings }) {
  const [draft, setDraft] = useState(settings);
  const [busy, setBusy] = useState(false);
  const counts = project.value?.counts;
  const orderFixed = counts !== undefined && counts.labeled + counts.auto_labeled > 0;
  const change = changes(settings, draft);
  const changed = Object.keys(change).length > 0;
  const problems = problemsOf(draft);
  const words = wordsOf(draft.schema.task);

  useEffect(() => {
    if (!changed) return;
    const warn = (event: BeforeUnloadEvent): void => {
      event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => {
      window.removeEventListener('beforeunload', warn);
    };
  }, [changed]);

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      project.value = await changeSettings(change);
      tellNews('Settings saved.');
    } catch (cause) {
      tellProblem(cause);
      setBusy(false);
    }
  };

  const set = (part: Partial<Settings>): void => {
    setDraft({ ...draft, ...part });
  };
  const strategies = STRATEGIES.some(([name]) => name === draft.strategy)
    ? STRATEGIES
    : [...STRATEGIES, [draft.strategy, draft.strategy] as [string, string]];

  return (
    <form class="settings" onSubmit={(event) => void save(event)} data-testid="settings" noValidate>
      <fieldset>
        <legend>Project</legend>
        <label class="field">
          <span>Name</span>
          <input
            type="text"
            data-testid="setting-name"
            value={draft.name}
            onInput={(event) => {
              set({ name: event.currentTarget.value });
            }}
          />
        </label>
      </fieldset>
      <fieldset>
        <legend>
          {words.Many}
          {draft.schema.task === 'grades' && ', from the lowest to the highest'}
        </legend>
        <TaskChoice
          task={draft.schema.task}
          isFixed={orderFixed}
          onChange={(task) => {
            set({ schema: { ...draft.schema, task } });
          }}
        />
        <ClassEditor
          classes={draft.schema.classes}
          words={words}
          saved={settings.schema.classes.length}
          orderFixed={orderFixed}
          onChange={(classes) => {
            set({ schema: { ...draft.schema, classes } });
          }}
        />
      </fieldset>
      <fieldset>
        <legend>Goal</legend>
        <NumberField
          label="Errors accepted among auto-labels"
          unit="%"
          value={draft.target_error * 100}
          step={0.5}
          testId="setting-target-error"
          onChange={(value) => {
            set({ target_error: value / 100 });
          }}
        />
        <NumberField
          label="Images people are willing to label"
          unit="% of all"
          value={draft.budget_share * 100}
          step={1}
          testId="setting-budget"
          onChange={(value) => {
            set({ budget_share: value / 100 });
          }}
        />
        <NumberField
          label="Images a batch"
          value={draft.batch_size}
          step={10}
          testId="setting-batch"
          onChange={(value) => {
            set({ batch_size: value });
          }}
        />
        <label class="field">
          <span>How images are chosen</span>
          <select
            data-testid="setting-strategy"
            value={draft.strategy}
            onChange={(event) => {
              set({ strategy: event.currentTarget.value });
            }}
          >
            {strategies.map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      <fieldset>
        <legend>Cost</legend>
        <NumberField
          label="An expert’s hour costs"
          unit={draft.currency}
          value={draft.cost.money_per_hour}
          step={5}
          testId="setting-money"
          onChange={(value) => {
            set({ cost: { ...draft.cost, money_per_hour: value } });
          }}
        />
        <label class="field">
          <span>Currency</span>
          <input
            type="text"
            class="short"
            maxLength={3}
            data-testid="setting-currency"
            value={draft.currency}
            onInput={(event) => {
              set({ currency: event.currentTarget.value.toUpperCase() });
            }}
          />
        </label>
        <NumberField
          label="A label takes, until it is measured"
          unit="s"
          value={draft.cost.seconds_per_label}
          step={1}
          testId="setting-seconds-label"
          onChange={(value) => {
            set({ cost: { ...draft.cost, seconds_per_label: value } });
          }}
        />
        <NumberField
          label="An audit check takes, until it is measured"
          unit="s"
          value={draft.cost.seconds_per_audit}
          step={1}
          testId="setting-seconds-audit"
          onChange={(value) => {
            set({ cost: { ...draft.cost, seconds_per_audit: value } });
          }}
        />
      </fieldset>
      <div class="settings-save">
        <button
          type="submit"
          class="button button-primary"
          data-testid="save-settings"
          disabled={!changed || busy || problems.length > 0}
        >
          Save
        </button>
        <p class="quiet" role="status">
          {problems[0] ?? (changed ? 'Not saved yet.' : 'All saved.')}
        </p>
      </div>
    </form>
  );
}

function NumberField({
  label,
  unit,
  value,
  step,
  testId,
  onChange,
}: {
  label: string;
  unit?: string;
  value: number;
  step: number;
  testId: string;
  onChange: (value: number) => void;
}) {
  // The text is kept as typed ("2." on the way to "2.5"); only numbers reach the draft.
  const [text, setText] = useState(String(Number(value.toPrecision(6))));
  return (
    <label class="field">
      <span>{label}</span>
      <span class="field-unit">
        <input
          type="number"
          class="short"
          min={0}
          step={step}
          inputMode="decimal"
          data-testid={testId}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            onChange(event.currentTarget.value === '' ? NaN : Number(event.currentTarget.value));
          }}
        />
        {unit !== undefined && <span class="quiet">{unit}</span>}
      </span>
    </label>
  );
}
