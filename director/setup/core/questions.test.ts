import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../config/parse.ts';
import { address } from '../../model/address.ts';
import type { Given } from './answers.ts';
import { configurationText } from './configuration-text.ts';
import type { Facts } from './facts.ts';
import { type Ask, answerAll, QUESTIONS } from './questions.ts';
import { resolveAnswers } from './resolve.ts';

const FACTS: Facts = {
  hostname: 'lb1.example.org',
  interfaces: [
    { name: 'eth0', addresses: [{ address: address('10.0.0.11'), prefix_bits: 24 }] },
    {
      name: 'eth1',
      addresses: [
        { address: address('10.1.0.11'), prefix_bits: 24 },
        { address: address('fd00::11'), prefix_bits: 64 },
      ],
    },
  ],
  gateway: { address: address('10.0.0.254'), interface: 'eth0' },
};
const SINGLE: Given = { cluster: 'web', node: 'lb1', address: '10.0.0.11', vip: '10.0.0.100/24' };
const PAIR: Given = { ...SINGLE, peer: 'lb2', 'peer-address': '10.0.0.12', links: 'eth1,eth0' };
const SERVICE: Given = {
  service: 'www',
  listen: 'tcp://10.0.0.100:80',
  servers: '10.1.0.21,10.1.0.22:8080*2',
};

async function configurationOf(given: Given) {
  const yaml = configurationText(resolveAnswers(await answerAll(given, FACTS, undefined), FACTS));
  const parsed = parseConfiguration(yaml, 'fairlead.yaml');
  if ('problems' in parsed) throw new Error(`${JSON.stringify(parsed.problems)}\n${yaml}`);
  return parsed;
}

describe('a script', () => {
  it('gets a single director with a service, its inside interface found by the servers', async () => {
    const { configuration, warnings } = await configurationOf({ ...SINGLE, ...SERVICE });
    expect(warnings).toEqual([]);
    expect(configuration.directors).toEqual([{ name: 'lb1', address: '10.0.0.11', priority: 100 }]);
    expect(configuration.virtualIps[0]).toMatchObject({ address: '10.0.0.100', interface: 'eth0' });
    expect(configuration.engine.interfaces).toEqual(['eth0', 'eth1']);
    expect(configuration.services[0]).toMatchObject({
      scheduler: 'wlc',
      monitors: [{ probe: { kind: 'tcp' } }],
      servers: [
        { name: 'rs1', address: '10.1.0.21', port: 80, method: 'nat', weight: 1 },
        { name: 'rs2', address: '10.1.0.22', port: 8080, weight: 2 },
      ],
    });
  });

  it('gets a pair with links of every kind and a gateway that moves', async () => {
    const { configuration, warnings } = await configurationOf({
      ...PAIR,
      ...SERVICE,
      links: 'eth1=10.1.0.11/10.1.0.12, eth0, /dev/ttyS0',
      witnesses: '10.0.0.254',
      'nat-gateway': '10.1.0.100/24',
    });
    expect(warnings).toEqual([]);
    expect(configuration.heartbeat).toMatchObject({
      keyFile: 'heartbeat.key',
      witnesses: ['10.0.0.254'],
      links: [
        { kind: 'udp', interface: 'eth1', addresses: { lb1: '10.1.0.11', lb2: '10.1.0.12' } },
        { kind: 'udp', interface: 'eth0' },
        { kind: 'serial', device: '/dev/ttyS0' },
      ],
    });
    expect(configuration.virtualIps[1]).toMatchObject({ interface: 'eth1', role: 'nat-gateway' });
    expect(configuration.directors.map((each) => each.priority)).toEqual([200, 100]);
  });

  it.each(['cluster', 'node', 'address', 'vip'])('is told that --%s is missing', async (name) => {
    await expect(answerAll({ ...SINGLE, [name]: undefined }, FACTS, undefined)).rejects.toMatchObject({
      code: 'usage',
      exit: 2,
      message: expect.stringContaining(`needs --${name} `),
    });
  });

  it.each([
    [{ ...SINGLE, peer: 'lb2' }, 'needs --peer-address ADDRESS'],
    [{ ...PAIR, links: undefined }, 'needs --links LIST'],
    [{ ...SINGLE, service: 'www' }, 'needs --listen WHERE'],
    [{ ...SINGLE, ...SERVICE, servers: undefined }, 'needs --servers LIST'],
    [{ ...SINGLE, links: 'eth0' }, '--links goes with --peer.'],
    [{ ...SINGLE, servers: '10.1.0.21' }, '--servers goes with --service.'],
    [{ ...SINGLE, ...SERVICE, method: 'route', 'nat-gateway': '10.1.0.1/24' }, '--nat-gateway goes with'],
    [{ ...SINGLE, address: 'ten' }, '--address: "ten" cannot be used.'],
    [{ ...SINGLE, vip: '10.0.0.100' }, '--vip: "10.0.0.100" cannot be used.'],
    [{ ...SINGLE, vip: '10.0.0.100/33' }, 'cannot be used'],
    [{ ...PAIR, links: '/dev/../etc/x y' }, 'cannot be used'],
    [{ ...SINGLE, ...SERVICE, method: 'dr' }, 'cannot be used'],
    [{ ...SINGLE, ...SERVICE, servers: 'rs1=10.1.0.21:80*x' }, 'cannot be used'],
    [{ ...SINGLE, node: '-x' }, 'cannot be used'],
  ])('%j: %s', async (given, message) => {
    await expect(answerAll(given, FACTS, undefined)).rejects.toThrow(message);
  });

  it('has to name the interface of a VIP that is in no network here', async () => {
    await expect(configurationOf({ ...SINGLE, vip: '192.0.2.1/24' })).rejects.toThrow(
      'No interface of this machine',
    );
    await expect(configurationOf({ ...SINGLE, vip: '192.0.2.1/24@eth7' })).resolves.toBeDefined();
  });
});

