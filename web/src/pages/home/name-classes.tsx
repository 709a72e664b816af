/** A new project has no classes or findings: ask for their names before anything else. */
import { useState } from 'preact/hooks';
import { changeSettings } from '../../api/client';
import type { Settings, Task } from '../../api/types';
import { navigate } from '../../router';
import { tellProblem } from '../../state/notices';
import { project } from '../../state/project';
import { wordsOf } from '../../words/labels';
import { gradeColor, nextColor, namesProblem } from '../settings/class-names';
import { TaskChoice } from '../settings/task-choice';

/** Fewer leave nothing to tell apart. */
const FEWEST: Record<Task, number> = {
  classification: 2,
  findings: 1,
  grades: 2,
  detection: 1,
  semantic_segmentation: 1,
  instance_segmentation: 1,
};

const PLACEHOLDERS: Record<Task, string> = {
  classification: 'normal\npneumonia\nCOVID-19',
  findings: 'effusion\nnodule\npneumothorax',
  grades: 'no retinopathy\nmild\nmoderate\nsevere\nproliferative',
  detection: 'red cell\nwhite cell\nplatelet',
  semantic_segmentation: 'polyp',
  instance_segmentation: 'nucleus',
};

export function NameClasses({ settings }: { settings: Settings }) {
  const [text, setText] = useState('');
  const [task, setTask] = useState(settings.schema.task);
  const words = wordsOf(task);
  const [busy, setBusy] = useState(false);
  const names = text
    .split('\n')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const few = `Name at least ${FEWEST[task] === 1 ? `one ${words.one}` : `two ${words.many}`}.`;
  const problem = names.length < FEWEST[task] ? few : namesProblem(names, words);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (problem !== null) return;
    setBusy(true);
    try {
      const classes = names.map((name, index) => ({
        name,
        color: task === 'grades' ? gradeColor(index, names.length) : nextColor(index),
      }));
      project.value = await changeSettings({ schema: { task, classes } });
      navigate('/label');
    } catch (cause) {
      tellProblem(cause);
    }
    setBusy(false);
  };

  return (
    <form class="name-classes" onSubmit={(event) => void submit(event)} data-testid="name-classes">
      <h2>What can these images show?</h2>
      <TaskChoice task={task} isFixed={false} onChange={setTask} />
      <p class="quiet">
        {task === 'grades'
          ? 'One grade a line, from the lowest to the highest, which is the order of the digit keys. The order stays.'
          : `One ${words.one} a line, in the order of the digit keys. You can add more later; their order then stays.`}
        {task === 'findings' &&
          ' “No finding” needs no line: it is the answer with none of them switched on.'}
      </p>
      <label class="visually-hidden" for="class-names">
        Names of the {words.many}, one a line
      </label>
      <textarea
        id="class-names"
        rows={6}
        autofocus
        value={text}
        placeholder={PLACEHOLDERS[task]}
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
