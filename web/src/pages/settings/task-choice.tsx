/**
 * Whether an image gets one class, any number of findings, one grade, or shapes. Answers of one kind mean nothing as the
 * other, so the choice ends with the first label; what the page does not know of, the server refuses.
 */
import type { Task } from '../../api/types';

interface Props {
  task: Task;
  isFixed: boolean;
  onChange: (task: Task) => void;
}

const TASKS: [Task, string, string][] = [
  ['classification', 'One class an image', 'Exactly one of them is right.'],
  ['grades', 'One grade an image', 'The classes are a scale: a near miss is less wrong than a far one.'],
  ['findings', 'Any number of findings', 'Each is there or not, by itself; an image may show none.'],
  ['detection', 'Boxes', 'A box around each thing that is looked for; an image may have none.'],
  ['semantic_segmentation', 'Painted regions', 'A pixel has one of the classes, or none of them.'],
  [
    'instance_segmentation',
    'Outlines, one by one',
    'Each thing is a region of its own, such as a nucleus; regions that touch stay apart.',
  ],
];

export function TaskChoice({ task, isFixed, onChange }: Props) {
  return (
    <div class="task-choice" role="radiogroup" aria-label="What an image can show">
      {TASKS.map(([value, name, what]) => (
        <label key={value}>
          <input
            type="radio"
            name="task"
            value={value}
            data-testid={`task-${value}`}
            checked={task === value}
            disabled={isFixed && task !== value}
            onChange={() => {
              onChange(value);
            }}
          />
          <span>
            {name}
            <span class="quiet">{what}</span>
          </span>
        </label>
      ))}
      {isFixed && (
        <p class="quiet" data-testid="task-fixed">
          This can be changed only as long as nothing is labeled.
        </p>
      )}
    </div>
  );
}
