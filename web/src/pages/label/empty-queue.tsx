/** Nothing to label: why, and where to go. */
import { outbox } from '../../state/answers';
import { connected, project } from '../../state/project';

export function EmptyQueue({ because }: { because: string | null }) {
  const stage = project.value?.stage;
  const [href, text] =
    stage === 'stop_advised'
      ? ['/release', 'Auto-label the rest']
      : stage === 'auditing'
        ? ['/audit', 'Go to the audit']
        : stage === 'certified'
          ? ['/release', 'Open the certificate']
          : ['/', 'Back to home'];
  const away = !connected.value || !outbox.state.value.reachable;
  return (
    <div class="empty" data-testid="queue-empty">
      <h2>{away ? 'The next images are not here yet' : 'Nothing to label right now'}</h2>
      <p>
        {away
          ? 'AutoLabel does not answer. As soon as it does, labeling goes on by itself.'
          : (because ?? 'The next batch is being chosen; it appears here by itself.')}
      </p>
      <a class="button" href={href}>
        {text}
      </a>
    </div>
  );
}
