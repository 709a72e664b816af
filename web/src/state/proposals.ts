/** What the network proposes to draw, fetched ahead like the planes; another network is asked anew. */
import { getProposal } from '../api/client';
import type { ShapeProposal } from '../api/types';
import { onServerEvent } from './project';

const known = new Map<number, Promise<ShapeProposal | null>>();
/** Masks of this many images are a few megabytes. */
const MOST_KNOWN = 20;

onServerEvent((kind) => {
  if (kind === 'curve') known.clear();
});

/** The proposal for an image; `null` where there is none, or it cannot be had: one can draw without. */
export function proposalFor(image: number): Promise<ShapeProposal | null> {
  const asked =
    known.get(image) ??
    getProposal(image).catch(() => {
      known.delete(image);
      return null;
    });
  known.delete(image);
  known.set(image, asked);
  const oldest = known.keys().next().value;
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
  return asked;
}
