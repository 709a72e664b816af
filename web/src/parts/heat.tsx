/**
 * Where the model sees the evidence for the class of an image, or for one of its findings, over the
 * picture. Shown only where its opinion is shown too: the server keeps both back while an expert is
 * asked.
 */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { getLocalization } from '../api/client';
import type { ClassDefinition, LocalizationView } from '../api/types';
import type { Viewer } from '../viewer/viewer';

export type HeatState =
  | { kind: 'off' }
  | { kind: 'loading' }
  | { kind: 'shown'; view: LocalizationView }
  | { kind: 'refused'; reason: string };

const OFF: HeatState = { kind: 'off' };

/**
 * Fetches the heat map of an image and lays it over the picture while `on`. `asOf` changes with
 * whatever the map depends on, such as the answer for the image. `finding` is what to look for where
 * an image may show several; without it the server looks for the class that is shown for the image.
 */
export function useHeat(
  image: number | null,
  on: boolean,
  asOf: string,
  controls: RefObject<Viewer | null>,
  finding?: number,
): HeatState {
  const [state, setState] = useState<HeatState>(OFF);
  useEffect(() => {
    if (!on || image === null) {
      setState(OFF);
      return;
    }
    let wanted = true;
    setState({ kind: 'loading' });
    getLocalization(image, finding).then(
      (view) => {
        if (!wanted) return;
        setState({ kind: 'shown', view });
        controls.current?.overlay({
          rows: view.rows,
          columns: view.columns,
          values: view.values,
          proposal: view.proposal ?? null,
        });
      },
      (cause: unknown) => {
        if (!wanted) return;
        setState({ kind: 'refused', reason: cause instanceof Error ? cause.message : String(cause) });
      },
    );
    return () => {
      wanted = false;
      // At once: the map of one image must never lie over another.
      controls.current?.overlay(null);
    };
  }, [image, on, asOf, controls, finding]);
  return state;
}

interface NoteProps {
  state: HeatState;
  /** Where one of several can be looked for: what there is, and which. */
  choice?: {
    findings: readonly ClassDefinition[];
    chosen: number | undefined;
    onChoose: (index: number) => void;
  };
}

/** What the colours mean, or why there are none. */
export function HeatNote({ state, choice }: NoteProps) {
  if (state.kind === 'off') return null;
  // Until something was chosen, the server says which it shows.
  const chosen = choice?.chosen ?? (state.kind === 'shown' ? state.view.class : undefined);
  return (
    <section class="heat-note" aria-live="polite" data-testid="heat-note" data-state={state.kind}>
      {choice !== undefined && (
        <label class="heat-choice">
          <span>Where is</span>
          <select
            data-testid="heat-finding"
            value={chosen === undefined ? '' : String(chosen)}
            onChange={(event) => {
              choice.onChoose(Number(event.currentTarget.value));
            }}
          >
            {chosen === undefined && <option value="">…</option>}
            {choice.findings.map(({ name }, index) => (
              <option key={name} value={String(index)}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {state.kind === 'loading' && <p>Looking where the evidence lies…</p>}
      {state.kind === 'refused' && <p>{state.reason}</p>}
      {state.kind === 'shown' && (
        <>
          <p>{state.view.text}</p>
          <p class="heat-scale" aria-hidden="true">
            <span>none</span>
            <span class="heat-ramp" />
            <span>most</span>
          </p>
        </>
      )}
    </section>
  );
}
