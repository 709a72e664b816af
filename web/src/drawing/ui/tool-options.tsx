/** What the tool in hand can be told: size, tolerance, range, and the buttons that a screen without keys needs. */
import type { Signal } from '@preact/signals';
import { keepFocus } from '../../parts/keys';
import { openProposals } from '../session/proposals';
import type { Controller } from './controller';
import { runAction } from './drawing-keys';
import type { Action } from './key-map';

export function ToolOptions({ controller }: { controller: Controller }) {
  const { settings, toolbox, session } = controller;
  void session.revision.value;
  const tool = toolbox.tool.value;
  const open = openProposals(session).length;
  const chosen = session.selection.value.some((id) => session.mark(id)?.proposed === true);
  const button = (action: Action, label: string) => (
    <button
      type="button"
      class="drawing-option"
      data-testid={`option-${action}`}
      onMouseDown={keepFocus}
      onClick={() => {
        if (action === 'accept' && !controller.confirm()) runAction(controller, action, 0);
        else if (action !== 'accept') runAction(controller, action, 0);
      }}
    >
      {label}
    </button>
  );
  return (
    <div class="drawing-options">
      {(tool === 'brush' || tool === 'eraser' || tool === 'threshold') && (
        <Slider
          label="Size"
          unit="px"
          value={settings.radius}
          low={0.5}
          high={200}
          testId="brush-size"
          logarithmic
        />
      )}
      {tool === 'threshold' && <Range controller={controller} />}
      {tool === 'wand' && (
        <Slider
          label="Tolerance"
          unit=""
          value={settings.tolerance}
          low={1}
          high={2000}
          testId="tolerance"
          logarithmic
        />
      )}
      {tool === 'polygon' && (
        <label class="drawing-check">
          <input
            type="checkbox"
            data-testid="magnet"
            checked={settings.magnet.value}
            onChange={(event) => {
              settings.magnet.value = event.currentTarget.checked;
            }}
          />
          <span>Follow edges</span>
        </label>
      )}
      {(tool === 'polygon' || tool === 'smart') && button('accept', tool === 'polygon' ? 'Close' : 'Take it')}
      {session.selection.value.length > 0 && !chosen && session.task !== 'semantic' && (
        <>
          {session.selection.value.length > 1 && button('merge', 'Join')}
          {button('delete', 'Delete')}
          {button('new', 'New shape')}
        </>
      )}
      {open > 0 && (
        <>
          {button('next-proposal', 'Next proposal')}
          {button('accept', chosen ? 'Accept' : `Accept all ${String(open)}`)}
          {chosen && button('reject', 'Reject')}
        </>
      )}
    </div>
  );
}

interface SliderProps {
  label: string;
  unit: string;
  value: Signal<number>;
  low: number;
  high: number;
  testId: string;
  logarithmic?: boolean;
}

function Slider({ label, unit, value, low, high, testId, logarithmic }: SliderProps) {
  const steps = 100;
  const position =
    logarithmic === true
      ? Math.log(value.value / low) / Math.log(high / low)
      : (value.value - low) / (high - low);
  return (
    <label class="drawing-slider">
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={steps}
        value={Math.round(position * steps)}
        data-testid={testId}
        aria-valuetext={`${value.value.toFixed(1)} ${unit}`}
        onInput={(event) => {
          const share = Number(event.currentTarget.value) / steps;
          const next = logarithmic === true ? low * (high / low) ** share : low + share * (high - low);
          value.value = Math.round(next * 10) / 10;
        }}
      />
      <output>
        {value.value < 10 ? value.value.toFixed(1) : value.value.toFixed(0)} {unit}
      </output>
    </label>
  );
}

type End = 'low' | 'high';

const ENDS: [End, string][] = [
  ['low', 'From'],
  ['high', 'to'],
];

/** Values that threshold paint takes; empty fields learn them where each stroke begins. */
function Range({ controller }: { controller: Controller }) {
  const { range } = controller.settings;
  const set = (end: End, text: string): void => {
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number)) range.value = null;
    else
      range.value = {
        low: range.value?.low ?? -Infinity,
        high: range.value?.high ?? Infinity,
        [end]: number,
      };
  };
  const shown = (value: number | undefined): string =>
    value === undefined || !Number.isFinite(value) ? '' : String(value);
  return (
    <span class="drawing-range">
      {ENDS.map(([end, name]) => (
        <label key={end}>
          <span>{name}</span>
          <input
            type="text"
            inputMode="decimal"
            placeholder="learnt"
            data-testid={`range-${end}`}
            value={shown(range.value?.[end])}
            onChange={(event) => {
              set(end, event.currentTarget.value);
            }}
          />
        </label>
      ))}
    </span>
  );
}
