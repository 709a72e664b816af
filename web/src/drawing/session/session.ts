/**
 * One image being drawn on: its marks, what is selected, the class and the tool in hand, and the log by
 * which every edit can be undone, also after a reload. State only: it neither draws nor knows pointers.
 */
import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { fromCoco, toCoco } from '../core/coco-rle';
import {
  areaOf,
  extentOf,
  geometryOf,
  pixelsOf,
  wireOf,
  type Drawing,
  type Geometry,
  type WireShape,
} from '../core/geometry';
import { bounds, isEmpty, type Mask, type Rect } from '../core/mask';
import { difference, union } from '../core/mask-sets';
import type { LogStore } from './log-store';
import { createLog, type Log } from './log';
import { changeOf, changed, IGNORED, type DrawingTask, type Mark } from './marks';
import { defaultRule, settle, type OverlapRule } from './overlap';
import { around, createSpatialIndex } from './spatial-index';

export interface SessionConfig {
  task: DrawingTask;
  width: number;
  height: number;
  /** Where the log is kept; without it nothing survives a reload. */
  store?: LogStore;
  /** Names project and image in the store. */
  key?: string;
  overlap?: OverlapRule;
  /** Class of new shapes, where it goes on from image to image. */
  currentClass?: Signal<number>;
}

/** A shape that the model proposes. */
export interface Proposal extends WireShape {
  /** 0 to 1; the most doubtful is looked at first. */
  doubt: number | null;
}

/** An edit under way: it is seen at once and written to the log when it ends. */
export interface Edit {
  /** Adds a mark, or puts another in the place of the one with its number. */
  put: (mark: Mark, dirty?: Rect | null) => void;
  remove: (id: number) => void;
  /** Adds pixels of a class, to a mark or as a new one; returns its number, or `null` where none is left. */
  paint: (pixels: Mask, index: number, into: number | null) => number | null;
  /** Applies the rule of the task to a mark that was moved; `false` where others have all of its pixels. */
  settle: (id: number) => boolean;
  /** Takes pixels away from these marks. */
  erase: (pixels: Mask, from: readonly number[]) => void;
  commit: () => void;
  cancel: () => void;
}

export interface DrawingSession {
  readonly task: DrawingTask;
  readonly width: number;
  readonly height: number;
  readonly overlap: OverlapRule;
  /** Counts edits that ended; whoever shows marks reads it. */
  readonly revision: ReadonlySignal<number>;
  readonly selection: ReadonlySignal<readonly number[]>;
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  /** The drawing differs from what was last saved. */
  readonly dirty: ReadonlySignal<boolean>;
  /** Why the log could not be kept; `null` while it can. */
  readonly keepingFailed: ReadonlySignal<string | null>;
  /** Class of new shapes; `IGNORED` for what counts neither way. */
  readonly currentClass: Signal<number>;
  mark: (id: number) => Mark | undefined;
  /** All marks in drawing order, proposals among them. */
  marks: () => Mark[];
  /** Marks whose rectangle meets this one, in drawing order. */
  within: (rect: Rect) => Mark[];
  select: (ids: readonly number[]) => void;
  begin: (what: string) => Edit;
  /** Adds a shape under the rule of the task and selects it; `null` where nothing of it is left. */
  add: (geometry: Geometry, index?: number) => number | null;
  /** Changes shapes; what was proposed becomes the expert's. */
  replace: (what: string, next: readonly Mark[]) => void;
  remove: (ids: readonly number[]) => void;
  setClass: (ids: readonly number[], index: number) => void;
  undo: () => boolean;
  redo: () => boolean;
  /** Told after every change what part of the image it touches; `null` for all of it. */
  onChange: (listener: (dirty: Rect | null) => void) => () => void;
  newId: () => number;
  toDrawing: () => Drawing;
  /** Begins anew from a drawing and the model's proposals; the log is emptied. */
  fromDrawing: (drawing: Drawing, proposals?: readonly Proposal[], base?: string) => Promise<void>;
  /**
   * Takes up the log of an earlier page, if it began from the same `base`, or from anything where that is
   * `null`; `false` where there is none.
   */
  restore: (base: string | null) => Promise<boolean>;
  /** This drawing is the answer now; `base` names it for when the log is taken up again. */
  markSaved: (base?: string) => void;
  /** Resolves when all edits so far are kept. */
  settled: () => Promise<void>;
}

