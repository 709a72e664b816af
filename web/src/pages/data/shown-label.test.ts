import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ImageView, ProjectView } from '../../api/types';
import { project } from '../../state/project';
import { labelOf } from './shown-label';

const image = (part: Partial<ImageView>): ImageView => ({
  id: 1,
  file: '1.png',
  width: 1,
  height: 1,
  state: 'unlabeled',
  flagged: false,
  ...part,
});

beforeEach(() => {
  const classes = ['effusion', 'nodule'].map((name) => ({ name, color: '#000000' }));
  project.value = { settings: { schema: { task: 'findings', classes } } } as unknown as ProjectView;
});

afterEach(() => {
  project.value = null;
});

describe('label an image goes by', () => {
  it('is the expert’s, else the program’s, in words', () => {
    expect(labelOf(image({ answer: { kind: 'findings', present: [0, 1] }, auto_label: [1] }))).toEqual({
      text: 'effusion, nodule',
      indices: [0, 1],
      tone: 'by-expert',
    });
    expect(labelOf(image({ state: 'auto_labeled', auto_label: [1] })).text).toBe('nodule (auto)');
  });

  it('says that nothing was found, which is not the same as no label', () => {
    expect(labelOf(image({ answer: { kind: 'findings', present: [] } }))).toEqual({
      text: 'No finding',
      indices: [],
      tone: 'by-expert',
    });
    expect(labelOf(image({ auto_label: [] })).text).toBe('No finding (auto)');
    expect(labelOf(image({})).text).toBe('not labeled');
    expect(labelOf(image({ state: 'returned' })).text).toBe('returned');
    expect(labelOf(image({ answer: { kind: 'unreadable' } })).text).toBe('cannot be read');
  });

  it('is one class where the task is that', () => {
    const shown = labelOf(image({ answer: { kind: 'class', class: 0 } }));
    expect([shown.text, shown.indices]).toEqual(['effusion', [0]]);
    expect(labelOf(image({ auto_label: 0 })).text).toBe('effusion (auto)');
  });
});
