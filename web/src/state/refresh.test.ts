import { expect, it } from 'vitest';
import { coalesce } from './refresh';

it('makes one further run for any number of calls during a run', async () => {
  let runs = 0;
  const release: (() => void)[] = [];
  const refresh = coalesce(() => {
    runs += 1;
    return new Promise<void>((resolve) => release.push(resolve));
  });
  const calls = [refresh(), refresh(), refresh(), refresh()];
  expect(runs).toBe(1);
  release[0]?.();
  await calls[0];
  await Promise.resolve();
  await Promise.resolve();
  release[1]?.();
  await Promise.all(calls);
  expect(runs).toBe(2);
});

it('runs again after a failure', async () => {
  let runs = 0;
  const refresh = coalesce(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error('away')) : Promise.resolve();
  });
  await expect(refresh()).rejects.toThrow('away');
  await refresh();
  expect(runs).toBe(2);
});
