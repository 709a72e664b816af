/** Finds the region of a smart click beside the page. */
import { smartRegion } from '../core/smart-region';
import type { SmartReply, SmartRequest } from './smart-tool';

self.onmessage = ({ data }: MessageEvent<SmartRequest>): void => {
  const { toggles } = smartRegion(data.width, data.height, data.crop, data.points);
  const reply: SmartReply = { id: data.id, toggles };
  self.postMessage(reply, { transfer: [toggles.buffer] });
};
