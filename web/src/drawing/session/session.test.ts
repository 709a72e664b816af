import { beforeEach, describe, expect, it } from 'vitest';
import type { Drawing } from '../core/geometry';
import { area, bitmapOf, contains, type Mask } from '../core/mask';
import { intersectionArea } from '../core/mask-sets';
import { fromCoco, toCoco } from '../core/coco-rle';
import { seeded } from '../core/random-masks';
import { capsule, disc, type Point } from '../core/rasterize';
import { createMemoryStore, type LogStore } from './log-store';
import { acceptProposals, openProposals, rejectProposals, stepProposal } from './proposals';
import { createDrawingSession, type DrawingSession, type Proposal } from './session';
import { createSpatialIndex, meets } from './spatial-index';
import { IGNORED, type DrawingTask } from './marks';

const [WIDTH, HEIGHT] = [60, 50];
let store: LogStore;

beforeEach(() => {
  store = createMemoryStore();
});

const open = (task: DrawingTask): DrawingSession =>
  createDrawingSession({ task, width: WIDTH, height: HEIGHT, store, key: 'project/7' });

const dab = (x: number, y: number, radius = 6): Mask => disc(WIDTH, HEIGHT, [x, y], radius);

const stroke = (session: DrawingSession, pixels: Mask, index: number, into: number | null): number | null => {
  const edit = session.begin('brush');
  const id = edit.paint(pixels, index, into);
  edit.commit();
  return id;
};

const masksOf = (drawing: Drawing): Mask[] =>
  drawing.shapes.flatMap(({ geometry }) => (geometry.type === 'mask' ? [fromCoco(geometry)] : []));

describe('overlap', () => {
  it('instances never share a pixel; the one that was there keeps it', () => {
    const session = open('instances');
    stroke(session, dab(20, 20), 0, null);
    stroke(session, dab(26, 20), 1, null);
    const [first, second] = masksOf(session.toDrawing()) as [Mask, Mask];
    expect(bitmapOf(first)).toEqual(bitmapOf(dab(20, 20)));
    expect(intersectionArea(first, second)).toBe(0);
    expect(area(second)).toBeLessThan(area(dab(26, 20)));
    expect(stroke(session, dab(20, 20, 3), 2, null)).toBeNull();
  });

  it('a polygon stays one unless it loses pixels', () => {
    const session = open('instances');
    const square = (x: number): Point[] => [
      [x, 5],
      [x + 10, 5],
      [x + 10, 15],
      [x, 15],
    ];
    session.add({ type: 'polygon', outer: square(5), holes: [] });
    session.add({ type: 'polygon', outer: square(15), holes: [] });
    session.add({ type: 'polygon', outer: square(20), holes: [] });
    expect(session.marks().map((mark) => mark.geometry.type)).toEqual(['polygon', 'polygon', 'mask']);
  });

  it('of classes the last painted wins, and there is one mask a class', () => {
    const session = open('semantic');
    session.currentClass.value = 0;
    session.add({ type: 'mask', mask: dab(20, 20) });
    session.add({ type: 'mask', mask: dab(40, 20) });
    session.currentClass.value = 1;
    session.add({ type: 'box', x: 14, y: 14, width: 8, height: 20 });
    const [first, second] = masksOf(session.toDrawing()) as [Mask, Mask];
    expect(session.marks()).toHaveLength(2);
    expect(intersectionArea(first, second)).toBe(0);
    expect(area(second)).toBe(160);
    session.setClass([2], 0);
    expect(session.toDrawing().shapes).toHaveLength(1);
    session.add({ type: 'mask', mask: dab(5, 40, 3) }, IGNORED);
    expect(session.toDrawing().ignored).toEqual(toCoco(dab(5, 40, 3)));
  });

  it('what is erased whole is gone', () => {
    const session = open('instances');
    const id = stroke(session, dab(20, 20), 0, null) as number;
    const edit = session.begin('erase');
    edit.erase(dab(20, 20, 3), [id]);
    expect(contains(masksOf(session.toDrawing())[0] as Mask, 20, 20)).toBe(false);
    edit.erase(dab(20, 20, 9), [id]);
    edit.commit();
    expect(session.marks()).toEqual([]);
    session.undo();
    expect(bitmapOf(masksOf(session.toDrawing())[0] as Mask)).toEqual(bitmapOf(dab(20, 20)));
  });

  it('for detection everything becomes a box', () => {
    const session = open('detection');
    session.add({ type: 'mask', mask: dab(20, 20, 5) });
    expect(session.toDrawing().shapes[0]?.geometry).toEqual({
      type: 'box',
      x: 15,
      y: 15,
      width: 10,
      height: 10,
    });
  });
});

