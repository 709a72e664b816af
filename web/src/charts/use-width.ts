import { useLayoutEffect, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Width of an element in CSS pixels, followed as it changes. */
export function useWidth(host: RefObject<HTMLElement | null>, first = 640): number {
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setWidth(Math.max(200, element.clientWidth));
    });
    observer.observe(element);
    setWidth(Math.max(200, element.clientWidth || first));
    return () => {
      observer.disconnect();
    };
  }, [host, first]);
  return width;
}
