/** The image with everything that draws on it: tools, classes, list of shapes, status line. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { KeyRows } from '../../parts/key-list';
import { isPressing } from '../../parts/keys';
import { ViewerPane } from '../../parts/viewer-pane';
import type { Looking } from '../../parts/viewer-keys';
import type { Calibration } from '../core/values';
import type { DrawingSession } from '../session/session';
import type { SmartTool } from '../tools/smart-tool';
import { ClassPicker } from './class-picker';
import { createController, type Controller, type Habits } from './controller';
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
  /** Tool, settings and looks that go on from image to image. */
  habits?: Habits;
  /** The drawing is not ready to be changed: it can be looked at only. */
  isLocked?: boolean;
  calibration?: Calibration;
  smart?: SmartTool;
  /** Keys of the page, for the list of all keys. */
  pageKeys?: KeyRows;
  /** How the drawing is answered: beside the picture, below classes and shapes. */
  answer?: ComponentChildren;
  onPainted?: (image: number) => void;
  /** Enter, where there is nothing to end or to accept. */
  onDone?: (event: Event) => void;
  /** Filled with the controller, for pages that have commands of their own. */
  onController?: (controller: Controller) => void;
  children?: ComponentChildren;
}

const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=range]), textarea, select';

export function DrawingPane(props: Props) {
  const { image, session, classes, looking, habits, calibration, smart, onDone, onController } = props;
  const isLocked = props.isLocked === true;
  const [choice, setChoice] = useState(() => readKeyChoice(window.localStorage));
  const [isKeysOpen, setKeysOpen] = useState(false);
  const colors = classes.map(({ color }) => color).join(' ');
  const controller = useMemo(
    () => createController({ session, colors: colors.split(' '), habits, calibration, smart }),
    [session, colors, habits, calibration, smart],
  );
  const keys = useMemo(() => keysOf(choice), [choice]);
  const { controls, setTool, bare } = looking;

  useLayoutEffect(() => {
    const viewer = controls.current;
    if (viewer === null) return;
    setTool('draw');
    const detach = controller.attach(viewer, !isLocked);
    onController?.(controller);
    return () => {
      detach();
      setTool('pan');
    };
    // `setTool` is new with every drawing of the page, but always does the same.
  }, [controls, controller, isLocked]);

  useDrawingKeys(isLocked ? null : controller, keys, classes.length, onDone, () => {
    setKeysOpen(true);
  });

  return (
    <div
      class={`drawing${bare ? ' drawing-bare' : ''}${props.answer === undefined ? '' : ' drawing-with-answer'}`}
      data-testid="drawing"
      data-tool={controller.toolbox.tool.value}
      data-locked={isLocked}
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
          {props.answer !== undefined && (
            <aside class="drawing-answer" aria-label="Answer">
              {props.answer}
            </aside>
          )}
        </>
      )}
      {isKeysOpen && (
        <DrawingKeyPanel
          choice={choice}
          pageKeys={props.pageKeys ?? []}
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
function useDrawingKeys(
  controller: Controller | null,
  keys: KeyMap,
  classes: number,
  onDone: ((event: Event) => void) | undefined,
  onHelp: () => void,
): void {
  const latest = useRef({ onDone, onHelp });
  latest.current = { onDone, onHelp };
  // Before the screen is drawn: a key that is pressed at the first sight of an image is for its drawing.
  useLayoutEffect(() => {
    if (controller === null) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      if (event.target instanceof Element && event.target.matches(TEXT_FIELDS)) return;
      const isPress = event.key === 'Enter' || event.key === ' ';
      if (isPress && isPressing(event)) return;
      // The arrows of a slider are its own.
      if (event.target instanceof HTMLInputElement && event.key.startsWith('Arrow')) return;
      const { onDone: finish, onHelp: help } = latest.current;
      if (event.key === '?') help();
      else if (!drawingKey(controller, keys, classes, event)) {
        if (event.key !== 'Enter' || finish === undefined || event.repeat) return;
        finish(event);
      }
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => {
      window.removeEventListener('keydown', onKey, { capture: true });
    };
  }, [controller, keys, classes]);
}
