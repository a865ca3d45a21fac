import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../test/support/eventually.ts';
import { createPair, type Pair } from '../test/support/heartbeat-pair.ts';
import type { HeartbeatSettings } from './protocol.ts';

let pair: Pair | undefined;
afterEach(() => {
  pair?.[Symbol.dispose]();
  pair = undefined;
});

/** Both run; lb1, which is preferred, is active. */
async function running(wish: Partial<HeartbeatSettings> = {}): Promise<Pair> {
  pair = createPair(wish);
  pair.lb1.start();
  pair.lb2.start();
  const { lb1, lb2 } = pair;
  await eventually(() => `${lb1.status()?.role} ${lb2.status()?.role}`).toBe('active standby');
  for (const director of [lb1, lb2]) director.tell({ kind: 'complete', complete: true, reason: 'test' });
  await eventually(() => [lb1, lb2].map((one) => one.status()?.peer.complete)).toEqual([true, true]);
  return pair;
}

describe('a pair of heartbeats', () => {
  it('starts with one owner, and the other takes over when that is killed', async () => {
    const { lb1, lb2, whoAnswers } = await running();
    expect(lb1.holdsVip()).toBe(true);
    expect(lb2.holdsVip()).toBe(false);
    expect(whoAnswers()).toBe('lb1');
    expect(lb1.status()!.lease.state).toBe('held');
    lb1.signal('SIGKILL');
    await eventually(() => lb2.status()?.role).toBe('active');
    // The dead one's kernel has the address still, and keeps silent.
    expect(lb1.holdsVip()).toBe(true);
    expect(whoAnswers()).toBe('lb2');
    const takeover = lb2.events.find((event) => event.event === 'takeover')!;
    expect(takeover.evidence.silence_ms).toBeGreaterThanOrEqual(400);
    // It returns, cleans up what it had left, and stands by.
    lb1.start();
    await eventually(() => lb1.status()?.role).toBe('standby');
    expect(lb1.holdsVip()).toBe(false);
    expect(whoAnswers()).toBe('lb2');
  });

  it('goes on with the same epoch when it is restarted while its lease is young', async () => {
    const { lb1, lb2 } = await running({ deadtime_ms: 3_000 });
    const { epoch, bootId } = lb1.status()!;
    lb1.signal('SIGKILL');
    await eventually(() => lb1.isRunning()).toBe(false);
    lb1.start();
    await eventually(() => lb1.status()?.role).toBe('active');
    expect(lb1.status()).toMatchObject({ epoch });
    expect(lb1.status()!.bootId).not.toBe(bootId);
    await eventually(() => lb2.events.some((event) => event.event === 'peer-restarted')).toBe(true);
    expect(lb2.status()!.role).toBe('standby');
    expect(lb2.events.some((event) => event.event === 'takeover')).toBe(false);
  });

  it('keeps its owner when one link is lost', async () => {
    const { lb1, lb2, cut } = await running();
    cut('lb2', 'eth1');
    await eventually(() => lb2.events.some((event) => event.event === 'link-silent')).toBe(true);
    await eventually(() => lb2.status()?.links[1]?.heard_age_ms ?? 0).toBeGreaterThan(800);
    expect([lb1.status()!.role, lb2.status()!.role]).toEqual(['active', 'standby']);
  });

  it('hands over when the active loses its carrier on the front, and by order', async () => {
    const { lb1, lb2, whoAnswers, cut, heal } = await running();
    cut('lb1', 'eth0');
    await eventually(() => lb2.status()?.role).toBe('active');
    await eventually(() => lb1.status()?.role).toBe('standby');
    expect(lb2.events.find((event) => event.event === 'takeover')!.evidence.silence_ms ?? 0).toBeLessThan(
      400,
    );
    heal('lb1', 'eth0');
    await eventually(() => lb2.status()?.peer.health).toBe('good');
    lb2.tell({ kind: 'order', id: 5, order: 'switchover' });
    await eventually(() => lb2.results).toMatchObject([{ id: 5, ok: true }]);
    await eventually(() => lb1.status()?.role).toBe('active');
    expect(whoAnswers()).toBe('lb1');
  });

  it('has one owner again after a freeze', async () => {
    const { lb1, lb2, whoAnswers } = await running();
    lb1.signal('SIGSTOP');
    await eventually(() => lb2.status()?.role).toBe('active');
    expect(whoAnswers()).toBe('lb2');
    lb1.signal('SIGCONT');
    await eventually(() => lb1.status()?.role).toBe('standby');
    expect(lb1.holdsVip()).toBe(false);
    expect(whoAnswers()).toBe('lb2');
  });

  it('agrees on one owner after both were active, cut off from each other', async () => {
    const { lb1, lb2, cut, heal, whoAnswers } = await running();
    for (const link of ['eth0', 'eth1'] as const) cut('lb2', link);
    // Without a carrier it is in bad health, and claims nothing.
    await eventually(() => lb2.status()?.health).toBe('bad');
    await eventually(() => lb2.status()?.peer.heard).toBe(false);
    expect(lb2.status()!.role).toBe('standby');
    for (const link of ['eth0', 'eth1'] as const) heal('lb2', link);
    await eventually(() => lb2.status()?.peer.heard).toBe(true);
    expect([lb1.status()!.role, lb2.status()!.role]).toEqual(['active', 'standby']);
    expect(whoAnswers()).toBe('lb1');
  });

  it('serves alone after its listening time, even if it cannot write its state', async () => {
    pair = createPair({ stateFolder: '/proc/no-such-folder', initdead_ms: 500 });
    pair.lb2.start();
    await eventually(() => pair!.lb2.status()?.role).toBe('active');
    expect(pair.whoAnswers()).toBe('lb2');
    expect(pair.lb2.events.some((event) => event.event === 'epoch-not-stored')).toBe(true);
  });

  it('stands by on order, over a restart, until it is released', async () => {
    const { lb1, lb2 } = await running();
    lb2.tell({ kind: 'order', id: 1, order: 'hold' });
    await eventually(() => lb2.results).toMatchObject([{ id: 1, ok: true }]);
    lb2.signal('SIGKILL');
    await eventually(() => lb2.isRunning()).toBe(false);
    lb2.start();
    await eventually(() => `${lb2.status()?.role} ${lb2.status()?.hold}`).toBe('standby true');
    lb1.signal('SIGKILL');
    await eventually(() => lb2.events.some((event) => event.event === 'takeover-blocked')).toBe(true);
    lb2.tell({ kind: 'order', id: 2, order: 'release' });
    await eventually(() => lb2.status()?.role).toBe('active');
  });

  it('ends on request only when the peer has taken over', async () => {
    const { lb1, lb2, whoAnswers } = await running();
    lb1.tell({ kind: 'stop', release: true });
    await eventually(() => lb1.isRunning()).toBe(false);
    expect(lb1.holdsVip()).toBe(false);
    await eventually(() => lb2.status()?.role).toBe('active');
    expect(whoAnswers()).toBe('lb2');
  });
});
