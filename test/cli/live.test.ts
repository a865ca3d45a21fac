// The live stream of a director that really runs.
import http from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyLive, type LivePicture } from '../../director/control/live-view.ts';
import type { ServerStatus } from '../../director/control/schema.ts';
import { configurationText, Instance, RealServer, start, until } from './support/instance.ts';

let rs1: RealServer;
let rs2: RealServer;
let instance: Instance;

beforeEach(async () => {
  rs1 = await RealServer.open();
  rs2 = await RealServer.open();
  instance = new Instance(configurationText({ servers: { rs1: rs1.port, rs2: rs2.port } }));
  await instance.run();
});

afterEach(async () => {
  await instance[Symbol.asyncDispose]();
  await rs1[Symbol.asyncDispose]();
  await rs2[Symbol.asyncDispose]();
});

/** Follows until disposed of, and begins anew when the stream ends. */
class Reader implements AsyncDisposable {
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  picture: LivePicture | undefined;
  readonly kinds: string[] = [];
  readonly problems: string[] = [];

  constructor() {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      let picture: LivePicture | undefined;
      try {
        for await (const live of instance.client.live(this.#ended.signal)) {
          this.kinds.push(live.kind);
          const applied = applyLive(picture, live);
          if ('problem' in applied) this.problems.push(applied.problem);
          else this.picture = picture = applied.picture;
        }
      } catch {
        // It is away; the next turn finds it again.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  server(name: string): ServerStatus | undefined {
    return this.picture?.services[0]?.servers.find((each) => each.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
    expect(this.problems).toEqual([]);
  }
}

/** All but what moves with time alone. */
function still({ services }: Pick<LivePicture, 'services'>) {
  return services.map((service) => ({
    ...service,
    servers: service.servers.map(({ latency_ms: _, ...server }) => server),
  }));
}

describe('the live stream', () => {
  it('tells a death, an order and a configuration, to two followers alike', async () => {
    await using one = new Reader();
    await using two = new Reader();
    const both = (condition: (reader: Reader) => boolean) => until(() => condition(one) && condition(two));
    await both((reader) => reader.server('rs1')?.health === 'up' && reader.server('rs2')?.health === 'up');
    await rs2.down();
    await both((reader) => reader.server('rs2')?.health === 'down');
    await both((reader) => reader.server('rs2')?.presence === 'absent');
    await instance.cli('drain', 'www', 'rs1');
    await both((reader) => reader.server('rs1')?.admin === 'draining');
    expect(one.kinds.filter((kind) => kind === 'full').length).toBe(1);
    expect(one.kinds).toContain('tick');

    const three = configurationText({ servers: { rs1: rs1.port, rs3: 1, rs2: rs2.port } });
    await instance.cli('apply', instance.file('three.yaml', three));
    await both((reader) => reader.picture?.services[0]?.servers.length === 3);
    await both((reader) => reader.server('rs3')?.health === 'down');
    await both((reader) => reader.server('rs1')?.drain?.done !== undefined);
    expect(one.picture?.status.revision.number).toBe(2);
    const fresh = await instance.client.call('services');
    await until(() => JSON.stringify(still(one.picture!)) === JSON.stringify(still(two.picture!)));
    expect(still(one.picture!)).toEqual(still(fresh));
  });

  it('begins with everything again after the director was killed and has come back', async () => {
    await using reader = new Reader();
    await until(() => reader.server('rs1')?.health === 'up');
    const before = reader.picture!.status.pid;
    await instance.end('SIGKILL');
    await instance.run();
    await until(() => reader.picture?.status.pid === instance.pid && reader.server('rs1')?.health === 'up');
    expect(instance.pid).not.toBe(before);
    expect(reader.kinds.filter((kind) => kind === 'full').length).toBe(2);
  });

  it('waits for no follower that does not read', async () => {
    await using reader = new Reader();
    await until(() => reader.picture !== undefined);
    const deaf = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .get({ socketPath: instance.socket, path: '/api/v1/live', agent: false }, resolve)
        .on('error', reject);
    });
    deaf.pause();
    const heard = reader.kinds.length;
    await until(() => reader.kinds.length > heard + 2);
    deaf.destroy();
  });
});

describe('--watch', () => {
  it('shows what changes, block after block where there is no terminal', async () => {
    const services = start(['services', '--watch', '--runtime', instance.runtime]);
    const status = start(['status', '--watch', '--json', '--runtime', instance.runtime]);
    await until(() => /www .* up +2\/2/.test(services.out()));
    await rs2.down();
    await until(() => /www .* degraded +1\/2/.test(services.out()));
    await until(() => status.out().includes('"health":"degraded"'));
    expect(services.out()).not.toContain('\x1b');
    for (const line of status.out().trimEnd().split('\n').slice(0, -1))
      expect(JSON.parse(line).node).toBe('lb1');
    for (const { child, ended } of [services, status]) {
      child.kill('SIGINT');
      await ended;
    }
  });

  it('says at once when there is no director at all', async () => {
    const { status, err } = await start(['status', '--watch', '--runtime', '/nonexistent']).ended;
    expect(status).toBe(1);
    expect(err).toContain('fairlead is not running here');
  });
});
