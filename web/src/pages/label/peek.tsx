/**
 * The model's opinion, only while the key is held: shown by default it would pull the reader
 * towards the model, and the labels would be worth less.
 */
import { useEffect, useState } from 'preact/hooks';
import { getImage } from '../../api/client';
import type { PredictionView } from '../../api/types';
import { Prediction } from '../../parts/prediction';
import { project } from '../../state/project';

export function Peek({ image }: { image: number }) {
  const [prediction, setPrediction] = useState<PredictionView | 'none' | null>(null);
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
      {prediction !== null && prediction !== 'none' && <Prediction prediction={prediction} />}
    </section>
  );
}
