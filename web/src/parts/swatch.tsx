/** The colour of a class. Colour never stands alone: the name is always beside it. */
export function Swatch({ color }: { color: string }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      <rect width="10" height="10" rx="2.5" fill={color} />
    </svg>
  );
}
