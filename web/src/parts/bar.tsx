/** A thin bar of progress. */
export function Bar({ share, label, tone }: { share: number; label: string; tone?: string }) {
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 1000) / 10;
  return (
    <svg
      class={`bar ${tone ?? ''}`}
      viewBox="0 0 100 1"
      preserveAspectRatio="none"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
    >
      <rect class="bar-track" width="100" height="1" />
      <rect class="bar-fill" width={percent} height="1" />
    </svg>
  );
}
