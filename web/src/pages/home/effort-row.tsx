/** Hours and money: spent, next, saved. */
import type { Effort, ProjectView, StopAdvice } from '../../api/types';
import { hours, money } from '../../words/numbers';

export function EffortRow({ view, advice }: { view: ProjectView; advice: StopAdvice | null }) {
  const { currency } = view.settings;
  return (
    <dl class="effort" data-testid="effort">
      <Item name="Spent so far" effort={view.spent} currency={currency} />
      {advice !== null && view.stage === 'labeling' && (
        <Item name="Next batch" effort={advice.next_effort} currency={currency} />
      )}
      <Item name="All by hand" effort={view.by_hand} currency={currency} />
      <Item name="Saved" effort={view.saved} currency={currency} strong />
    </dl>
  );
}

function Item({
  name,
  effort,
  currency,
  strong,
}: {
  name: string;
  effort: Effort;
  currency: string;
  strong?: boolean;
}) {
  return (
    <div class={strong === true ? 'effort-strong' : ''}>
      <dt>{name}</dt>
      <dd>
        {hours(effort.hours)}
        <span class="quiet">{money(effort.money, currency)}</span>
      </dd>
    </div>
  );
}