describe('undo', () => {
  /** One random edit. */
  const edit = (session: DrawingSession, next: () => number): void => {
    const ids = session.marks().map((mark) => mark.id);
    const some = ids[Math.floor(next() * ids.length)];
    const [x, y] = [next() * WIDTH, next() * HEIGHT];
    const kind = Math.floor(next() * 6);
    const index = Math.floor(next() * 3);
    const way = capsule(WIDTH, HEIGHT, [x, y], [next() * WIDTH, next() * HEIGHT], 1 + next() * 5);
    if (kind === 0 || some === undefined) session.add({ type: 'box', x, y, width: 8, height: 6 }, index);
    else if (kind === 1) stroke(session, way, index, session.task === 'semantic' ? null : some);
    else if (kind === 2) session.setClass([some], index);
    else if (kind === 3) session.remove([some]);
    else if (kind === 4) stroke(session, way, index, null);
    else {
      const erased = session.begin('erase');
      erased.erase(way, ids);
      erased.commit();
    }
  };

  it('goes back and forth over anything, and over a reload', async () => {
    for (const task of ['detection', 'semantic', 'instances'] as const) {
      for (let seed = 1; seed <= 12; seed++) {
        const next = seeded(seed);
        const session = open(task);
        await session.fromDrawing({ shapes: [] }, [], 'v1');
        const states = [session.toDrawing()];
        for (let i = 0; i < 25; i++) {
          const before = session.canUndo.value;
          const count = session.revision.value;
          edit(session, next);
          expect(session.revision.value).toBeGreaterThan(count);
          const now = session.toDrawing();
          if (JSON.stringify(now) !== JSON.stringify(states[states.length - 1])) states.push(now);
          expect(before || session.canUndo.value || states.length === 1).toBe(true);
        }
        const last = session.toDrawing();
        let steps = 0;
        while (session.undo()) steps++;
        expect(session.toDrawing()).toEqual({ shapes: [] });
        expect(session.dirty.value).toBe(false);
        for (let i = 0; i < Math.floor(steps / 2); i++) session.redo();
        await session.settled();

        const later = open(task);
        expect(session.keepingFailed.value).toBeNull();
        expect(await later.restore('v1')).toBe(true);
        expect(later.toDrawing()).toEqual(session.toDrawing());
        while (later.redo());
        expect(later.toDrawing()).toEqual(last);
        while (later.undo());
        expect(later.toDrawing()).toEqual({ shapes: [] });
        // Two sessions write under one key here: the older must have ended.
        await later.settled();
      }
    }
  });

  it('of another beginning is not taken up', async () => {
    const session = open('instances');
    await session.fromDrawing({ shapes: [] }, [], 'v1');
    session.add({ type: 'mask', mask: dab(9, 9) });
    await session.settled();
    expect(await open('instances').restore('v2')).toBe(false);
    expect(await open('semantic').restore('v1')).toBe(false);
    expect(await open('instances').restore('v1')).toBe(true);
  });

  it('goes on from the answer it led to, or from wherever it was', async () => {
    const session = open('instances');
    await session.fromDrawing({ shapes: [] }, [], 'new');
    session.add({ type: 'mask', mask: dab(9, 9) });
    session.markSaved('answer 1');
    await session.settled();
    const later = open('instances');
    expect(await later.restore('new')).toBe(false);
    expect(await later.restore('answer 1')).toBe(true);
    expect([later.dirty.value, later.canUndo.value]).toEqual([false, true]);
    expect(await open('instances').restore(null)).toBe(true);
  });

  it('knows what the server has', () => {
    const session = open('instances');
    expect(session.dirty.value).toBe(false);
    session.add({ type: 'mask', mask: dab(9, 9) });
    expect(session.dirty.value).toBe(true);
    session.markSaved();
    expect(session.dirty.value).toBe(false);
    session.undo();
    expect(session.dirty.value).toBe(true);
    session.redo();
    expect(session.dirty.value).toBe(false);
    session.undo();
    session.add({ type: 'mask', mask: dab(30, 9) });
    session.undo();
    // The saved state was overwritten: nothing that can be reached is saved.
    expect(session.dirty.value).toBe(true);
  });

  it('folds a very long log', async () => {
    const session = open('detection');
    await session.fromDrawing({ shapes: [] }, [], 'v1');
    for (let i = 0; i < 1010; i++) session.add({ type: 'box', x: i % 50, y: 1, width: 3, height: 3 });
    await session.settled();
    const later = open('detection');
    await later.restore('v1');
    expect(later.marks()).toHaveLength(1010);
    let steps = 0;
    while (later.undo()) steps++;
    expect(steps).toBe(810);
    expect(later.marks()).toHaveLength(200);
  });

  it('a cancelled edit leaves nothing behind', () => {
    const session = open('instances');
    stroke(session, dab(20, 20), 0, null);
    const before = session.toDrawing();
    const edit = session.begin('brush');
    edit.paint(dab(30, 20), 0, 1);
    edit.remove(1);
    edit.cancel();
    expect(session.toDrawing()).toEqual(before);
    session.undo();
    expect(session.canUndo.value).toBe(false);
  });
});

