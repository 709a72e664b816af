/** Keys of the screens with shapes, beside those of the drawing tools. */
import type { KeyRows } from './key-list';

const LOOK: KeyRows = [
  ['G held', 'the bare image, without shapes'],
  ['right-drag, Shift + arrows', 'window: right for less contrast, down for darker'],
  ['I, R, H', 'invert; whole image with its own window; hide everything but the image'],
];

export const DRAWN_LABEL_KEYS: KeyRows = [
  ['Enter', 'accept what is proposed; then save what is drawn, next image'],
  ['0', 'nothing here: there is nothing to draw on this image'],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
  ['Backspace', 'back to the image before; it can be changed'],
  ['/', 'find a class by its name'],
  ['W', 'why this image was chosen'],
  ['Shift + N', 'propose what lies between the drawn slices around this one, or copy the one there is'],
  ['D', 'where the model is least sure; again for the next place'],
  ...LOOK,
];

export const DRAWN_AUDIT_KEYS: KeyRows = [
  ['Enter', 'right as it is; once it was changed, save the correction'],
  ['0', 'nothing here: all shapes were deleted, and that is right'],
  ['U', 'this image cannot be read'],
  ['F', 'flag for a second look'],
  ['/', 'find a class by its name'],
  ...LOOK,
];
