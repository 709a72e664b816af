import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withoutHoles } from '../core/components';
import { area, contains } from '../core/mask';
import { disc } from '../core/rasterize';
import { valuesOf } from '../core/values';
import { pixelsOf } from '../core/geometry';
import type { DrawingTask } from '../session/marks';
import { createDrawingSession, type DrawingSession } from '../session/session';
import { nudge } from './adjust';
import { createSmartTool } from './smart-tool';
import { duplicateSelected, mergeSelected, reshapeSelected, separateSelected } from './split-tool';
import { createToolSettings, type Pointer, type ToolName, type ToolSettings } from './tool';
import { createToolbox, type Toolbox } from './toolbox';

const SIZE = 80;
const say = vi.fn();
let session: DrawingSession;
let settings: ToolSettings;
let toolbox: Toolbox;

/** A bright disc around (30, 30) on a dark ground. */
const samples = new Uint16Array(SIZE * SIZE).map((_, at) =>
  Math.hypot((at % SIZE) - 30, Math.floor(at / SIZE) - 30) < 12 ? 900 : 100,
);
const plane = {
  width: SIZE,
  height: SIZE,
  channels: 1 as const,
  samples,
  defaultWindow: { low: 0, high: 1000 },
};

function open(task: DrawingTask): void {
  session = createDrawingSession({ task, width: SIZE, height: SIZE });
  settings = createToolSettings();
  settings.radius.value = 5;
  toolbox = createToolbox({
    session,
    settings,
    values: () => valuesOf(plane),
    smart: createSmartTool(null),
    onSketch: () => undefined,
    say,
  });
}

beforeEach(() => {
  say.mockClear();
});

const at = (x: number, y: number, more: Partial<Pointer> = {}): Pointer => ({
  x,
  y,
  reach: 2,
  shift: false,
  alt: false,
  ...more,
});

function drag(name: ToolName, from: Pointer, ...way: Pointer[]): void {
  toolbox.choose(name);
  toolbox.down(from);
  for (const place of way) toolbox.move(place);
  toolbox.up(way[way.length - 1] ?? from);
}

const pixels = (index: number): number => {
  const mark = session.marks()[index];
  return mark === undefined ? 0 : area(pixelsOf(mark.geometry, SIZE, SIZE));
};

