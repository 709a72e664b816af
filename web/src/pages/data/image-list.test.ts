import { describe, expect, it } from 'vitest';
import type { ImagePage, ImageView } from '../../api/types';
import { createImageList, PAGE_SIZE } from './image-list';

const view = (id: number): ImageView => ({
  id,
  file: `${String(id)}.png`,
  width: 1,
  height: 1,
  state: 'unlabeled',
  flagged: false,
  answer: null,
  origin: null,
  auto_label: null,
  prediction: null,
  group: null,
  duplicate_of: null,
});

interface Call {
  offset: number;
  signal: AbortSignal;
  reply: () => void;
}

function bench(): { list: ReturnType<typeof createImageList>; calls: Call[] } {
  const calls: Call[] = [];
  const list = createImageList(
    (offset, limit, signal) =>
      new Promise<ImagePage>((resolve) => {
        calls.push({
          offset,
          signal,
          reply() {
            const images = Array.from({ length: limit }, (_, i) => view(offset + i));
            resolve({ images, total: 1_000_000, offset });
          },
        });
      }),
  );
  return { list, calls };
}

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('image list', () => {
  it('asks only for the pages in sight, and for each once', async () => {
    const { list, calls } = bench();
    list.show(0, 30);
    list.show(10, 40);
    expect(calls.map((call) => call.offset)).toEqual([0]);
    calls[0]?.reply();
    await tick();
    expect(list.at(39)?.id).toBe(39);
    expect(list.at(PAGE_SIZE)).toBeUndefined();
    expect(list.total.value).toBe(1_000_000);
    list.show(0, 30);
    expect(calls).toHaveLength(1);
  });

  it('cancels pages that were scrolled past', () => {
    const { list, calls } = bench();
    list.show(0, 30);
    list.show(600_000, 600_030);
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(calls.at(-1)?.offset).toBe(600_000);
    expect(calls.at(-1)?.signal.aborted).toBe(false);
  });

  it('refreshes what is in sight without blanking it, and takes only the newest reply', async () => {
    const { list, calls } = bench();
    list.show(0, 30);
    calls[0]?.reply();
    await tick();
    list.put({ ...view(0), flagged: true });
    list.refresh();
    list.refresh();
    expect(calls).toHaveLength(3);
    expect(calls[1]?.signal.aborted).toBe(true);
    expect(list.at(0)?.flagged).toBe(true);
    calls[1]?.reply();
    await tick();
    expect(list.at(0)?.flagged).toBe(true);
    calls[2]?.reply();
    await tick();
    expect(list.at(0)?.flagged).toBe(false);
  });

  it('forgets on a refresh what is out of sight', async () => {
    const { list, calls } = bench();
    list.show(0, 30);
    calls[0]?.reply();
    await tick();
    list.show(600_000, 600_030);
    list.refresh();
    expect(list.at(0)).toBeUndefined();
  });

  it('shows a changed image in its place', async () => {
    const { list, calls } = bench();
    list.show(0, 30);
    calls[0]?.reply();
    await tick();
    const before = list.version.value;
    list.put({ ...view(3), flagged: true });
    expect(list.at(3)?.flagged).toBe(true);
    expect(list.version.value).toBeGreaterThan(before);
  });
});
