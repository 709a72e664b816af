/** The shapes of a drawing over the picture of a viewer, to look at only. */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { getDrawing } from '../../api/client';
import type { ImageView } from '../../api/types';
import { createDrawingSession, type DrawingSession } from '../../drawing/session/session';
import { createController } from '../../drawing/ui/controller';
import { Swatch } from '../../parts/swatch';
import { tellProblem } from '../../state/notices';
import { classes, drawingTask } from '../../state/project';
import { shapesInWords } from '../../words/labels';
import { count } from '../../words/numbers';
import type { Viewer } from '../../viewer/viewer';

interface Props {
  image: Pick<ImageView, 'id' | 'width' | 'height'>;
  drawing: number;
  controls: RefObject<Viewer | null>;
}

export function ShapesOver({ image, drawing, controls }: Props) {
  const task = drawingTask.value ?? 'detection';
  const { width, height } = image;
  const [session, setSession] = useState<DrawingSession | null>(null);
  const colors = classes.value.map(({ color }) => color).join(' ');

  useEffect(() => {
    let isWanted = true;
    setSession(null);
    getDrawing(drawing).then((found) => {
      const made = createDrawingSession({ task, width, height });
      void made.fromDrawing(found);
      if (isWanted) setSession(made);
    }, tellProblem);
    return () => {
      isWanted = false;
    };
  }, [image.id, drawing, task, width, height]);

  useEffect(() => {
    const viewer = controls.current;
    if (session === null || viewer === null) return;
    return createController({ session, colors: colors.split(' ') }).attach(viewer, false);
  }, [controls, session, colors]);

  if (session === null) return null;
  const { shapes } = session.toDrawing();
  return (
    <div class="shapes-over" data-testid="shapes-over" data-shapes={shapes.length}>
      <p>{shapesInWords(shapes.length)}</p>
      <ul>
        {classes.value.map(({ name, color }, index) => {
          const own = shapes.filter((shape) => shape.class === index).length;
          return own === 0 ? null : (
            <li key={name}>
              <Swatch color={color} />
              <span>{name}</span>
              <span class="number">{count(own)}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
