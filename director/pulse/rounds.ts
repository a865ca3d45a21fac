// What the supervisor does at intervals: sweep the engine, decide what moves with time, take samples, end drains.

import type { EngineSnapshot } from '../engine/engine.ts';
import { FairleadError } from '../model/error.ts';
import type { Core } from './core.ts';
import { endedDrains } from './drains.ts';
import { every } from './every.ts';

const TICK_MS = 100;
const SAMPLE_MS = 1_000;
const VIRTUAL_IPS_MS = 5_000;

/** Begins all of them; disposing ends them. */
export function startRounds(core: Core): Disposable {
  const stack = new DisposableStack();
  stack.use(every(core.clock, TICK_MS, () => tick(core)));
  stack.use(every(core.clock, SAMPLE_MS, () => sample(core)));
  stack.use(every(core.clock, VIRTUAL_IPS_MS, () => core.virtualIps.check()));
  return stack;
}

function tick(core: Core): void {
  try {
    core.opened.tick();
    core.opened.engine.sweep();
    core.director.tick();
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.log('error', `the engine fails: ${error.message}`, { code: error.code });
  }
}

function sample(core: Core): void {
  try {
    const snapshot = core.director.observer.sample();
    if (snapshot === undefined) return;
    core.director.resync(snapshot);
    endDrains(core, snapshot);
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    core.log('error', `the engine cannot be read: ${error.message}`, { code: error.code });
  }
}

function endDrains(core: Core, snapshot: EngineSnapshot): void {
  const now = core.clock.now();
  for (const { order, remaining, because } of endedDrains(core.orders.all(), snapshot, now)) {
    const { service, server } = order;
    const cut = because === 'deadline' && order.atDeadline === 'cut';
    let freed = 0;
    if (cut)
      for (const what of ['connections', 'templates'] as const)
        freed += core.opened.engine.flush({ what, service, server });
    const standing = core.orders.change(service, server, { drained: now }, { author: order.author, now });
    if (standing !== undefined) void core.store.saveOrder(standing);
    const left = `${remaining.active} active, ${remaining.inactive} inactive, ${remaining.templates} templates`;
    core.record(
      'drained',
      `${service}/${server}`,
      because === 'empty'
        ? 'nothing is left'
        : cut
          ? `the deadline came with ${left}; they were cut`
          : `the deadline came with ${left}; they go on`,
      { ...remaining, because, freed },
    );
  }
}
