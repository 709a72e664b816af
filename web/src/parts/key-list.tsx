/** Keys with what they do, one a line. */

export type KeyRows = [key: string, what: string][];

export function KeyList({ rows }: { rows: KeyRows }) {
  return (
    <dl class="keys">
      {rows.map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
