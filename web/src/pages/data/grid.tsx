/** The virtual grid: only cells in sight exist, and only their previews are asked for. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { previewUrl } from '../../api/client';
import type { ImageView } from '../../api/types';
import { Swatch } from '../../parts/swatch';
import { classes } from '../../state/project';
import {
  layoutGrid,
  rowTop,
  scrollTo,
  showRow,
  TOP,
  visibleRange,
  type GridLayout,
  type ScrollState,
} from './grid-math';
import type { ImageList } from './image-list';
import { labelOf } from './shown-label';

interface Props {
  list: ImageList;
  onOpen: (index: number) => void;
  /** Text that changes with the filter: the grid goes back to its top. */
  filter: string;
}

const CELL_PX = 168;
const CELL_NARROW_PX = 104;
const GAP_PX = 10;
const CAPTION_PX = 40;
/** While the bar is dragged, previews wait until it has been still for this long. */
const STILL_MS = 90;
/** Colours beside the words of a caption; more would leave no room for the words. */
const MOST_SWATCHES = 3;

export function Grid({ list, onOpen, filter }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scroll, setScroll] = useState<ScrollState>(TOP);
  const [moving, setMoving] = useState(false);
  const [active, setActive] = useState(0);
  const focusActive = useRef(false);
  const total = list.total.value ?? 0;
  // Read so that arriving pages draw the grid again.
  const version = list.version.value;

  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);

  useEffect(() => {
    host.current?.scrollTo(0, 0);
    setScroll(TOP);
    setActive(0);
  }, [filter]);

  const cell = size.width < 600 ? CELL_NARROW_PX : CELL_PX;
  const layout = layoutGrid(total, Math.max(size.width, cell), cell, GAP_PX, CAPTION_PX);
  const range = visibleRange(scroll, layout, size.height, total);

  useEffect(() => {
    if (moving || size.height === 0) return;
    list.show(range.first, Math.max(range.end, range.first + 1));
  }, [list, moving, range.first, range.end, size.height, version]);

  const timer = useRef(0);
  const onScroll = (): void => {
    const element = host.current;
    if (element === null) return;
    const next = scrollTo(scroll, element.scrollTop, layout, size.height);
    const far = Math.abs(next.top_bar + next.shift - scroll.top_bar - scroll.shift) > size.height;
    setScroll(next);
    if (!far && !moving) return;
    setMoving(true);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      setMoving(false);
    }, STILL_MS);
  };

  const moveTo = (index: number): void => {
    const target = Math.min(Math.max(index, 0), Math.max(0, total - 1));
    focusActive.current = true;
    setActive(target);
    const next = showRow(scroll, Math.floor(target / layout.columns), layout, size.height);
    if (next === null || host.current === null) return;
    setScroll(next);
    host.current.scrollTop = next.top_bar;
  };

  useLayoutEffect(() => {
    if (!focusActive.current) return;
    const button = host.current?.querySelector<HTMLElement>(`[data-index="${String(active)}"]`);
    if (button == null) return;
    focusActive.current = false;
    button.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(size.height / layout.rowHeight)) * layout.columns;
    const moves: Record<string, number> = {
      ArrowRight: active + 1,
      ArrowLeft: active - 1,
      ArrowDown: active + layout.columns,
      ArrowUp: active - layout.columns,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: total - 1,
    };
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    moveTo(target);
  };

  // When the active cell has scrolled away, Tab reaches the first one in sight.
  const inSight = active >= range.first && active < range.end;
  const tabStop = inSight ? active : Math.min(range.first + layout.columns, Math.max(0, range.end - 1));

  const rows = [];
  for (let row = range.firstRow; row < range.endRow; row++) {
    rows.push(
      <Row
        key={row}
        row={row}
        top={rowTop(row, scroll, layout)}
        layout={layout}
        total={total}
        list={list}
        active={tabStop}
        still={!moving}
        onFocus={setActive}
        onOpen={onOpen}
      />,
    );
  }
  return (
    <div
      ref={host}
      class="grid"
      role="grid"
      aria-label="Images"
      aria-rowcount={layout.rows}
      aria-colcount={layout.columns}
      data-testid="grid"
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div class="grid-bar" role="presentation" style={{ height: `${String(layout.height_bar)}px` }}>
        {rows}
      </div>
    </div>
  );
}

interface RowProps {
  row: number;
  top: number;
  layout: GridLayout;
  total: number;
  list: ImageList;
  active: number;
  still: boolean;
  onOpen: (index: number) => void;
  onFocus: (index: number) => void;
}

function Row({ row, top, layout, total, list, active, still, onOpen, onFocus }: RowProps) {
  const first = row * layout.columns;
  const cells = Math.min(layout.columns, total - first);
  return (
    <div
      class="grid-row"
      role="row"
      aria-rowindex={row + 1}
      style={{
        transform: `translateY(${String(top)}px)`,
        gridTemplateColumns: `repeat(${String(layout.columns)}, 1fr)`,
      }}
    >
      {Array.from({ length: cells }, (_, column) => {
        const index = first + column;
        return (
          <Cell
            key={index}
            index={index}
            column={column}
            image={list.at(index)}
            focusable={index === active}
            still={still}
            onOpen={onOpen}
            onFocus={onFocus}
          />
        );
      })}
    </div>
  );
}

interface CellProps {
  index: number;
  column: number;
  image: ImageView | undefined;
  focusable: boolean;
  still: boolean;
  onOpen: (index: number) => void;
  onFocus: (index: number) => void;
}

function Cell({ index, column, image, focusable, still, onOpen, onFocus }: CellProps) {
  const known = image !== undefined;
  return (
    <div role="gridcell" aria-colindex={column + 1} class="grid-cell">
      <button
        type="button"
        class="thumb"
        data-index={index}
        data-testid={known ? `image-${String(image.id)}` : undefined}
        tabIndex={focusable ? 0 : -1}
        aria-label={known ? undefined : `image ${String(index + 1)}, loading`}
        title={image?.file}
        onFocus={() => {
          onFocus(index);
        }}
        onClick={() => {
          onOpen(index);
        }}
      >
        <span class="thumb-picture">
          {known && <Preview id={image.id} wanted={still} />}
          {known && image.flagged && <span class="thumb-flag">flag</span>}
        </span>
        <span class="thumb-caption">{known && <Caption image={image} />}</span>
      </button>
    </div>
  );
}

/** Asks for the preview once the list is still, and keeps it from then on. */
function Preview({ id, wanted }: { id: number; wanted: boolean }) {
  const [asked, setAsked] = useState(wanted);
  useEffect(() => {
    if (wanted) setAsked(true);
  }, [wanted]);
  if (!asked) return null;
  return <img src={previewUrl(id, 256)} alt="" decoding="async" draggable={false} />;
}

function Caption({ image }: { image: ImageView }) {
  const label = labelOf(image);
  return (
    <>
      <span class="thumb-label">
        {label.indices.slice(0, MOST_SWATCHES).map((index) => (
          <Swatch key={index} color={classes.value[index]?.color ?? '#888'} />
        ))}
        <span class={label.tone}>{label.text}</span>
      </span>
      <span class="thumb-file quiet">{image.file.split('/').at(-1)}</span>
    </>
  );
}
