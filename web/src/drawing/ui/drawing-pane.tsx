/** The image with everything that draws on it: tools, classes, list of shapes, status line. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { isPressing } from '../../parts/keys';
import { ViewerPane } from '../../parts/viewer-pane';
import type { Looking } from '../../parts/viewer-keys';
import type { Calibration } from '../core/values';
import type { DrawingSession } from '../session/session';
import type { SmartTool } from '../tools/smart-tool';
import { ClassPicker } from './class-picker';
import { createController, type Controller } from './controller';
import { drawingKey } from './drawing-keys';
import { keepKeyChoice, keysOf, readKeyChoice, type KeyMap } from './key-map';
import { DrawingKeyPanel } from './key-panel';
import { ShapeList, type DrawingClass } from './shape-list';
import { StatusLine } from './status-line';
import { DrawingToolbar } from './toolbar';
import { ToolOptions } from './tool-options';

interface Props {
  image: number;
  ahead: readonly number[];
  label: string;
  file: string;
  /** What is drawn on this image; another image has another session. */
  session: DrawingSession;
  classes: readonly DrawingClass[];
  /** Zoom, window and their keys, as on every screen with an image. */
  looking: Looking;
  calibration?: Calibration;
  smart?: SmartTool;
  onPainted?: (image: number) => void;
  /** Enter, where there is nothing to end or to accept. */
  onDone?: () => void;
  /** Filled with the controller, for pages that have commands of their own. */
  onController?: (controller: Controller) => void;
  children?: ComponentChildren;
}

const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=range]), textarea, select';

export function DrawingPane(props: Props) {
  const { image, session, classes, looking, calibration, smart, onDone, onController } = props;
  const [choice, setChoice] = useState(() => readKeyChoice(window.localStorage));
  const [isKeysOpen, setKeysOpen] = useState(false);
  const colors = classes.map(({ color }) => color).join(' ');
  const controller = useMemo(
    () => createController({ session, colors: colors.split(' '), calibration, smart }),
    [session, colors, calibration, smart],
  );
  const keys = useMemo(() => keysOf(choice), [choice]);
  const { controls, setTool, bare } = looking;

  useLayoutEffect(() => {
    const viewer = controls.current;
    if (viewer === null) return;
    setTool('draw');
    const detach = controller.attach(viewer);
    onController?.(controller);
    return () => {
      detach();
      setTool('pan');
    };
    // `setTool` is new with every drawing of the page, but always does the same.
  }, [controls, controller]);

  useDrawingKeys(controller, keys, classes.length, onDone);

  return (
    <div
      class={bare ? 'drawing drawing-bare' : 'drawing'}
      data-testid="drawing"
      data-tool={controller.toolbox.tool.value}
    >
      {!bare && (
        <DrawingToolbar
          controller={controller}
          keys={keys}
          onKeys={() => {
            setKeysOpen(true);
          }}
        />
      )}
      <div class={`drawing-view drawing-with-${controller.toolbox.tool.value}`}>
        <ViewerPane
          image={image}
          ahead={props.ahead}
          label={props.label}
          file={props.file}
          onPainted={props.onPainted}
          controls={controls}
          tool={looking.tool}
          bare={bare}
        >
          {props.children}
        </ViewerPane>
      </div>
      {!bare && (
        <>
          <div class="drawing-foot">
            <ToolOptions controller={controller} />
            <StatusLine controller={controller} />
          </div>
          <aside class="drawing-side" aria-label="Classes and shapes">
            <ClassPicker controller={controller} classes={classes} />
            <ShapeList controller={controller} classes={classes} />
          </aside>
        </>
      )}
      {isKeysOpen && (
        <DrawingKeyPanel
          choice={choice}
          onChoose={(next) => {
            setChoice(next);
            keepKeyChoice(window.localStorage, next);
          }}
          onClose={() => {
            setKeysOpen(false);
          }}
        />
      )}
    </div>
  );
}

/** Takes keys before the page does; what is not for drawing goes on to it. */
function useDrawingKeys(controller: Controller, keys: KeyMap, classes: number, onDone?: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      if (event.target instanceof Element && event.target.matches(TEXT_FIELDS)) return;
      const isPress = event.key === 'Enter' || event.key === ' ';
      if (isPress && isPressing(event)) return;
      // The arrows of a slider are its own.
      if (event.target instanceof HTMLInputElement && event.key.startsWith('Arrow')) return;
      if (drawingKey(controller, keys, classes, event)) event.preventDefault();
      else if (event.key === 'Enter' && onDone !== undefined && !event.repeat) {
        event.preventDefault();
        onDone();
      }
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => {
      window.removeEventListener('keydown', onKey, { capture: true });
    };
  }, [controller, keys, classes, onDone]);
}
