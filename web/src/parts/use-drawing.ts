/** The drawing of the image on the screen, opened and given back as images come and go. */
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { createDrawingSession, type DrawingSession } from '../drawing/session/session';
import type { DrawingTask } from '../drawing/session/marks';
import { createHabits, type Habits } from '../drawing/ui/controller';
import { openDrawing, type OpenDrawing, type Wanted } from '../state/drawings';
import { drawingTask, project } from '../state/project';

/** What goes on from image to image while a page lasts, and from page to page. */
const lasting = new Map<DrawingTask, { habits: Habits; currentClass: Signal<number> }>();

export function lastingOf(task: DrawingTask): { habits: Habits; currentClass: Signal<number> } {
  const known = lasting.get(task);
  if (known !== undefined) return known;
  const habits = createHabits();
  habits.tool.value = task === 'detection' ? 'box' : 'brush';
  const made = { habits, currentClass: signal(0) };
  lasting.set(task, made);
  return made;
}

export interface DrawingInHand {
  task: DrawingTask;
  habits: Habits;
  /** The drawing; an empty one that cannot be changed until it is open. */
  session: DrawingSession;
  /** `null` until it is open. */
  open: OpenDrawing | null;
  /** Why it could not be opened, in a sentence. */
  problem: string | null;
  tryAgain: () => void;
}

export type Request = Pick<Wanted, 'image' | 'base' | 'begin'> & { screen: 'label' | 'audit' };

/** Opens what is asked for; another image, or another base of it, is another drawing. */
export function useDrawing(request: Request | null): DrawingInHand {
  const task = drawingTask.value ?? 'detection';
  const { habits, currentClass } = lastingOf(task);
  const [open, setOpen] = useState<{ of: string; drawing: OpenDrawing } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const { id = -1, width = 1, height = 1 } = request?.image ?? {};
  const screen = request?.screen ?? 'label';
  const base = request?.base ?? null;
  const of = `${screen}/${String(id)}/${base ?? ''}`;
  const projectId = project.value?.id;

  useEffect(() => {
    setProblem(null);
    if (request === null || projectId === undefined) return;
    const { image, begin } = request;
    const key = `${projectId}/${screen}/${String(image.id)}`;
    let isWanted = true;
    const opening = openDrawing({ key, image, task, base, begin, currentClass });
    opening.then(
      (drawing) => {
        if (!isWanted) return;
        setOpen({ of, drawing });
        void drawing.freed.then(() => {
          // A page that took long to go: its log is taken up, unless one has begun to draw without it.
          if (isWanted && !drawing.session.dirty.value) setAttempt((times) => times + 1);
        });
      },
      (cause: unknown) => {
        if (isWanted) setProblem(cause instanceof Error ? cause.message : String(cause));
      },
    );
    return () => {
      isWanted = false;
      // What is given back must not be drawn on, should the same image come again at once.
      setOpen(null);
      opening.then(
        ({ close }) => {
          close();
        },
        () => undefined,
      );
    };
  }, [of, projectId, task, attempt]);

  const empty = useMemo(
    () => createDrawingSession({ task, width, height, currentClass }),
    [task, width, height, currentClass, of],
  );
  const now = open !== null && open.of === of ? open.drawing : null;
  return {
    task,
    habits,
    session: now?.session ?? empty,
    open: now,
    problem,
    tryAgain() {
      setAttempt((times) => times + 1);
    },
  };
}
