// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import type { PredictionView, ProjectView, Task } from '../api/types';
import { project } from '../state/project';
import { Choices } from './choices';
import { Prediction } from './prediction';

const NAMES = ['none', 'mild', 'severe'];

function ask(task: Task): void {
  const classes = NAMES.map((name) => ({ name, color: '#56b4e9' }));
  project.value = { settings: { schema: { task, classes } } } as unknown as ProjectView;
}

async function shown(element: preact.ComponentChild): Promise<HTMLElement> {
  const host = document.createElement('div');
  document.body.append(host);
  await act(() => {
    render(element, host);
  });
  return host;
}

afterEach(() => {
  document.body.replaceChildren();
  project.value = null;
});

describe('choices', () => {
  it('of grades stand on a scale that is said, not only seen', async () => {
    ask('grades');
    const host = await shown(<Choices label="Grades">x</Choices>);
    const group = host.querySelector('[role=group]');
    expect(group?.getAttribute('aria-label')).toBe('Grades, from the lowest to the highest');
    expect(group?.querySelectorAll('.scale-end')).toHaveLength(2);
  });

  it('of classes do not', async () => {
    ask('classification');
    const host = await shown(<Choices label="Classes">x</Choices>);
    expect(host.querySelector('.scale-end')).toBeNull();
  });
});

describe('a prediction of a grade', () => {
  it('keeps the order of the scale and names the median', async () => {
    ask('grades');
    const prediction = { label: 1, probabilities: [0.4, 0.15, 0.45] } as unknown as PredictionView;
    const host = await shown(<Prediction prediction={prediction} />);
    const names = [...host.querySelectorAll('.prediction-name')].map((name) => name.textContent);
    expect(names).toEqual(NAMES);
    expect(host.querySelector('.prediction-label')?.textContent).toContain('mild');
  });
});
