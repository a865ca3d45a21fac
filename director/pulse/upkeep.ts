// What happens by the calendar, by node-cron: the database's upkeep, at night when few look on.
import cron from 'node-cron';
import type { Core } from './core.ts';

/** Minute and hour that nothing else is usually scheduled at. */
const NIGHTLY = '17 3 * * *';

export function startUpkeep(core: Pick<Core, 'store' | 'record'>): Disposable {
  const task = cron.schedule(NIGHTLY, () => keepUp(core), { noOverlap: true });
  return { [Symbol.dispose]: () => void task.destroy() };
}

/** Said only when it fails: the file grows then. */
export async function keepUp({ store, record }: Pick<Core, 'store' | 'record'>): Promise<void> {
  const refused = await store.upkeep();
  if (refused !== undefined)
    record('upkeep-failed', 'store', `the database could not be kept up: ${refused}`);
}
