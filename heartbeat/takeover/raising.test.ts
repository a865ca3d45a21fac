import { describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import { turnedClock } from '../../monitor/support/turned-clock.ts';
import { Raising } from './raising.ts';
import type { Vip } from './vip.ts';

const vip = (text: string): Vip => ({ address: address(text), prefix_bits: 64, interface: 'eth0' });
const V4 = vip('10.0.0.100');
const V6 = vip('fd00::100');

/** A kernel that takes packets to IPv6 addresses in when told to. */
function open(count = 0) {
  const clock = turnedClock();
  const told: string[] = [];
  const up: Vip[] = [];
  const kernel = { takesIn: false };
  const raising = new Raising({
    clock,
    rtnetlink: {
      routeTo: () => ({ kind: kernel.takesIn ? 'local' : 'unicast' }) as never,
    },
    vips: {
      up: up as never,
      raise: (vips) => up.push(...vips),
    },
    announcing: { broadcast: (vips) => told.push(...vips.map((each) => each.address)) },
    onDone: () => told.push('all'),
  });
  return {
    clock,
    told,
    up,
    kernel,
    raising,
    many: Array.from({ length: count }, (_, n) => vip(`fd00::1:${n}`)),
  };
}

describe('raising', () => {
  it('announces IPv4 at once, and IPv6 when the kernel takes its packets in', () => {
    const { clock, told, kernel, raising } = open();
    raising.raise([V4, V6]);
    expect(told).toEqual([V4.address]);
    clock.turn(5);
    expect(told).toEqual([V4.address]);
    kernel.takesIn = true;
    clock.turn(1);
    expect(told).toEqual([V4.address, 'all']);
    expect(raising.underWay).toBe(false);
  });

  it('waits no longer than 50 ms', () => {
    const { clock, told, raising } = open();
    raising.raise([V6]);
    clock.turn(49);
    expect(told).toEqual([]);
    clock.turn(2);
    expect(told).toEqual(['all']);
  });

  it('raises very many bit by bit, each announced before the next ones are raised', () => {
    const { clock, told, up, kernel, raising, many } = open(130);
    kernel.takesIn = true;
    raising.raise(many);
    expect([up.length, told.length, raising.underWay]).toEqual([64, 64, true]);
    clock.turn(10);
    expect([up.length, told.length, raising.underWay]).toEqual([130, 129, false]);
    expect(told.at(-1)).toBe('all');
  });

  it('leaves nothing to come when it is stopped', () => {
    const { clock, told, raising, many } = open(100);
    raising.raise(many);
    raising.stop();
    clock.turn(1_000);
    expect(told).toEqual([]);
  });
});
