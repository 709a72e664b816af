/** The address bar as a signal. Plain links work: clicks on them change the address without a reload. */
import { signal } from '@preact/signals';

export interface Place {
  path: string;
  query: string;
}

function here(): Place {
  return { path: window.location.pathname, query: window.location.search };
}

export const place = signal<Place>(here());

export function navigate(address: string, replace = false): void {
  if (replace) window.history.replaceState(null, '', address);
  else window.history.pushState(null, '', address);
  const before = place.value.path;
  place.value = here();
  if (!replace && before !== place.value.path) window.scrollTo(0, 0);
}

/** Paths of the app; anything else (exports, the certificate) is left to the server. */
export const PATHS = ['/', '/label', '/audit', '/data', '/model', '/release', '/settings'] as const;
export type Path = (typeof PATHS)[number];

export function isPath(path: string): path is Path {
  return (PATHS as readonly string[]).includes(path);
}

export function startRouter(): void {
  window.addEventListener('popstate', () => {
    place.value = here();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== window.location.origin || !isPath(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
