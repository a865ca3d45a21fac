// Which monitors one nanny can serve.
import { describe, expect, it } from 'vitest';
import { address } from './address.ts';
import { checkKey, type MonitorSpec, type ProbeSpec } from './monitor.ts';

const target = { address: address('10.1.0.21'), port: 80 };

function key(probe: ProbeSpec, service: string, more: Partial<MonitorSpec> = {}): string {
  const policy = {
    interval_ms: 1_000,
    fast_interval_ms: 500,
    timeout_ms: 1_000,
    rise: 2,
    fall: 3,
    jitter: 0,
  };
  return checkKey(target, { probe, ...policy, ...more }, service);
}

const exec = (...command: string[]): ProbeSpec => ({ kind: 'exec', command });

describe('two services with the same target and the same check', () => {
  it.each<[string, ProbeSpec]>([
    ['tcp', { kind: 'tcp' }],
    ['a command that does not ask for the service', exec('/bin/check', '%a', '%p')],
    ['a command with a percent sign before an s', exec('/bin/check', '100%%s')],
  ])('share a nanny: %s', (_, probe) => expect(key(probe, 'www')).toBe(key(probe, 'mail')));

  it.each([
    ['as a word', exec('/bin/check', '%s')],
    ['inside a word', exec('/bin/check', '--name=%%%s.example')],
  ])('have one each where the command takes the name %s', (_, probe) => {
    expect(key(probe, 'www')).not.toBe(key(probe, 'mail'));
    expect(key(probe, 'www')).toBe(key(probe, 'www'));
  });

  it('have one each where the policy differs, but not for the port that the target has already', () => {
    expect(key({ kind: 'tcp' }, 'www', { rise: 3 })).not.toBe(key({ kind: 'tcp' }, 'www'));
    expect(key({ kind: 'tcp' }, 'www', { port: 80 })).toBe(key({ kind: 'tcp' }, 'www'));
  });
});