describe('proposals', () => {
  const box = (x: number, doubt: number | null): Proposal => ({
    class: 0,
    doubt,
    geometry: { type: 'box', x, y: 5, width: 10, height: 10 },
  });

  it('are gone through most doubtful first, and let go past the ends', async () => {
    const session = open('detection');
    await session.fromDrawing({ shapes: [] }, [box(1, 0.1), box(20, 0.9), box(40, 0.5)]);
    const order = [1, 1, 1, 1].map((step) => stepProposal(session, step as 1)?.id ?? null);
    expect(order).toEqual([2, 3, 1, null]);
    expect([stepProposal(session, -1)?.id, stepProposal(session, -1)?.id]).toEqual([1, 3]);
    expect(session.toDrawing().shapes).toEqual([]);
  });

  it('are accepted one by one or all, and rejected; the next comes by itself', async () => {
    const session = open('detection');
    await session.fromDrawing({ shapes: [] }, [box(1, 0.1), box(20, 0.9), box(40, 0.5)]);
    stepProposal(session, 1);
    expect(acceptProposals(session)).toBe(1);
    expect(session.selection.value).toEqual([3]);
    expect(rejectProposals(session)).toBe(1);
    session.select([]);
    expect(rejectProposals(session)).toBe(0);
    expect(acceptProposals(session)).toBe(1);
    expect(openProposals(session)).toEqual([]);
    expect(session.toDrawing().shapes).toHaveLength(2);
    session.undo();
    session.undo();
    expect(openProposals(session)).toHaveLength(2);
  });

  it("are the expert's once they are edited", async () => {
    const session = open('instances');
    const geometry = { type: 'mask' as const, ...toCoco(dab(20, 20)) };
    await session.fromDrawing({ shapes: [] }, [{ class: 1, geometry, doubt: 0.4 }]);
    stroke(session, dab(24, 20), 1, 1);
    expect(session.mark(1)?.proposed).toBe(false);
    expect(session.toDrawing().shapes).toHaveLength(1);
    session.undo();
    expect(session.mark(1)).toMatchObject({ proposed: true, doubt: 0.4 });
  });

  it('take no pixel of the expert', async () => {
    for (const task of ['instances', 'semantic'] as const) {
      const session = open(task);
      const geometry = { type: 'mask' as const, ...toCoco(dab(24, 20)) };
      await session.fromDrawing({ shapes: [] }, [{ class: 1, geometry, doubt: null }]);
      const id = stroke(session, dab(20, 20), 0, null) as number;
      acceptProposals(session);
      const own = session.mark(id)?.geometry;
      expect(own?.type === 'mask' && area(own.mask)).toBe(area(dab(20, 20)));
      const [first, second] = masksOf(session.toDrawing()) as [Mask, Mask];
      expect(intersectionArea(first, second)).toBe(0);
    }
  });
});

describe('drawing', () => {
  it('comes back as it went', async () => {
    const session = open('instances');
    const drawing: Drawing = {
      shapes: [
        { class: 2, geometry: { type: 'box', x: 1.5, y: 2, width: 3.25, height: 4 } },
        {
          class: 0,
          geometry: {
            type: 'polygon',
            outer: [
              [1, 1],
              [9, 1.5],
              [5, 8],
            ],
            holes: [
              [
                [4, 3],
                [6, 3],
                [5, 5],
              ],
            ],
          },
        },
        { class: 1, geometry: { type: 'mask', ...toCoco(dab(30, 30)) } },
      ],
      ignored: toCoco(dab(50, 10, 4)),
    };
    await session.fromDrawing(drawing);
    expect(session.toDrawing()).toEqual(drawing);
    // Polygons without holes come without the list of them.
    const plain = JSON.parse(
      '{"type":"polygon","outer":[[1,1],[9,1],[5,8]]}',
    ) as Drawing['shapes'][0]['geometry'];
    await session.fromDrawing({ shapes: [{ class: 0, geometry: plain }] });
    expect(session.toDrawing().shapes[0]?.geometry).toMatchObject({ holes: [] });
  });
});

describe('spatial index', () => {
  it('finds what meets a rectangle', () => {
    const next = seeded(41);
    const index = createSpatialIndex(3000, 2000);
    const rect = (size: number): { left: number; top: number; right: number; bottom: number } => {
      const [left, top] = [next() * 3200 - 100, next() * 2200 - 100];
      return { left, top, right: left + next() * size, bottom: top + next() * size };
    };
    const all = new Map(Array.from({ length: 500 }, (_, id) => [id, rect(id % 50 === 0 ? 3000 : 60)]));
    all.forEach((extent, id) => {
      index.insert(id, extent);
    });
    for (let id = 0; id < 100; id++) {
      index.remove(id);
      all.delete(id);
    }
    for (let i = 0; i < 100; i++) {
      const asked = rect(400);
      const expected = [...all].filter(([, extent]) => meets(extent, asked)).map(([id]) => id);
      expect(index.query(asked)).toEqual(expected);
    }
  });
});