describe('a person', () => {
  const person = (lines: Readonly<Record<string, string[]>>) => {
    const asked: string[] = [];
    const ask: Ask = async ({ name }, suggestion, fault) => {
      asked.push(`${name} [${suggestion}]${fault === undefined ? '' : ` ${fault}`}`);
      return lines[name]?.shift() ?? '';
    };
    return { asked, ask };
  };

  it('is offered what was found, and asked again after an answer that means nothing', async () => {
    const { asked, ask } = person({
      peer: ['lb2'],
      'peer-address': ['', '10.0.0.12'],
      vip: ['10.0.0.100', '10.0.0.100/24'],
      servers: ['10.1.0.21'],
    });
    const answers = await answerAll({}, FACTS, ask);
    expect(asked).toEqual([
      'cluster [web]',
      'node [lb1]',
      'address [10.0.0.11]',
      'peer [none]',
      'peer-address []',
      'peer-address [] This has to be answered.',
      'links [eth0,eth1]',
      'witnesses [10.0.0.254]',
      'vip []',
      expect.stringMatching(/^vip \[\] "10\.0\.0\.100": write address, prefix length/),
      'service [www]',
      'listen [tcp://10.0.0.100:80]',
      'method [nat]',
      'scheduler [wlc]',
      'servers []',
      'monitor [tcp]',
      'nat-gateway [none]',
      'inside [eth1]',
      'console [127.0.0.1:8443]',
    ]);
    expect(resolveAnswers(answers, FACTS)).toMatchObject({ node: 'lb1', inside: 'eth1' });
  });

  it('is not asked for what was given, nor for ever', async () => {
    const { asked, ask } = person({});
    await answerAll({ ...SINGLE, service: 'none', console: 'none', peer: 'none' }, FACTS, ask);
    expect(asked).toEqual([]);
    await expect(answerAll({ ...SINGLE, vip: undefined }, FACTS, ask)).rejects.toThrow('There was no answer');
  });
});

it('the answers make a good configuration, or a usage error, or problems that name their place', async () => {
  const odd = fc.oneof(
    fc.string(),
    fc.constantFrom('true', '1', '10.0.0.1', 'eth0', '', 'none', 'a: b', '"', '{}', '#'),
  );
  const given = fc.record(
    Object.fromEntries(QUESTIONS.map(({ name }) => [name, fc.option(odd, { nil: undefined })])),
  );
  await fc.assert(
    fc.asyncProperty(given, fc.constantFrom(PAIR, { ...PAIR, ...SERVICE }), async (some, good) => {
      const values = {
        ...good,
        ...Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)),
      };
      try {
        const yaml = configurationText(resolveAnswers(await answerAll(values, FACTS, undefined), FACTS));
        const parsed = parseConfiguration(yaml, 'fairlead.yaml');
        // What the answers say must not be read as something else: no problem of syntax, no unknown key.
        if ('problems' in parsed)
          for (const problem of parsed.problems)
            expect(problem.code).not.toMatch(/syntax|unknown-key|duplicate-key/);
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage', exit: 2 });
      }
    }),
  );
});

it.each(['true', 'no', '1', '0x10', '1e3', 'null', 'a.b', 'x-1'])(
  'a cluster called %s keeps its name',
  async (name) => {
    const { configuration } = await configurationOf({ ...SINGLE, cluster: name });
    expect(configuration.cluster).toBe(name);
  },
);
