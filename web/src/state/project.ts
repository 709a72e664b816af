/** The server's state as signals, kept fresh by its event stream. */
import { computed, signal } from '@preact/signals';
import { ApiError, getAudit, getCurve, getJobs, getProject } from '../api/client';
import { listen, type EventKind } from '../api/events';
import type {
  Answer,
  AuditView,
  ClassDefinition,
  CurveView,
  JobView,
  Label,
  ProjectEvent,
  ProjectView,
  Task,
} from '../api/types';
import type { DrawingTask } from '../drawing/session/marks';
import { answerInWords, labelInWords, nameOf, wordsOf } from '../words/labels';
import { isSameProject, rememberProject } from './identity';
import { tellProblem } from './notices';
import { coalesce } from './refresh';

const DRAWING_TASKS: Partial<Record<Task, DrawingTask>> = {
  detection: 'detection',
  semantic_segmentation: 'semantic',
  instance_segmentation: 'instances',
};

export const project = signal<ProjectView | null>(null);
export const curve = signal<CurveView | null>(null);
export const jobs = signal<JobView[]>([]);
/** `null` until it is known, `none` when nothing was auto-labeled yet. */
export const audit = signal<AuditView | 'none' | null>(null);
/** `false` while the server does not answer. */
export const connected = signal(true);

export const classes = computed<ClassDefinition[]>(() => project.value?.settings.schema.classes ?? []);

export const runningJobs = computed(() => jobs.value.filter((job) => job.state === 'running'));

export const task = computed<Task>(() => project.value?.settings.schema.task ?? 'classification');

/** An image may show any number of findings, none included. */
export const asksFindings = computed(() => task.value === 'findings');

/** The classes are a scale, from the lowest to the highest. */
export const asksGrades = computed(() => task.value === 'grades');

/** What is drawn, where an answer is shapes; `null` where it is a class or findings. */
export const drawingTask = computed<DrawingTask | null>(() => DRAWING_TASKS[task.value] ?? null);

export const words = computed(() => wordsOf(task.value));

export const className = (index: number): string => nameOf(index, classes.value, task.value);

export const labelText = (label: Label): string => labelInWords(label, classes.value);

export const answerText = (answer: Answer): string => answerInWords(answer, classes.value);

/** Runs a fetch and keeps the connection sign right; other problems reach the person. */
async function guarded(fetchOnce: () => Promise<void>): Promise<void> {
  try {
    await fetchOnce();
    connected.value = true;
  } catch (cause) {
    if (cause instanceof ApiError && cause.code === 'network') connected.value = false;
    else tellProblem(cause);
  }
}

export const refreshProject = coalesce(() =>
  guarded(async () => {
    project.value = await getProject();
    await rememberProject(project.value.counts.images);
  }),
);

export const refreshCurve = coalesce(() =>
  guarded(async () => {
    curve.value = await getCurve();
  }),
);

export const refreshJobs = coalesce(() =>
  guarded(async () => {
    jobs.value = await getJobs();
  }),
);

export const refreshAudit = coalesce(() =>
  guarded(async () => {
    // Before auto-labeling there is no audit; asking for it would be answered with an error.
    const view = await getProject();
    project.value = view;
    if (view.counts.auto_labeled === 0 && view.counts.returned === 0 && view.stage !== 'refuted') {
      audit.value = 'none';
      return;
    }
    try {
      audit.value = await getAudit();
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.mayPass) throw cause;
      // No audit exists before auto-labeling: a state, not a problem.
      audit.value = 'none';
    }
  }),
);

type Hook = (kind: EventKind) => void;
const hooks = new Set<Hook>();

/** Also tells `hook` of every event; for screens with a list of their own. */
export function onServerEvent(hook: Hook): () => void {
  hooks.add(hook);
  return () => hooks.delete(hook);
}

/** Takes in an event; those that carry no state are followed by a fetch. */
function take(event: ProjectEvent): void {
  switch (event.kind) {
    case 'project':
      project.value = event.project;
      break;
    case 'job': {
      const { job } = event;
      jobs.value = [...jobs.value.filter((known) => known.id !== job.id), job].sort((a, b) => a.id - b.id);
      break;
    }
    case 'curve':
      void refreshCurve();
      break;
    case 'audit':
      void refreshAudit();
      break;
    case 'queue':
      // The labeling session listens for itself.
      break;
  }
  for (const hook of hooks) hook(event.kind);
}

function refreshAll(): void {
  void refreshProject();
  void refreshCurve();
  void refreshJobs();
  void refreshAudit();
}

const POLL_MS = 4000;

/** Loads everything and listens; while the stream is broken it asks every few seconds. */
export function startProject(): void {
  let poll = 0;
  const sync = async (): Promise<void> => {
    if (poll !== 0) {
      window.clearInterval(poll);
      poll = 0;
      if (!(await isSameProject())) {
        // Everything on this page is about other images: begin anew.
        window.location.reload();
        return;
      }
    }
    refreshAll();
    for (const kind of ['queue', 'project', 'curve', 'audit'] as const) for (const hook of hooks) hook(kind);
  };
  refreshAll();
  listen({
    onSync: () => void sync(),
    onBreak() {
      if (poll !== 0) return;
      poll = window.setInterval(refreshAll, POLL_MS);
      void refreshProject();
    },
    onEvent: take,
  });
}
