/** The advice in words, with each criterion. */
import type { ProjectView, StopAdvice } from '../../api/types';
import { drawingTask } from '../../state/project';
import { goal, plural } from '../../words/numbers';

export function Advice({ view, advice }: { view: ProjectView; advice: StopAdvice | null }) {
  return (
    <div class="advice" data-testid="advice" data-stop={advice?.stop ?? false}>
      <h2>{headline(view, advice)}</h2>
      {view.counts.labeled === 0 && view.counts.images > 0 && <FirstSteps />}
      {showsReasons(view) && advice !== null && (
        <ul class="reasons">
          {advice.reasons.map((reason) => (
            <li key={reason.name} class={reason.met ? 'reason-met' : 'reason-open'}>
              <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
                <circle cx="6" cy="6" r="4.5" />
              </svg>
              <span>
                <span class="visually-hidden">
                  {reason.met ? 'Speaks for stopping: ' : 'Speaks for going on: '}
                </span>
                {reason.text}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What a new project's owner should know, in three lines. */
function FirstSteps() {
  return (
    <ol class="first-steps">
      <li>You label what the program chooses, a batch at a time.</li>
      <li>After each batch it learns, and shows here how good it has become.</li>
      <li>It tells you when to stop, labels the rest, and you check a random sample of that.</li>
    </ol>
  );
}

function showsReasons(view: ProjectView): boolean {
  return view.stage === 'labeling' || view.stage === 'stop_advised' || view.stage === 'refuted';
}

function headline(view: ProjectView, advice: StopAdvice | null): string {
  const { counts, settings } = view;
  switch (view.stage) {
    case 'auditing':
      return `${plural(counts.auto_labeled, 'image')} ${counts.auto_labeled === 1 ? 'is' : 'are'} auto-labeled. Check a random sample to prove that at most ${goal(settings.target_error)} of them are wrong.`;
    case 'certified':
      return `Certified: at least ${goal(1 - settings.target_error)} of ${plural(counts.auto_labeled, 'auto-label')} are right, with ${goal(0.95)} confidence.`;
    case 'refuted':
      return (
        advice?.headline ??
        'The audit found too many errors. The threshold was tightened and the doubtful images came back to you.'
      );
    default:
      return advice?.headline ?? firstWords(view);
  }
}

function firstWords(view: ProjectView): string {
  if (view.counts.images === 0) return 'There are no images in this folder yet.';
  if (view.counts.labeled === 0)
    return 'Label the first batch. It is chosen to show every kind of image in the collection.';
  return drawingTask.value === null
    ? 'The first model is trained as soon as there are enough labels.'
    : 'The program learns from what you draw, and then proposes shapes.';
}
