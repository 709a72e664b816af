/** The screens with shapes: their code comes when a project first needs it, and costs others nothing. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tellProblem } from '../state/notices';

type Drawn = typeof import('../pages/drawn');

export const DrawnLabelRoom = later((drawn) => drawn.DrawnLabelRoom);
export const DrawnAuditRoom = later((drawn) => drawn.DrawnAuditRoom);
export const ShapesOver = later((drawn) => drawn.ShapesOver);

function later<Props extends object>(pick: (drawn: Drawn) => ComponentType<Props>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Part, setPart] = useState(() => loaded);
    useEffect(() => {
      if (Part !== null) return;
      import('../pages/drawn').then(
        (drawn) => {
          loaded = pick(drawn);
          setPart(() => loaded);
        },
        () => {
          tellProblem('The drawing tools could not be loaded: is AutoLabel still running? Reload the page.');
        },
      );
    }, [Part]);
    return Part === null ? null : <Part {...props} />;
  };
}
