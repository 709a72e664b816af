/**
 * Is the server still the one this page was opened with? A person may end the program and open
 * another project at the same address while the page waits. Answers for the pictures on this page
 * would then land on other pictures, so after every break of the connection a few images are
 * compared by name and size.
 */
import { getImage } from '../api/client';

const known = new Map<number, string>();

async function nameOf(image: number): Promise<string> {
  const { file, width, height } = await getImage(image);
  return `${file} ${String(width)} ${String(height)}`;
}

/** Notes the first, the middle and the last image; only once. */
export async function rememberProject(images: number): Promise<void> {
  if (known.size > 0 || images === 0) return;
  for (const image of new Set([0, Math.floor(images / 2), images - 1])) known.set(image, await nameOf(image));
}

/** `false` when an image is not what it was. A server that does not answer is not another project. */
export async function isSameProject(): Promise<boolean> {
  for (const [image, name] of known) {
    try {
      if ((await nameOf(image)) !== name) return false;
    } catch (cause) {
      if (cause instanceof Error && 'mayPass' in cause && cause.mayPass === true) return true;
      return false;
    }
  }
  return true;
}
