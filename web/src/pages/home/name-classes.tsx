/** A new project has no classes: ask for their names before anything else. */
import { useState } from 'preact/hooks';
import { changeSettings } from '../../api/client';
import type { Settings } from '../../api/types';
import { navigate } from '../../router';
import { tellProblem } from '../../state/notices';
import { project } from '../../state/project';
import { nextColor, namesProblem } from '../settings/class-names';

export function NameClasses({ settings }: { settings: Settings }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const names = text
    .split('\n')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const problem = names.length < 2 ? 'Name at least two classes.' : namesProblem(names);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (problem !== null) return;
    setBusy(true);
    try {
      const classes = names.map((name, index) => ({ name, color: nextColor(index) }));
      project.value = await changeSettings({ schema: { ...settings.schema, classes } });
      navigate('/label');
    } catch (cause) {
      tellProblem(cause);
    }
    setBusy(false);
  };

  return (
    <form class="name-classes" onSubmit={(event) => void submit(event)} data-testid="name-classes">
      <h2>What can these images show?</h2>
      <p class="quiet">
        One class a line, in the order of the digit keys. You can add more later; their order then stays.
      </p>
      <label class="visually-hidden" for="class-names">
        Class names, one a line
      </label>
      <textarea
        id="class-names"
        rows={6}
        autofocus
        value={text}
        placeholder={'normal\npneumonia\nCOVID-19'}
        onInput={(event) => {
          setText(event.currentTarget.value);
        }}
      />
      <p class="form-line">
        <button type="submit" class="button button-primary" disabled={busy || problem !== null}>
          Start labeling
        </button>
        <span class="quiet" role="status">
          {text === '' ? '' : problem}
        </span>
      </p>
    </form>
  );
}
