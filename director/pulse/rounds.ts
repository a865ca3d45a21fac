// What the supervisor does at intervals: sweep the engine, decide what moves with time, take samples, end drains.

import type { EngineSnapshot } from '../engine/engine.ts';
import { FairleadError } from '../model/error.ts';
import type { Core } from './core.ts';
import { endedDrains } from './drains.ts';
import { every } from './every.ts';

const TICK_MS = 100;
const SAMPLE_MS = 1_000;
const VIRTUAL_IPS_MS = 5_000;

/** Begins all of them; disposing ends them. `onSample`: the engine has just been read, if it can be. */
export function startRounds(core: Core, onSample: () => void): Disposable {
  const stack = new DisposableStack();
  stack.use(every(core.clock, TICK_MS, guarded(core, tick)));
  const sampled = guarded(core, () => {
    try {
      sample(core);
    } finally {
      onSample();
    }
  });
  stack.use(every(core.clock, SAMPLE_MS, sampled));
  stack.use(
    every(
      core.clock,
      SAMPLE_MS,
      guarded(core, () => core.hooks.look(core)),
    ),
  );
  stack.use(every(core.clock, VIRTUAL_IPS_MS, guarded(core, checkVirtualIps)));
  return stack;
}

function tick(core: Core): void {
  core.opened.tick();
  core.opened.engine.sweep();
  core.director.tick();
}

function checkVirtualIps(core: Core): void {
  core.virtualIps.check();
}

function sample(core: Core): void {
  const snapshot = core.director.observer.sample();
  if (snapshot === undefined) return;
  core.director.resync(snapshot);
  core.sampler.sample(snapshot);
  // Of a pair the active does: its word about a drain comes here, and the ends of connections do too.
  if (core.role.name === 'active') endDrains(core, snapshot);
}

/** What fails is told of once per reason; the next turn tries again. */
function guarded(core: Core, round: (core: Core) => void): () => void {
  let told: string | undefined;
  return () => {
    try {
      round(core);
      if (told !== undefined) core.record('recovered', 'director', 'what failed works again');
      told = undefined;
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      if (told !== error.code) core.record('failed', 'director', error.message, { code: error.code });
      told = error.code;
    }
  };
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
