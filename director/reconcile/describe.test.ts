import { describe, expect, it } from 'vitest';
import type { Step } from '../model/step.ts';
import { describeStep } from './describe.ts';
import { server, service } from './support/services.ts';

describe('describeStep', () => {
  const persistence = { timeout_s: 360, netmask_bits: 32 };
  const www = service('www@80', [], { persistence }).spec;

  it.each<[Step, string]>([
    [{ kind: 'add-service', service: www }, '+ service www tcp://10.0.0.100:80 wlc persistence 360s/32'],
    [{ kind: 'edit-service', service: www }, '~ service www scheduler wlc, persistence 360s/32'],
    [{ kind: 'remove-service', service: 'www', policy: 'reset' }, '- service www (connections: reset)'],
    [
      { kind: 'add-server', service: 'www', server: server('rs1@1:8080*2') },
      '+ server www/rs1 10.1.0.1:8080 nat weight 2',
    ],
    [
      { kind: 'edit-server', service: 'www', server: server('rs1@1*2 route') },
      '~ server www/rs1 weight 2, method route',
    ],
    [
      { kind: 'remove-server', service: 'www', server: 'rs1', policy: 'silent' },
      '- server www/rs1 (connections: silent)',
    ],
  ])('tells %j', (step, line) => expect(describeStep(step)).toBe(line));

  it('tells what an edit changes from and to', () => {
    const edited = { kind: 'edit-server', service: 'www', server: server('rs1@1*2') } as const;
    expect(describeStep(edited, { server: server('rs1@1') })).toBe('~ server www/rs1 weight 1 -> 2');
    const calmer = service('www@80', [], { scheduler: 'rr' }).spec;
    expect(describeStep({ kind: 'edit-service', service: calmer }, { service: www })).toBe(
      '~ service www scheduler wlc -> rr, persistence 360s/32 -> none',
    );
  });
});
