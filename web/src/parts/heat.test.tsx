// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LocalizationView } from '../api/types';
import type { Viewer } from '../viewer/viewer';
import { HeatNote, useHeat } from './heat';

const { getLocalization } = vi.hoisted(() => ({ getLocalization: vi.fn() }));
vi.mock('../api/client', () => ({ getLocalization }));

const view: LocalizationView = {
  image: 7,
  class: 1,
  model: 2,
  rows: 1,
  columns: 2,
  values: [0, 1],
  proposal: { left_px: 1, top_px: 2, width_px: 3, height_px: 4 },
  text: 'Bright is what speaks for pneumonia.',
};

const overlay = vi.fn();
const controls = { current: { overlay } as unknown as Viewer };
const host = document.createElement('div');

const FINDINGS = ['effusion', 'pneumonia'].map((name) => ({ name, color: '#000000' }));
const onChoose = vi.fn();

function Shown({ image, on, finding }: { image: number; on: boolean; finding?: number }) {
  const state = useHeat(image, on, '', controls, finding);
  return finding === undefined ? (
    <HeatNote state={state} />
  ) : (
    <HeatNote state={state} choice={{ findings: FINDINGS, chosen: finding, onChoose }} />
  );
}

const show = async (image: number, on: boolean, finding?: number): Promise<void> => {
  await act(() => {
    render(<Shown image={image} on={on} finding={finding} />, host);
  });
  // What was asked for arrives.
  await act(async () => {
    await Promise.resolve();
  });
};

afterEach(() => {
  render(null, host);
  vi.clearAllMocks();
});

describe('heat over a picture', () => {
  it('is asked for only when it is wanted, and says what it shows', async () => {
    getLocalization.mockResolvedValue(view);
    await show(7, false);
    expect(getLocalization).not.toHaveBeenCalled();
    expect(host.textContent).toBe('');
    await show(7, true);
    expect(getLocalization).toHaveBeenCalledWith(7, undefined);
    expect(host.querySelector('select')).toBeNull();
    expect(host.textContent).toContain('Bright is what speaks for pneumonia.');
    expect(overlay).toHaveBeenLastCalledWith(
      expect.objectContaining({ values: [0, 1], proposal: view.proposal }),
    );
  });

  it('goes before the next image comes', async () => {
    getLocalization.mockResolvedValueOnce(view).mockReturnValueOnce(new Promise(() => undefined));
    await show(7, true);
    await show(8, true);
    expect(overlay).toHaveBeenLastCalledWith(null);
    expect(host.textContent).not.toContain('Bright');
  });

  it('is asked for anew when another finding is chosen', async () => {
    getLocalization.mockResolvedValue(view);
    await show(7, true, 0);
    const choice = host.querySelector('select');
    expect(choice?.value).toBe('0');
    expect(choice?.textContent).toBe('effusionpneumonia');
    await act(() => {
      if (choice === null) return;
      choice.value = '1';
      choice.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(onChoose).toHaveBeenCalledWith(1);
    await show(7, true, 1);
    expect(getLocalization.mock.calls).toEqual([
      [7, 0],
      [7, 1],
    ]);
  });

  it('says why there is none', async () => {
    getLocalization.mockRejectedValue(new Error('There is no model yet; label the first batch.'));
    await show(7, true);
    expect(host.textContent).toContain('There is no model yet');
    expect(overlay).not.toHaveBeenCalledWith(expect.objectContaining({ rows: 1 }));
  });
});
