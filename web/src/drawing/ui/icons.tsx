/** Signs of the tools, drawn as lines so that they take the colour of their button. */
import type { JSX } from 'preact';
import type { ToolName } from '../tools/tool';

export type IconName = ToolName | 'undo' | 'redo' | 'visible' | 'hidden' | 'filled' | 'outlined' | 'keys';

const PATHS: Readonly<Record<IconName, JSX.Element>> = {
  select: <path d="M5 3l11 8-5 .8L8.6 17z" />,
  box: <path d="M4 5h12v10H4z" />,
  polygon: <path d="M4 8l6-5 6 5-2.5 8h-7z" />,
  ellipse: <ellipse cx="10" cy="10" rx="7" ry="5.2" />,
  point: <path d="M10 3v4m0 6v4M3 10h4m6 0h4M10 9.6v.8" />,
  brush: (
    <path d="M16 3.5L9 10.5M9 10.5c-2.500-.5-4 1-4 3.200 0 1.300-.8 2-2 2.300 3.500 1.500 7.300.3 7.300-3.200 0-1-.4-1.800-1.300-2.300z" />
  ),
  eraser: <path d="M8 16l-4.500-4.500L11.500 3.500 16.500 8.500 9 16zM7 8l5 5M9 16h8" />,
  threshold: <path d="M3 15c2 0 2.500-9 5-9s2 6 4 6 2-3 5-3M3 11h14" />,
  fill: <path d="M9 3l7 7-6 6-6-6zM4 10h12M16.500 13.500c1 1.400 1 2.600 0 3" />,
  wand: <path d="M4 16l8-8M13 3v3m0 3v2M9.500 7h2m3 0h2M16 11l1 1" />,
  level: (
    <path d="M10 3.500c4 0 6.500 2.500 6.500 6s-3 7-7 7-6-3-6-6.500 2.500-6.500 6.500-6.500zM10 7c2 0 3.200 1 3.200 2.800S12 13 10 13s-3.200-1.200-3.200-3S8 7 10 7z" />
  ),
  smart: (
    <path d="M10 3l1.600 4.400L16 9l-4.400 1.600L10 15l-1.600-4.400L4 9l4.400-1.600zM15.500 14v3M14 15.500h3" />
  ),
  split: (
    <path d="M4 4l8.500 9M4 16l8.500-9M13.500 15.500a2 2 0 1 0 3-2 2 2 0 0 0-3 2zM13.500 4.500a2 2 0 1 1 3 2 2 2 0 0 1-3-2z" />
  ),
  undo: <path d="M8 5L4 8.500 8 12M4 8.500h7.500a4 4 0 0 1 0 8H9" />,
  redo: <path d="M12 5l4 3.500-4 3.500M16 8.500H8.500a4 4 0 0 0 0 8H11" />,
  visible: (
    <path d="M2.500 10S5.500 5 10 5s7.500 5 7.500 5-3 5-7.500 5-7.500-5-7.500-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z" />
  ),
  hidden: <path d="M2.500 10S5.500 5 10 5s7.500 5 7.500 5-3 5-7.500 5-7.500-5-7.500-5zM4 16L16 4" />,
  filled: <path d="M4 4h12v12H4zM4 9l5-5M4 14L14 4M6 16L16 6M11 16l5-5" />,
  outlined: <path d="M4 4h12v12H4z" />,
  keys: <path d="M2.500 6h15v8h-15zM5 9h1m2 0h1m2 0h1m2 0h1M6 11.500h8" />,
};

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="tool-icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      {PATHS[name]}
    </svg>
  );
}
