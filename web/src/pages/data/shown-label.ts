import type { ImageView } from '../../api/types';
import { className } from '../../state/project';

export interface ShownLabel {
  text: string;
  index: number | null;
  /** CSS class: who gave the label. */
  tone: string;
}

/** The label an image goes by: the expert's, else the program's, else none. */
export function labelOf(image: ImageView): ShownLabel {
  if (image.answer?.kind === 'class')
    return { text: className(image.answer.class), index: image.answer.class, tone: 'by-expert' };
  if (image.answer?.kind === 'unreadable') return { text: 'cannot be read', index: null, tone: 'quiet' };
  if (image.auto_class != null)
    return { text: `${className(image.auto_class)} (auto)`, index: image.auto_class, tone: 'by-program' };
  return { text: image.state === 'returned' ? 'returned' : 'not labeled', index: null, tone: 'quiet' };
}