describe('tools', () => {
  it('a slip of the mouse draws no box; a box from the middle is symmetric', () => {
    open('detection');
    drag('box', at(10, 10), at(10.2, 10.3));
    expect(session.marks()).toEqual([]);
    drag('box', at(40, 40), at(50, 45, { alt: true }));
    expect(session.marks()[0]?.geometry).toEqual({ type: 'box', x: 30, y: 35, width: 20, height: 10 });
    session.select([]);
    drag('box', at(5, 5), at(15, 9, { shift: true }));
    expect(session.marks()[1]?.geometry).toEqual({ type: 'box', x: 5, y: 5, width: 10, height: 10 });
  });

  it('a box that is selected is resized by its sides and moved by its inside', () => {
    open('detection');
    drag('box', at(10, 10), at(30, 20));
    drag('select', at(30, 15), at(35, 15));
    drag('select', at(20, 15), at(22, 18));
    expect(session.marks()[0]?.geometry).toEqual({ type: 'box', x: 12, y: 13, width: 25, height: 10 });
    drag('select', at(12, 13), at(60, 40));
    expect(session.marks()[0]?.geometry).toMatchObject({ x: 37, y: 23 });
  });

  it('the brush adds to the selected instance until a new one is begun; Alt takes away', () => {
    open('instances');
    drag('brush', at(20, 20), at(30, 20));
    drag('brush', at(30, 20), at(40, 20));
    expect(session.marks()).toHaveLength(1);
    const before = pixels(0);
    drag('brush', at(35, 20, { alt: true }));
    expect(pixels(0)).toBeLessThan(before);
    session.select([]);
    drag('brush', at(60, 60), at(62, 60));
    expect(session.marks()).toHaveLength(2);
    drag('eraser', at(65, 60), at(70, 60));
    expect(pixels(1)).toBeGreaterThan(0);
  });

  it('a stroke that a second finger breaks off leaves nothing', () => {
    open('semantic');
    toolbox.choose('brush');
    toolbox.down(at(20, 20));
    toolbox.move(at(40, 20));
    toolbox.cancel();
    expect(session.marks()).toEqual([]);
    expect(session.canUndo.value).toBe(false);
  });

  it('threshold paint takes only the range, given or learnt', () => {
    open('instances');
    drag('threshold', at(30, 30), at(60, 30));
    const mask = pixelsOf(
      session.marks()[0]?.geometry ?? { type: 'box', x: 0, y: 0, width: 1, height: 1 },
      SIZE,
      SIZE,
    );
    expect(contains(mask, 30, 30) && !contains(mask, 50, 30)).toBe(true);
    session.select([]);
    settings.range.value = { low: 0, high: 200 };
    drag('threshold', at(36, 30), at(60, 30));
    expect(pixels(1)).toBeGreaterThan(100);
  });

  it('wand, level line and smart click find the disc', async () => {
    const truth = samples.filter((value) => value === 900).length;
    for (const name of ['wand', 'level', 'smart'] as const) {
      open('instances');
      drag(name, at(30, 30));
      await Promise.resolve();
      await Promise.resolve();
      if (name === 'smart') toolbox.confirm(null);
      expect(Math.abs(pixels(0) - truth), name).toBeLessThan(0.15 * truth);
    }
  });

  it('the bucket fills what shapes enclose, and not the whole image', () => {
    open('instances');
    const ring = session.begin('ring');
    const id = ring.paint(disc(SIZE, SIZE, [40, 40], 20), 0, null) as number;
    ring.erase(disc(SIZE, SIZE, [40, 40], 12), [id]);
    ring.commit();
    session.select([]);
    drag('fill', at(2, 2));
    expect(say).toHaveBeenCalledOnce();
    drag('fill', at(40, 40));
    expect(session.marks()).toHaveLength(2);
    session.undo();
    drag('fill', at(40, 24));
    expect(pixels(0)).toBe(area(disc(SIZE, SIZE, [40, 40], 20)));
  });

  it('a polygon is taken back corner by corner, and closes on its first', () => {
    open('instances');
    for (const [x, y] of [[10, 10], [40, 10], [40, 40], [60, 60]] as const) drag('polygon', at(x, y)); // prettier-ignore
    toolbox.stepBack();
    drag('polygon', at(10.5, 11));
    expect(session.marks()[0]?.geometry).toMatchObject({ type: 'polygon', outer: [[10, 10], [40, 10], [40, 40]] }); // prettier-ignore
    expect(toolbox.confirm(null)).toBe(false);
  });

  it('the magnet follows the edge of the disc', () => {
    open('instances');
    settings.magnet.value = true;
    drag('polygon', at(42, 30));
    drag('polygon', at(30, 42));
    drag('polygon', at(18, 30));
    drag('polygon', at(30, 18));
    toolbox.confirm(null);
    const disc = samples.filter((value) => value === 900).length;
    expect(Math.abs(pixels(0) - disc)).toBeLessThan(0.25 * disc);
    expect(session.marks()[0]?.geometry.type === 'polygon' && session.marks()[0]?.id).toBe(1);
  });

  it('selected shapes are joined, cut, parted, copied, moved and filled', () => {
    open('instances');
    drag('brush', at(20, 20));
    session.select([]);
    drag('brush', at(60, 20));
    session.select([1, 2]);
    expect(mergeSelected(session)).toBe(true);
    expect(session.marks()).toHaveLength(1);
    expect(separateSelected(session)).toBe(true);
    expect(session.marks()).toHaveLength(2);
    session.select([1]);
    drag('split', at(20, 5), at(20, 35));
    expect(session.marks()).toHaveLength(3);
    session.select([1]);
    expect(duplicateSelected(session, 20)).toBe(true);
    expect(session.marks()).toHaveLength(4);
    const before = pixels(3);
    expect(nudge(session, 3, 4, false)).toBe(true);
    expect(pixels(3)).toBe(before);
    expect(reshapeSelected(session, 'fill', (mask) => withoutHoles(mask))).toBe(true);
    while (session.undo());
    expect(session.marks()).toEqual([]);
  });
});
