// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProjectView } from '../api/types';
import { spoken } from '../state/notices';
import { project } from '../state/project';
import { useFindings, type Findings } from './use-findings';

const host = document.createElement('div');
let findings: Findings;

function Probe({ image, isOpen }: { image: number | null; isOpen: boolean }) {
  findings = useFindings(image === null ? null : { image, start: [] }, () => isOpen);
  return null;
}

function show(image: number | null, isOpen = true): void {
  act(() => {
    render(<Probe image={image} isOpen={isOpen} />, host);
  });
}

function withFindings(count: number): void {
  const classes = Array.from({ length: count }, (_, i) => ({ name: `sign ${String(i)}`, color: '#000000' }));
  project.value = { settings: { schema: { task: 'findings', classes } } } as unknown as ProjectView;
}

const press = (index: number): void => {
  findings.digit(index);
};

afterEach(() => {
  render(null, host);
  project.value = null;
});

describe('digits of findings', () => {
  it('switch what they stand for, and say so', () => {
    withFindings(3);
    show(1);
    press(2);
    expect(spoken.value).toBe('sign 2 on');
    press(0);
    press(2);
    expect(spoken.value).toBe('sign 2 off');
    show(1);
    expect(findings.present).toEqual([0]);
  });

  it('do nothing without a finding, an image, or a picture that can be judged', () => {
    withFindings(3);
    show(1);
    press(3);
    show(1, false);
    press(0);
    show(null);
    press(0);
    show(1);
    expect(findings.present).toEqual([]);
    expect(findings.touched).toBe(false);
  });

  it('clear with 0, which is the tenth finding where there are ten', () => {
    withFindings(9);
    show(1);
    press(4);
    press(9);
    show(1);
    expect(findings.present).toEqual([]);
    withFindings(10);
    press(4);
    press(9);
    show(1);
    expect(findings.present).toEqual([4, 9]);
  });

  it('begin anew with the next image', () => {
    withFindings(3);
    show(1);
    press(1);
    show(2);
    expect(findings.present).toEqual([]);
    press(0);
    show(2);
    expect(findings.present).toEqual([0]);
  });
});
