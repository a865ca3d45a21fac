// Large configurations in a thread of their own: real threads, some of which are made to fail.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../config/parse.ts';
import type { Clock } from '../model/clock.ts';
import { systemClock } from '../native/system-clock.ts';
import { createConfigurationReader } from './configuration-reader.ts';

const GOOD = 'cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\n';
const BAD = 'cluster: web\ndirectors: { lb1: { addres: 10.0.0.11 } }\n';

const reader = (script?: string, clock: Clock = systemClock) =>
  createConfigurationReader({
    clock,
    inline_chars: 0,
    ...(script === undefined
      ? {}
      : { worker: new URL(`data:text/javascript,${encodeURIComponent(script)}`) }),
  });

/** A thread that does `script` with each `{ id, text }`. */
const thread = (script: string) =>
  `import { parentPort as port } from 'node:worker_threads'; port.on('message', ({ id, text }) => { ${script} });`;

describe('a configuration that is read in a thread', () => {
  it.each([
    ['good', GOOD],
    ['bad', BAD],
    ['no YAML at all', '{ [ " \x07'],
    ['nothing', ''],
  ])('comes out as if read at once: %s', async (_, text) => {
    await using configurations = reader();
    expect(await configurations.parse(text, 'web.yaml')).toEqual(parseConfiguration(text, 'web.yaml'));
  });

  it('is handed over in the order of asking, a small one behind a large one', async () => {
    await using configurations = createConfigurationReader({ clock: systemClock, inline_chars: GOOD.length });
    const servers = Array.from(
      { length: 2_000 },
      (_, index) => `s${index}: { address: 10.1.0.1:${index + 1} }`,
    );
    const large = `${GOOD}services: { www: { listen: tcp://10.0.0.1:80, servers: { ${servers.slice(0, 900).join(', ')} } } }`;
    const order: string[] = [];
    await Promise.all(
      [large, GOOD, BAD, large].map(async (text, index) => {
        await configurations.parse(text, `${index}.yaml`);
        order.push(`${index}`);
      }),
    );
    expect(order).toEqual(['0', '1', '2', '3']);
  });

  it('leaves the loop free meanwhile', async () => {
    await using configurations = reader();
    const services = Array.from(
      { length: 2_000 },
      (_, index) => `s${index}: { listen: tcp://10.0.0.1:${index + 1} }`,
    );
    let turns = 0;
    const turn = (): void => {
      turns++;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    await configurations.parse(`${GOOD}services: { ${services.join(', ')} }`, 'web.yaml');
    clearImmediate(next);
    expect(turns).toBeGreaterThan(10);
  });
});

describe('a thread that fails', () => {
  it.each([
    ['throws', "throw new Error('out of luck')", /out of luck/],
    ['ends', 'process.exit(0)', /its thread ended/],
    [
      'needs too much memory',
      'const all = []; for (;;) all.push(new Array(1e6).fill(id + all.length))',
      /memory/,
    ],
  ])('because it %s fails those who wait, and the next text gets a new one', async (_, fault, reason) => {
    const parse = 'port.postMessage({ id, parsed: { problems: [] } })';
    await using configurations = reader(thread(`if (text === 'fatal') { ${fault} } else ${parse}`));
    const [first, second] = await Promise.allSettled(
      ['fatal', 'fine'].map((text) => configurations.parse(text, 'x')),
    );
    for (const outcome of [first, second])
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'configuration-not-read', message: expect.stringMatching(reason) },
      });
    expect(await configurations.parse('fine', 'x')).toEqual({ problems: [] });
  });

  it('by being silent is given up', async () => {
    let expire = (): void => {};
    const clock: Clock = {
      ...systemClock,
      after(_, run) {
        expire = run;
        return { [Symbol.dispose]() {} };
      },
    };
    await using configurations = reader(thread(''), clock);
    const answer = configurations.parse('text', 'x');
    expire();
    await expect(answer).rejects.toMatchObject({ code: 'configuration-not-read' });
  });

  it('lets no more wait than it can remember', async () => {
    await using configurations = reader(thread(''));
    const waiting = Promise.allSettled(Array.from({ length: 16 }, () => configurations.parse('text', 'x')));
    await expect(configurations.parse('text', 'x')).rejects.toMatchObject({ code: 'busy' });
    await configurations[Symbol.asyncDispose]();
    for (const outcome of await waiting) expect(outcome.status).toBe('rejected');
  });
});
