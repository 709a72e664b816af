/**
 * The model's opinion, only while the key is held: shown by default it would pull the reader
 * towards the model, and the labels would be worth less.
 */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { getImage } from '../../api/client';
import type { PredictionView } from '../../api/types';
import { HeatNote, useHeat } from '../../parts/heat';
import { Prediction } from '../../parts/prediction';
import { asksFindings, project } from '../../state/project';
import { mostProbable } from '../../words/labels';
import type { Viewer } from '../../viewer/viewer';

interface Props {
  image: number;
  controls: RefObject<Viewer | null>;
  /** The finding to look for; without it the most probable. */
  finding: number | null;
}

export function Peek({ image, controls, finding }: Props) {
  const [prediction, setPrediction] = useState<PredictionView | 'none' | null>(null);
  const shown = prediction !== null && prediction !== 'none';
  const wanted = shown && asksFindings.value ? (finding ?? mostProbable(prediction) ?? undefined) : undefined;
  const heat = useHeat(image, shown, '', controls, wanted);
  useEffect(() => {
    let wanted = true;
    getImage(image).then(
      (view) => {
        if (wanted) setPrediction(view.prediction ?? 'none');
      },
      () => {
        if (wanted) setPrediction('none');
      },
    );
    return () => {
      wanted = false;
    };
  }, [image]);
  return (
    <section class="peek" aria-label="The model's opinion" data-testid="peek-panel">
      {prediction === null && <p>…</p>}
      {prediction === 'none' && (
        <p>
          {project.value?.round === 0
            ? 'There is no model yet that could have an opinion.'
            : 'The model’s opinion on this image is kept back until you have answered.'}
        </p>
      )}
      {shown && <Prediction prediction={prediction} />}
      <HeatNote state={heat} />
    </section>
  );
}
