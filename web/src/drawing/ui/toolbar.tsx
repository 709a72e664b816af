/** The tools of a drawing with their keys, undo, and how shapes are shown. */
import type { ComponentChildren } from 'preact';
import { keepFocus } from '../../parts/keys';
import type { Controller } from './controller';
import { runAction } from './drawing-keys';
import { Icon, type IconName } from './icons';
import { ACTION_WORDS, keyInWords, type Action, type KeyMap } from './key-map';

interface Props {
  controller: Controller;
  keys: KeyMap;
  onKeys: () => void;
}

export function DrawingToolbar({ controller, keys, onKeys }: Props) {
  const { toolbox, session, visible, filled } = controller;
  const run = (action: Action) => () => {
    runAction(controller, action, 0);
  };
  return (
    <div class="drawing-tools" role="toolbar" aria-label="Drawing tools" aria-orientation="vertical">
      <div class="drawing-tools-group">
        {toolbox.names.map((name) => (
          <ToolButton
            key={name}
            icon={name}
            action={name}
            keys={keys}
            pressed={toolbox.tool.value === name}
            onPress={() => {
              toolbox.choose(name);
            }}
          />
        ))}
      </div>
      <div class="drawing-tools-group">
        <ToolButton
          icon="undo"
          action="undo"
          keys={keys}
          disabled={!session.canUndo.value}
          onPress={run('undo')}
        />
        <ToolButton
          icon="redo"
          action="redo"
          keys={keys}
          disabled={!session.canRedo.value}
          onPress={run('redo')}
        />
        <ToolButton
          icon={visible.value ? 'visible' : 'hidden'}
          action="hide"
          keys={keys}
          pressed={!visible.value}
          onPress={run('hide')}
        />
        <ToolButton
          icon={filled.value ? 'filled' : 'outlined'}
          action="outline"
          keys={keys}
          pressed={!filled.value}
          onPress={run('outline')}
        />
        <Button label="Keys" testId="drawing-open-keys" sign="?" onPress={onKeys}>
          <Icon name="keys" />
        </Button>
      </div>
    </div>
  );
}

function ToolButton(props: {
  icon: IconName;
  action: Action;
  keys: KeyMap;
  pressed?: boolean;
  disabled?: boolean;
  onPress: () => void;
}) {
  const { icon, action, keys, pressed, disabled, onPress } = props;
  const key = keys[action][0];
  const label = ACTION_WORDS[action];
  return (
    <Button
      label={label.charAt(0).toUpperCase() + label.slice(1)}
      testId={`tool-${action}`}
      sign={key !== undefined && key.length === 1 ? keyInWords(key) : ''}
      longKey={key === undefined ? '' : keyInWords(key)}
      pressed={pressed}
      disabled={disabled}
      onPress={onPress}
    >
      <Icon name={icon} />
    </Button>
  );
}

function Button(props: {
  label: string;
  testId: string;
  sign: string;
  longKey?: string;
  pressed?: boolean;
  disabled?: boolean;
  onPress: () => void;
  children: ComponentChildren;
}) {
  const { label, testId, sign, longKey = sign, pressed, disabled, onPress, children } = props;
  return (
    <button
      type="button"
      class="drawing-tool"
      data-testid={testId}
      aria-label={label}
      aria-pressed={pressed}
      title={longKey === '' ? label : `${label} (${longKey})`}
      disabled={disabled}
      onMouseDown={keepFocus}
      onClick={onPress}
    >
      {children}
      <kbd aria-hidden="true">{sign}</kbd>
    </button>
  );
}
