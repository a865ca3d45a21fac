import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../director/config/parse.ts';
import { configurationText, MORE_SERVICES, SERVICES, targetsOf } from './configuration.ts';

function parse(directors: readonly ('lb1' | 'lb2')[], services = SERVICES) {
  const text = configurationText({ directors, engine: 'ebpf', services, keyFile: 'heartbeat.key' });
  return parseConfiguration(text, 'fairlead.yaml');
}

describe("the lab's configuration", () => {
  it('is one that a director takes, alone and as a pair', () => {
    for (const directors of [['lb1'], ['lb1', 'lb2']] as const)
      expect(parse(directors)).toMatchObject({ warnings: [] });
    expect(parse(['lb1'], [...SERVICES, ...MORE_SERVICES])).toMatchObject({ warnings: [] });
  });

  it('asks for every forwarding method, both families, TCP and UDP', () => {
    expect(new Set(SERVICES.map((service) => service.method))).toEqual(new Set(['nat', 'route', 'tunnel']));
    expect(new Set(SERVICES.map((service) => service.vip.includes(':')))).toEqual(new Set([true, false]));
    expect(new Set(SERVICES.map((service) => service.kind))).toEqual(new Set(['http', 'echo', 'udp']));
  });

  it('sends traffic to every service', () => {
    expect(targetsOf(SERVICES).map((target) => target.service)).toEqual(
      SERVICES.map((service) => service.name),
    );
    for (const target of targetsOf(SERVICES)) expect(target.rate).toBeGreaterThan(0);
  });
});
