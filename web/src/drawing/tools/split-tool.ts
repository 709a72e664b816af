/** The knife: a line across instances makes several of each; and what joins selected shapes to one. */
import { components } from '../core/components';
import { movedBy, pixelsOf, type Geometry } from '../core/geometry';
import type { Mask } from '../core/mask';
import type { Point } from '../core/rasterize';
import { merged, split } from '../core/split';
import type { Mark } from '../session/marks';
import { boxAround, type DrawingSession } from '../session/session';
import { point, type Tool, type ToolParts } from './tool';

export function createSplitTool(parts: ToolParts): Tool {
  let line: Point[] = [];
  const clear = (): boolean => {
    const had = line.length > 0;
    line = [];
    parts.onSketch();
    return had;
  };
  return {
    drags: true,
    down(at) {
      line = [point(at)];
    },
    move(at) {
      line = [...line, point(at)];
      parts.onSketch();
    },
    up(at) {
      const cut = [...line, point(at)];
      clear();
      if (cutAlong(parts.session, cut) === 0) parts.say('The line parts no shape; draw it right across.');
    },
    cancel: clear,
    sketches: () => (line.length > 1 ? [{ kind: 'line', points: line, closed: false }] : []),
  };
}

/** Cuts the selected instances, or all that the line crosses; says how many were parted. */
export function cutAlong(session: DrawingSession, cut: readonly Point[]): number {
  const { width, height } = session;
  const xs = cut.map(([x]) => x);
  const ys = cut.map(([, y]) => y);
  const crossed = session.within({
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs) + 1,
    bottom: Math.max(...ys) + 1,
  });
  const chosen = session.selection.value;
  const marks = crossed.filter((mark) => chosen.length === 0 || chosen.includes(mark.id));
  const edit = session.begin('split');
  let count = 0;
  const made: number[] = [];
  for (const mark of marks) {
    const [first, ...rest] = split(pixelsOf(mark.geometry, width, height), cut);
    if (first === undefined || rest.length === 0) continue;
    count++;
    edit.put({ ...mark, geometry: { type: 'mask', mask: first }, proposed: false });
    made.push(mark.id);
    for (const part of rest) {
      const id = session.newId();
      edit.put({
        id,
        class: mark.class,
        geometry: { type: 'mask', mask: part },
        proposed: false,
        doubt: null,
      });
      made.push(id);
    }
  }
  edit.commit();
  if (count > 0) session.select(made);
  return count;
}

/** Joins the selected shapes to the first of them; `false` where fewer than two are selected. */
export function mergeSelected(session: DrawingSession): boolean {
  const marks = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  const [first, ...rest] = marks;
  if (first === undefined || rest.length === 0) return false;
  const edit = session.begin('merge');
  for (const mark of rest) edit.remove(mark.id);
  edit.put({ ...first, geometry: joined(session, marks), proposed: false });
  edit.commit();
  session.select([first.id]);
  return true;
}

function joined({ task, width, height }: DrawingSession, marks: readonly Mark[]): Geometry {
  const mask = merged(marks.map((mark) => pixelsOf(mark.geometry, width, height)));
  const geometry: Geometry = {
    type: 'mask',
    mask: mask ?? pixelsOf((marks[0] as Mark).geometry, width, height),
  };
  return task === 'detection' ? boxAround(geometry) : geometry;
}

/** A copy beside each selected shape, moved by some pixels so that it is seen. */
export function duplicateSelected(session: DrawingSession, offset: number): boolean {
  const marks = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  if (marks.length === 0 || session.task === 'semantic') return false;
  const edit = session.begin('duplicate');
  const made: number[] = [];
  for (const mark of marks) {
    const id = session.newId();
    edit.put({ ...mark, id, geometry: movedBy(mark.geometry, offset, offset), proposed: false, doubt: null });
    if (edit.settle(id)) made.push(id);
    else edit.remove(id);
  }
  edit.commit();
  session.select(made);
  return true;
}

/** Changes the pixels of the selected shapes; `false` where none is selected. */
export function reshapeSelected(
  session: DrawingSession,
  what: string,
  reshape: (mask: Mask) => Mask,
): boolean {
  const { width, height, task } = session;
  const marks = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  if (marks.length === 0 || task === 'detection') return false;
  session.replace(
    what,
    marks.map((mark) => ({
      ...mark,
      geometry: { type: 'mask', mask: reshape(pixelsOf(mark.geometry, width, height)) },
    })),
  );
  return true;
}

/** Makes an instance of each connected part of the selected shapes. */
export function separateSelected(session: DrawingSession): boolean {
  const marks = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  if (session.task !== 'instances') return false;
  const edit = session.begin('separate');
  const made: number[] = [];
  for (const mark of marks) {
    const parts = components(pixelsOf(mark.geometry, session.width, session.height), 'eight');
    if (parts.length < 2) continue;
    parts.forEach((mask, i) => {
      const id = i === 0 ? mark.id : session.newId();
      edit.put({ ...mark, id, geometry: { type: 'mask', mask }, proposed: false });
      made.push(id);
    });
  }
  edit.commit();
  if (made.length > 0) session.select(made);
  return made.length > 0;
}
