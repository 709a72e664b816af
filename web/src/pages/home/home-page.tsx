/** The first screen: where the project stands, what is advised, and one button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { LearningCurve, type CurveMeasure } from '../../charts/learning-curve';
import { Refused } from '../../parts/refused';
import { Shell } from '../../parts/shell';
import { curve, jobs, project } from '../../state/project';
import { plural } from '../../words/numbers';
import { Advice } from './advice';
import { CurveTable } from './curve-table';
import { EffortRow } from './effort-row';
import { Importing } from './importing';
import { NameClasses } from './name-classes';
import { primaryAction, secondaryAction, type Action } from './next-action';
import { Progress } from './progress';

export function HomePage() {
  const view = project.value;
  if (view === null) {
    return (
      <Shell title="Home">
        <h1 class="visually-hidden">Home</h1>
        <p class="quiet waiting" role="status">
          Opening the project…
        </p>
      </Shell>
    );
  }
  const importing = jobs.value.find((job) => job.kind === 'import' && job.state === 'running');
  const nameless = view.settings.schema.classes.length === 0;
  return (
    <Shell title="Home">
      <h1 class="visually-hidden">{view.settings.name}</h1>
      {view.stage === 'importing' || importing !== undefined ? (
        <Importing job={importing ?? null} view={view} />
      ) : null}
      {nameless && <NameClasses settings={view.settings} />}
      {view.stage !== 'importing' && !nameless && <Standing />}
      {view.notices.map((notice) => (
        <p key={notice} class="notice">
          {notice}
        </p>
      ))}
      {view.stage !== 'importing' && view.counts.refused > 0 && <Refused count={view.counts.refused} />}
    </Shell>
  );
}

function Standing() {
  const view = project.value;
  const [measure, setMeasure] = useState<CurveMeasure>('accuracy');
  if (view === null) return null;
  const points = curve.value;
  return (
    <div class="home" data-testid="home" data-stage={view.stage}>
      <section class="home-progress" aria-label="Progress">
        <Progress view={view} advice={points?.advice ?? null} />
        <Start action={primaryAction(view)} />
        <SecondLine action={secondaryAction(view)} />
      </section>
      <section class="home-story">
        <Advice view={view} advice={points?.advice ?? null} />
        {points !== null && points.points.length > 0 && (
          <figure class="home-curve">
            <LearningCurve curve={points} measure={measure} height={310}>
              <div class="segments" role="group" aria-label="What the curve shows">
                <Segment now={measure} value="accuracy" onPick={setMeasure}>
                  Accuracy over the rest
                </Segment>
                <Segment now={measure} value="auto_share" onPick={setMeasure}>
                  Could be auto-labeled
                </Segment>
              </div>
            </LearningCurve>
            <CurveNote measure={measure} />
            <CurveTable curve={points} />
          </figure>
        )}
        <EffortRow view={view} advice={points?.advice ?? null} />
      </section>
    </div>
  );
}

function Segment({
  now,
  value,
  onPick,
  children,
}: {
  now: CurveMeasure;
  value: CurveMeasure;
  onPick: (value: CurveMeasure) => void;
  children: string;
}) {
  return (
    <button
      type="button"
      aria-pressed={now === value}
      onClick={() => {
        onPick(value);
      }}
    >
      {children}
    </button>
  );
}

function CurveNote({ measure }: { measure: CurveMeasure }) {
  const random = curve.value?.points.at(-1)?.random_labels ?? 0;
  return (
    <p class="quiet chart-note">
      {measure === 'accuracy'
        ? `Estimated from the ${plural(random, 'label')} on images drawn at random, about one in ten of each batch: the only part that was not chosen to be hard. The band is the 95 % interval.`
        : 'Share of all images that the model could label at your target error, were you to stop there.'}
    </p>
  );
}

/** The one button. It holds the focus, so that Enter starts. */
function Start({ action }: { action: Action }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    link.current?.focus({ preventScroll: true });
  }, [action.href]);
  return (
    <a ref={link} class="button button-primary button-large" href={action.href} data-testid="primary-action">
      {action.text}
      <kbd>Enter</kbd>
    </a>
  );
}

function SecondLine({ action }: { action: Action | null }) {
  if (action === null) return null;
  return (
    <p class="home-second">
      {action.href === '' ? (
        <span class="quiet">{action.text}</span>
      ) : (
        <a href={action.href} data-testid="secondary-action">
          {action.text}
        </a>
      )}
    </p>
  );
}
