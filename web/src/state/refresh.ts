/**
 * Fetches that are asked for often and needed once: while one runs, any number of further calls
 * make exactly one more run after it.
 */
export function coalesce(fetchOnce: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again: Promise<void> | null = null;
  const start = (): Promise<void> => {
    running = fetchOnce().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return start();
    again ??= running
      .catch(() => undefined)
      .then(() => {
        again = null;
        return start();
      });
    return again;
  };
}
