/** Every model that was trained, and how good the chosen one is, class by class. */
import { useEffect, useState } from 'preact/hooks';
import { getModels } from '../../api/client';
import type { ModelView } from '../../api/types';
import { Reliability } from '../../charts/reliability';
import { Shell } from '../../parts/shell';
import { tellProblem } from '../../state/notices';
import { drawingTask, onServerEvent, project } from '../../state/project';
import { count, date, estimate, percent } from '../../words/numbers';
import { ClassTable } from './class-table';

export function ModelPage() {
  const [models, setModels] = useState<ModelView[] | null>(null);
  const [version, setVersion] = useState<number | null>(null);
  useEffect(() => {
    const load = (): void => {
      getModels().then((list) => {
        setModels([...list].sort((a, b) => b.version - a.version));
      }, tellProblem);
    };
    load();
    return onServerEvent((kind) => {
      if (kind === 'curve') load();
    });
  }, []);
  const shown = models?.find((model) => model.version === version) ?? models?.[0];
  return (
    <Shell title="Model">
      <h1 class="visually-hidden">Model</h1>
      {models === null && (
        <p class="quiet" role="status">
          Fetching the models…
        </p>
      )}
      {models !== null && shown === undefined && (
        <div class="empty empty-page">
          <h2>No model yet</h2>
          <p>
            {drawingTask.value === null
              ? 'The first one is trained as soon as the first batch is labeled.'
              : 'The program learns from what you draw, and then proposes shapes.'}
          </p>
          <a class="button" href="/label">
            Label
          </a>
        </div>
      )}
      {models !== null && shown !== undefined && (
        <div class="model">
          <Versions models={models} shown={shown} onPick={setVersion} />
          <Model model={shown} />
        </div>
      )}
    </Shell>
  );
}

function Versions({
  models,
  shown,
  onPick,
}: {
  models: ModelView[];
  shown: ModelView;
  onPick: (version: number) => void;
}) {
  return (
    <section class="versions" aria-label="Versions">
      <h2>Versions</h2>
      <ol data-testid="versions" reversed>
        {models.map((model) => (
          <li key={model.version}>
            <button
              type="button"
              aria-pressed={model === shown}
              data-testid={`version-${String(model.version)}`}
              onClick={() => {
                onPick(model.version);
              }}
            >
              <span class="version-number">{model.version}</span>
              <span class="version-labels">{count(model.labels)} labels</span>
              <span class="version-accuracy">
                {model.point.accuracy == null ? 'not known' : percent(model.point.accuracy)}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Model({ model }: { model: ModelView }) {
  const { point } = model;
  return (
    <section class="model-detail" aria-label={`Version ${String(model.version)}`} data-testid="model">
      <header class="model-head">
        <h2>Version {model.version}</h2>
        <p class="quiet">
          {date(model.trained_at_ms)}, {count(model.labels)} labels, {point.round_seconds.toFixed(2)} s
        </p>
      </header>
      <dl class="figures">
        <div>
          <dt>Accuracy over the rest</dt>
          <dd>
            {point.accuracy == null
              ? 'not known yet'
              : estimate(point.accuracy, point.low ?? point.accuracy, point.high ?? point.accuracy)}
          </dd>
        </div>
        <div>
          <dt>Could be auto-labeled</dt>
          <dd>{percent(point.auto_share)}</dd>
        </div>
        <div>
          <dt>Calibration error</dt>
          <dd>{model.calibration_error == null ? 'not known yet' : percent(model.calibration_error)}</dd>
        </div>
        <div>
          <dt>Agreement with the version before</dt>
          <dd>{point.kappa == null ? '–' : `κ ${point.kappa.toFixed(2)}`}</dd>
        </div>
      </dl>
      {drawingTask.value === null && <ClassTable model={model} />}
      <div class="model-calibration">
        <section>
          <h3>Is the model as sure as it should be?</h3>
          {model.reliability.length === 0 ? (
            <p class="quiet">Not known yet: there are too few labels on images drawn at random.</p>
          ) : (
            <Reliability bins={model.reliability} />
          )}
        </section>
        <section>
          <p class="quiet chart-note">
            Each dot is a group of predictions on images drawn at random; the larger, the more predictions. On
            the diagonal the model is right as often as it says. Measured leave-one-out, temperature{' '}
            {model.temperature.toFixed(2)}.
          </p>
          <ReliabilityTable model={model} />
          <dl class="about about-wide">
            <div>
              <dt>Head</dt>
              <dd>{model.head}</dd>
            </div>
            <div>
              <dt>Backbone</dt>
              <dd>{project.value?.backbone ?? ''}</dd>
            </div>
            <div>
              <dt>Hash</dt>
              <dd>
                <code class="hash">{model.hash}</code>
              </dd>
            </div>
          </dl>
        </section>
      </div>
    </section>
  );
}

function ReliabilityTable({ model }: { model: ModelView }) {
  if (model.reliability.length === 0) return null;
  return (
    <details class="data-table">
      <summary>The diagram as a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">model said</th>
            <th scope="col">was right</th>
            <th scope="col">predictions</th>
          </tr>
        </thead>
        <tbody>
          {model.reliability.map((bin) => (
            <tr key={bin.confidence}>
              <td>{percent(bin.confidence)}</td>
              <td>{percent(bin.accuracy)}</td>
              <td>{count(bin.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
