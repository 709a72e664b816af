/** What the home screen's button does in each stage. */
import type { ProjectView } from '../../api/types';
import { count, minutesLeft } from '../../words/numbers';

export interface Action {
  text: string;
  /** Empty for a line that leads nowhere. */
  href: string;
}

export function primaryAction(view: ProjectView): Action {
  switch (view.stage) {
    case 'stop_advised':
      return { text: 'Auto-label the rest', href: '/release' };
    case 'auditing':
      return { text: 'Continue the audit', href: '/audit' };
    case 'certified':
      return { text: 'Open the certificate', href: '/release' };
    default:
      return { text: view.counts.labeled === 0 ? 'Start labeling' : 'Continue labeling', href: '/label' };
  }
}

export function secondaryAction(view: ProjectView): Action | null {
  const { counts, batch_done: done, batch_size: size } = view;
  switch (view.stage) {
    case 'stop_advised':
      return { text: 'or label more', href: '/label' };
    case 'auditing':
    case 'certified':
      return counts.returned === 0
        ? null
        : { text: `or label the ${count(counts.returned)} returned to you`, href: '/label' };
    default: {
      if (size === 0 || done >= size) return null;
      const seconds = view.seconds_per_label ?? view.settings.cost.seconds_per_label;
      const left = minutesLeft(((size - done) * seconds) / 60);
      return { text: `${count(done)} of ${count(size)} in this batch, ${left}`, href: '' };
    }
  }
}
