/** What the label and the audit screen share: rail, strip, small tools, the sign that all is saved. */
import type { ComponentChildren } from 'preact';
import { outbox } from '../state/answers';
import { connected } from '../state/project';
import type { ClassDefinition } from '../api/types';
import { plural } from '../words/numbers';
import { digitOfClass, keepFocus } from './keys';
import { Swatch } from './swatch';
import type { Tool } from '../viewer/gestures';
import type { Looking } from './viewer-keys';

/** One class, or one finding that is on or off, with its digit. */
export function ClassButton({
  index,
  definition,
  pressed,
  disabled,
  mark,
  isSwitch,
  onChoose,
}: {
  index: number;
  definition: ClassDefinition;
  pressed: boolean;
  disabled: boolean;
  /** A word beside the name, for example which label is in question. */
  mark?: string;
  /** One of several that can be on together: a box shows which are, beside colour and frame. */
  isSwitch?: boolean;
  onChoose: (index: number, event: Event) => void;
}) {
  return (
    <button
      type="button"
      class="choice"
      data-testid={`class-${String(index)}`}
      aria-pressed={pressed}
      disabled={disabled}
      onMouseDown={keepFocus}
      onClick={(event) => {
        onChoose(index, event);
      }}
    >
      <kbd>{digitOfClass(index) ?? ''}</kbd>
      {isSwitch === true ? (
        <Box color={definition.color} on={pressed} />
      ) : (
        <Swatch color={definition.color} />
      )}
      <span class="choice-name">{definition.name}</span>
      {mark !== undefined && <span class="choice-mark">{mark}</span>}
    </button>
  );
}

function Box({ color, on }: { color: string; on: boolean }) {
  return (
    <svg class="choice-box" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <rect x="1" y="1" width="14" height="14" rx="3" stroke={color} fill={on ? color : 'none'} />
      {on && <path d="M4 8.5 7 11.5 12 5" />}
    </svg>
  );
}

/** A small command with its key. */
export function KeyButton({
  keyName,
  children,
  onPress,
  pressed,
  disabled,
  testId,
  primary,
}: {
  keyName: string;
  children: ComponentChildren;
  onPress: (event: Event) => void;
  pressed?: boolean;
  disabled?: boolean;
  testId: string;
  primary?: boolean;
}) {
  return (
    <button
      type="button"
      class={primary === true ? 'command command-primary' : 'command'}
      data-testid={testId}
      aria-pressed={pressed}
      disabled={disabled}
      onMouseDown={keepFocus}
      onClick={onPress}
    >
      <kbd>{keyName}</kbd>
      <span>{children}</span>
    </button>
  );
}

/** Tools for a touch screen, where there is no right button and no keyboard; `rest` is what a finger does else. */
export function TouchTools({ looking, rest = 'pan' }: { looking: Looking; rest?: Tool }) {
  const windowing = looking.tool === 'window';
  return (
    <div class="touch-tools" role="toolbar" aria-label="View">
      <button
        type="button"
        aria-pressed={windowing}
        onClick={() => {
          looking.setTool(windowing ? rest : 'window');
        }}
      >
        Window
      </button>
      <button type="button" onClick={() => looking.controls.current?.invert()}>
        Invert
      </button>
      <button type="button" onClick={() => looking.controls.current?.reset()}>
        Fit
      </button>
    </div>
  );
}

/** "Saved", or what is still on its way. */
export function SavedSign() {
  const { waiting, reachable } = outbox.state.value;
  const [state, text] = !reachable
    ? ['waiting', `${plural(waiting, 'answer')} waiting`]
    : !connected.value
      ? ['away', 'Not connected']
      : waiting > 0
        ? ['saving', 'Saving…']
        : ['saved', 'Saved'];
  return (
    <span class={`saved saved-${state}`} data-testid="saved-state" data-state={state}>
      {text}
    </span>
  );
}

/** Says plainly that answers are kept here while the server is away. */
export function AwayBanner() {
  const { waiting, reachable, foreign } = outbox.state.value;
  if (!reachable) {
    return (
      <div class="banner banner-problem" role="alert" data-testid="away-banner">
        <p>
          AutoLabel does not answer. {plural(waiting, 'answer')} {waiting === 1 ? 'is kept' : 'are kept'} in
          this browser and will be sent as soon as it does; nothing is lost.
        </p>
        <button type="button" onMouseDown={keepFocus} onClick={outbox.retryNow}>
          Try now
        </button>
      </div>
    );
  }
  if (foreign === 0) return null;
  return (
    <div class="banner banner-news" role="status">
      <p>
        This browser keeps {plural(foreign, 'answer')} for another project; they will be sent when that
        project is open again.
      </p>
    </div>
  );
}
