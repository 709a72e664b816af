import type { ImageView } from '../../api/types';
import { answerText, labelText } from '../../state/project';
import { labelOf as labelOfAnswer, named } from '../../words/labels';

export interface ShownLabel {
  text: string;
  /** What it names, for colours. */
  indices: readonly number[];
  /** CSS class: who gave the label. */
  tone: string;
}

/** The label an image goes by: the expert's, else the program's, else none. */
export function labelOf(image: ImageView): ShownLabel {
  if (image.answer != null) {
    const label = labelOfAnswer(image.answer);
    return label === null
      ? { text: answerText(image.answer).toLowerCase(), indices: [], tone: 'quiet' }
      : { text: labelText(label), indices: named(label), tone: 'by-expert' };
  }
  if (image.auto_label != null) {
    const indices = named(image.auto_label);
    return { text: `${labelText(image.auto_label)} (auto)`, indices, tone: 'by-program' };
  }
  return { text: image.state === 'returned' ? 'returned' : 'not labeled', indices: [], tone: 'quiet' };
}
