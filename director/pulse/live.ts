// What GET /live sends.
import type { Live } from '../control/live-schema.ts';
import type { Core } from './core.ts';
import { every } from './every.ts';
import type { Pair } from './pair/pair.ts';
import { reportServices } from './report.ts';
import { reportStatus } from './status.ts';

const INTERVAL_MS = 1_000;

/** Everything at once, then once a second what has changed. */
export function followLive(
  core: Core,
  pair: () => Pair | undefined,
  onLive: (live: Live) => void,
): Disposable {
  const full = (): void =>
    onLive({
      kind: 'full',
      at: core.clock.now(),
      status: reportStatus(core, pair()),
      services: reportServices(core),
    });
  full();
  return every(core.clock, INTERVAL_MS, full);
}
