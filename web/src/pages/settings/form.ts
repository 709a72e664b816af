/** What the settings form sends and what it refuses. */
import type { Settings } from '../../api/types';
import { wordsOf } from '../../words/labels';
import { namesProblem } from './class-names';

/** Only the fields that differ, so that two people changing different things do not collide. */
export function changes(saved: Settings, draft: Settings): Partial<Settings> {
  const differ = Object.entries(draft).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name as keyof Settings]),
  );
  return Object.fromEntries(differ) as Partial<Settings>;
}

/** Sentences for what cannot be saved. */
export function problemsOf(draft: Settings): string[] {
  const problems: string[] = [];
  const need = (holds: boolean, text: string): void => {
    if (!holds) problems.push(text);
  };
  need(draft.name.trim() !== '', 'The project needs a name.');
  const { task, classes } = draft.schema;
  const names = namesProblem(
    classes.map((definition) => definition.name),
    wordsOf(task),
  );
  if (names !== null) problems.push(names);
  need(
    draft.target_error > 0 && draft.target_error < 0.5,
    'The accepted errors must lie between 0 and 50 %.',
  );
  need(draft.budget_share > 0 && draft.budget_share <= 1, 'The budget must lie between 0 and 100 %.');
  need(
    Number.isInteger(draft.batch_size) && draft.batch_size >= 1 && draft.batch_size <= 1000,
    'A batch has 1 to 1,000 images.',
  );
  need(/^[A-Z]{3}$/.test(draft.currency), 'The currency is a code of three letters, for example EUR.');
  const { money_per_hour: money, seconds_per_label: label, seconds_per_audit: check } = draft.cost;
  need(money >= 0, 'The cost of an hour must be a number.');
  need(label > 0 && check > 0, 'A label and a check take more than 0 seconds.');
  return problems;
}
