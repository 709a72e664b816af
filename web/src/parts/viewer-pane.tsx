/** The image area of a screen: the viewer, what stands in its corners, loading and failure. */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { planes } from '../state/planes';
import type { Tool } from '../viewer/gestures';
import type { Pyramid } from '../viewer/pyramid';
import { createViewer, type Readout, type Viewer } from '../viewer/viewer';
import { sameWindow, widthLevel } from '../viewer/window';
import { count, percent } from '../words/numbers';

interface Props {
  /** The image to show; `null` shows black. */
  image: number | null;
  /** Images that will be shown next: fetched, decoded and uploaded while the person looks. */
  ahead: readonly number[];
  /** What the picture is, in words. */
  label: string;
  /** File name shown in the corner. */
  file: string;
  /** The picture is on the screen. */
  onPainted?: (image: number) => void;
  /** Filled with the viewer's commands, for keys and buttons. */
  controls: RefObject<Viewer | null>;
  tool: Tool;
  /** Hides the corners and the children. */
  bare: boolean;
  children?: ComponentChildren;
}

/** A load that takes longer than this says so; shorter ones would only flicker. */
const SLOW_MS = 250;

export function ViewerPane(props: Props) {
  const { image, ahead, label, file, onPainted, controls, tool, bare, children } = props;
  const host = useRef<HTMLDivElement>(null);
  const shown = useRef<number | null>(null);
  const painted = useRef(onPainted);
  painted.current = onPainted;
  const [readout, setReadout] = useState<Readout | null>(null);
  const [paintedImage, setPaintedImage] = useState<number | null>(null);
  const [slow, setSlow] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  useLayoutEffect(() => {
    if (host.current === null) return;
    const viewer = createViewer(host.current, {
      onReadout: setReadout,
      onPainted() {
        if (shown.current === null) return;
        setPaintedImage(shown.current);
        painted.current?.(shown.current);
      },
    });
    controls.current = viewer;
    const release = planes.onDrop((pyramid) => {
      viewer.forget(pyramid);
    });
    return () => {
      release();
      viewer.dispose();
      controls.current = null;
    };
  }, [controls]);

  useLayoutEffect(() => {
    controls.current?.setTool(tool);
  }, [controls, tool]);

  useLayoutEffect(() => {
    setSlow(false);
    setFailure(null);
    setPaintedImage(null);
    shown.current = null;
    let wanted = true;
    const show = (pyramid: Pyramid): void => {
      if (!wanted) return;
      shown.current = image;
      setSlow(false);
      controls.current?.show(pyramid);
    };
    const known = image === null ? undefined : planes.peek(image);
    if (known !== undefined) show(known);
    else {
      // Black, not the image before: an answer must never be given to the wrong picture.
      controls.current?.show(null);
      if (image !== null) {
        planes.load(image).then(show, (cause: unknown) => {
          if (wanted) setFailure(cause instanceof Error ? cause.message : String(cause));
        });
      }
    }
    const timer = window.setTimeout(() => {
      setSlow(known === undefined && image !== null && shown.current === null);
    }, SLOW_MS);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [controls, image, attempt]);

  const aheadKey = ahead.join(' ');
  useEffect(() => {
    let wanted = true;
    // One after the other, nearest first, and only when the browser has nothing better to do.
    const prefetch = async (): Promise<void> => {
      for (const id of aheadKey === '' ? [] : aheadKey.split(' ').map(Number)) {
        const pyramid = await planes.load(id).catch(() => null);
        await idle();
        if (!wanted) return;
        if (pyramid !== null) controls.current?.prepare(pyramid);
      }
    };
    void prefetch();
    return () => {
      wanted = false;
    };
  }, [controls, aheadKey]);

  return (
    <div
      class={`viewer tool-${tool}`}
      data-testid="viewer"
      data-image={image ?? ''}
      data-ready={image !== null && paintedImage === image ? 'true' : 'false'}
    >
      <div class="viewer-host" ref={host} role="img" aria-label={label} />
      {!bare && readout !== null && image !== null && <Corners readout={readout} file={file} />}
      {slow && failure === null && (
        <p class="viewer-message" role="status">
          Loading the image…
        </p>
      )}
      {readout?.lost === true && (
        <p class="viewer-message" role="status">
          The graphics device was reset; the picture comes back by itself.
        </p>
      )}
      {failure !== null && (
        <div class="viewer-message" role="alert" data-testid="viewer-failure">
          <p>{failure}</p>
          <button
            type="button"
            onClick={() => {
              setAttempt(attempt + 1);
            }}
          >
            Try again
          </button>
        </div>
      )}
      {!bare && children}
    </div>
  );
}

function Corners({ readout, file }: { readout: Readout; file: string }) {
  const { width, level } = widthLevel(readout.window);
  const changed = !sameWindow(readout.window, readout.defaultWindow);
  return (
    <>
      <p class="corner corner-left" title={file}>
        {file}
      </p>
      <p class="corner corner-right">
        {readout.surface === 'canvas2d' && (
          <span
            class="corner-mark"
            title="This browser has no WebGL2, so pictures are drawn by the processor."
          >
            software display
          </span>
        )}
        {readout.inverted && <span class="corner-mark">inverted</span>}
        <span class={changed ? 'corner-mark' : ''} data-testid="window">
          W {count(width)} L {count(level)}
        </span>
        <span>{percent(readout.scale, 0)}</span>
      </p>
    </>
  );
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has no requestIdleCallback.
    if (typeof window.requestIdleCallback === 'function') {
      window.requestIdleCallback(
        () => {
          resolve();
        },
        { timeout: 200 },
      );
    } else {
      window.setTimeout(resolve, 20);
    }
  });
}