export function createDrawingSession(config: SessionConfig): DrawingSession {
  const { task, width, height, overlap = defaultRule(task) } = config;
  const marks = new Map<number, Mark>();
  const index = createSpatialIndex(width, height);
  const listeners = new Set<(dirty: Rect | null) => void>();
  const revision = signal(0);
  const selection = signal<readonly number[]>([]);
  const { currentClass = signal(0) } = config;
  let next = 1;
  const log: Log = createLog(config);

  const tell = (dirty: Rect | null): void => {
    for (const listener of listeners) listener(dirty);
  };
  const set = (id: number, mark: Mark | null): Rect | null => {
    const before = marks.get(id);
    index.remove(id);
    if (mark === null) {
      marks.delete(id);
    } else {
      marks.set(id, mark);
      index.insert(id, extentOf(mark.geometry));
      next = Math.max(next, id + 1);
    }
    return around(before === undefined ? null : extentOf(before.geometry), mark && extentOf(mark.geometry));
  };
  const select = (ids: readonly number[]): void => {
    const now = ids.filter((id) => marks.has(id));
    const before = selection.value;
    if (now.length === before.length && now.every((id, i) => id === before[i])) return;
    selection.value = now;
    // What is selected looks different.
    for (const id of new Set([...before, ...now])) {
      const mark = marks.get(id);
      if (mark !== undefined) tell(extentOf(mark.geometry));
    }
  };
  const ended = (): void => {
    batch(() => {
      revision.value++;
      select(selection.value);
    });
  };

  const near = (pixels: Mask): Mark[] => {
    const rect = bounds(pixels);
    return rect === null ? [] : within(rect).filter((mark) => !mark.proposed);
  };
  const within = (rect: Rect): Mark[] => index.query(rect).flatMap((id) => marks.get(id) ?? []);

  const begin = (what: string): Edit => {
    const first = new Map<number, Mark | null>();
    const remember = (id: number): void => {
      if (!first.has(id)) first.set(id, marks.get(id) ?? null);
    };
    const put = (mark: Mark, dirty?: Rect | null): void => {
      remember(mark.id);
      const touched = set(mark.id, mark);
      if (dirty !== null) tell(dirty ?? touched);
    };
    const remove = (id: number): void => {
      remember(id);
      tell(set(id, null));
    };
    const own = (mark: Mark, geometry: Geometry, dirty: Rect | null): void => {
      put({ ...mark, geometry, proposed: false }, dirty ?? undefined);
    };
    return {
      put,
      remove,
      paint(pixels, of, into) {
        const settled = settle({ width, height, task, near }, pixels, of, into, overlap);
        const dirty = bounds(pixels);
        for (const { mark, geometry } of settled.losers) {
          if (geometry === null) remove(mark.id);
          else own(mark, geometry, dirty);
        }
        const target = into === null ? undefined : marks.get(into);
        if (isEmpty(settled.pixels)) return target?.id ?? null;
        if (target === undefined) {
          const id = next;
          const geometry: Geometry = { type: 'mask', mask: settled.pixels };
          put({ id, class: of, geometry, proposed: false, doubt: null });
          return id;
        }
        const mask = union(pixelsOf(target.geometry, width, height), settled.pixels);
        own(target, { type: 'mask', mask }, target.geometry.type === 'mask' ? dirty : null);
        return target.id;
      },
      settle(id) {
        const mark = marks.get(id);
        if (mark === undefined || task !== 'instances' || overlap !== 'keep') return true;
        const pixels = pixelsOf(mark.geometry, width, height);
        const kept = settle({ width, height, task, near }, pixels, mark.class, id, overlap).pixels;
        if (kept !== pixels) put({ ...mark, geometry: { type: 'mask', mask: kept } });
        return !isEmpty(kept);
      },
      erase(pixels, from) {
        const dirty = bounds(pixels);
        for (const id of from) {
          const mark = marks.get(id);
          if (mark === undefined) continue;
          const before = pixelsOf(mark.geometry, width, height);
          const mask = difference(before, pixels);
          if (isEmpty(mask)) remove(id);
          else if (
            mask.toggles.length !== before.toggles.length ||
            areaOf({ type: 'mask', mask }) !== areaOf({ type: 'mask', mask: before })
          ) {
            own(mark, { type: 'mask', mask }, mark.geometry.type === 'mask' ? dirty : null);
          }
        }
      },
      commit() {
        const changes = [...first]
          .map(([id, before]) => [before, marks.get(id) ?? null] as const)
          .filter(([before, after]) => before !== after)
          .map(([before, after]) => changeOf(before, after));
        first.clear();
        if (changes.length > 0) log.add({ what, changes });
        ended();
      },
      cancel() {
        for (const [id, before] of first) tell(set(id, before));
        first.clear();
        ended();
      },
    };
  };

  const edit = (what: string, work: (edit: Edit) => void): void => {
    const edit = begin(what);
    work(edit);
    edit.commit();
  };

  const apply = (back: boolean): boolean => {
    const entry = back ? log.back() : log.forward();
    if (entry === null) return false;
    const changes = back ? [...entry.changes].reverse() : entry.changes;
    for (const change of changes) {
      tell(set(change.id, changed(marks.get(change.id), change, back)));
    }
    ended();
    return true;
  };

  const start = (all: readonly Mark[]): void => {
    marks.clear();
    index.clear();
    next = 1;
    selection.value = [];
    for (const mark of all) set(mark.id, mark);
  };

  const session: DrawingSession = {
    task,
    width,
    height,
    overlap,
    revision,
    selection,
    canUndo: log.canUndo,
    canRedo: log.canRedo,
    dirty: log.dirty,
    keepingFailed: log.failed,
    currentClass,
    mark: (id) => marks.get(id),
    marks: () => [...marks.values()].sort((a, b) => a.id - b.id),
    within,
    select,
    begin,
    add(geometry, of = currentClass.value) {
      let added: number | null = null;
      edit('draw', (edit) => {
        added = addTo(edit, geometry, of);
      });
      select(added === null ? [] : [added]);
      return added;
    },
    replace(what, nextMarks) {
      edit(what, (edit) => {
        for (const mark of nextMarks) {
          edit.put({ ...mark, proposed: false });
          if (!edit.settle(mark.id)) edit.put(mark);
        }
      });
    },
    remove(ids) {
      edit('delete', (edit) => {
        for (const id of ids) if (marks.has(id)) edit.remove(id);
      });
    },
    setClass(ids, of) {
      edit('class', (edit) => {
        for (const id of ids) {
          const mark = marks.get(id);
          if (mark === undefined || (mark.class === of && !mark.proposed)) continue;
          if (task !== 'semantic') {
            edit.put({ ...mark, class: of, proposed: false });
          } else {
            // One mask a class: the pixels join those of the other class.
            const pixels = pixelsOf(mark.geometry, width, height);
            edit.remove(id);
            edit.paint(pixels, of, ofClass(of)?.id ?? null);
          }
        }
      });
    },
    undo: () => apply(true),
    redo: () => apply(false),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    newId: () => next++,
    toDrawing,
    async fromDrawing(drawing, proposals = [], base = '') {
      const shapes = drawing.shapes.map((shape): Omit<Mark, 'id'> => ({
        class: shape.class,
        geometry: geometryOf(shape.geometry),
        proposed: false,
        doubt: null,
      }));
      if (drawing.ignored !== undefined) {
        const geometry: Geometry = { type: 'mask', mask: fromCoco(drawing.ignored) };
        shapes.push({ class: IGNORED, geometry, proposed: false, doubt: null });
      }
      for (const { class: of, geometry, doubt } of proposals) {
        shapes.push({ class: of, geometry: geometryOf(geometry), proposed: true, doubt });
      }
      const all = shapes.map((mark, i): Mark => ({ ...mark, id: i + 1 }));
      start(all);
      ended();
      tell(null);
      await log.reset(all, base);
    },
    async restore(base) {
      const found = await log.load(base);
      if (found === null) return false;
      start(found.start);
      for (const entry of found.done) {
        for (const change of entry.changes) set(change.id, changed(marks.get(change.id), change, false));
      }
      for (const entry of found.undone) for (const { id } of entry.changes) next = Math.max(next, id + 1);
      ended();
      tell(null);
      return true;
    },
    markSaved: log.markSaved,
    settled: log.settled,
  };
  return session;

  function ofClass(of: number): Mark | undefined {
    return session.marks().find((mark) => mark.class === of && !mark.proposed);
  }

  /** Boxes stay boxes, classes of a picture share one mask each, instances keep their form if they can. */
  function addTo(edit: Edit, geometry: Geometry, of: number): number | null {
    if (task === 'detection') {
      const id = next;
      edit.put({ id, class: of, geometry: boxAround(geometry), proposed: false, doubt: null });
      return id;
    }
    const pixels = pixelsOf(geometry, width, height);
    if (task === 'semantic' || of === IGNORED) return edit.paint(pixels, of, ofClass(of)?.id ?? null);
    if (geometry.type === 'mask') return edit.paint(pixels, of, null);
    const { pixels: kept, losers } = settle({ width, height, task, near }, pixels, of, null, overlap);
    if (kept !== pixels || losers.length > 0) return edit.paint(pixels, of, null);
    const id = next;
    edit.put({ id, class: of, geometry, proposed: false, doubt: null });
    return id;
  }

  function toDrawing(): Drawing {
    const drawing: Drawing = { shapes: [] };
    for (const mark of session.marks()) {
      if (mark.proposed) continue;
      if (mark.class === IGNORED) drawing.ignored = toCoco(pixelsOf(mark.geometry, width, height));
      else drawing.shapes.push({ class: mark.class, geometry: wireOf(mark.geometry) });
    }
    return drawing;
  }
}

/** The box around a shape; a box comes back as it is. */
export function boxAround(geometry: Geometry): Geometry {
  if (geometry.type === 'box') return geometry;
  if (geometry.type === 'mask') {
    const { left, top, right, bottom } = extentOf(geometry);
    return { type: 'box', x: left, y: top, width: right - left, height: bottom - top };
  }
  const xs = geometry.outer.map(([x]) => x);
  const ys = geometry.outer.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { type: 'box', x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
