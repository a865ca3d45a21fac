// A director's life as a process: restarts, crashes, two of them at once, and starts that must fail cleanly.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiEvent, ServerStatus } from '../../director/control/schema.ts';
import { cli, configurationText, Instance, RealServer, start, until } from './support/instance.ts';

let rs1: RealServer;
let rs2: RealServer;
let instance: Instance;

beforeEach(async () => {
  rs1 = await RealServer.open();
  rs2 = await RealServer.open();
  instance = new Instance(text());
});

afterEach(async () => {
  await instance[Symbol.asyncDispose]();
  await rs1[Symbol.asyncDispose]();
  await rs2[Symbol.asyncDispose]();
});

const text = (scheduler = 'wlc'): string =>
  configurationText({ servers: { rs1: rs1.port, rs2: rs2.port }, scheduler });

async function server(name: string): Promise<ServerStatus> {
  return instance.client.call('server', { params: { service: 'www', server: name } });
}

async function healthy(name: string, health: string): Promise<void> {
  await until(async () => (await server(name)).health === health);
}

async function events(): Promise<readonly ApiEvent[]> {
  return (await instance.client.call('events', { query: { limit: 1_000 } })).events;
}

describe('a director that was killed', () => {
  it('comes back with its revision, its orders and what it knew about health', async () => {
    await instance.run();
    await healthy('rs1', 'up');
    await healthy('rs2', 'up');
    await rs2.down();
    await healthy('rs2', 'down');
    await instance.cli('weight', 'www', 'rs1', '9');
    await instance.cli('drain', 'www', 'rs2', '--deadline', '1h');
    await instance.cli('apply', instance.file('next.yaml', text('rr')));
    const seen = (await events()).at(-1)!.id;
    await instance.end('SIGKILL');

    // Nobody answers probes any more, so that what it shows at first is what it remembers.
    await rs1.down();
    await instance.run();
    expect(await server('rs1')).toMatchObject({ health: 'up', weight_ordered: 9, presence: 'present' });
    expect(await server('rs2')).toMatchObject({ health: 'down', admin: 'draining' });
    expect(await instance.client.revision()).toBe(2);
    await healthy('rs1', 'down');
    const later = (await events()).filter((event) => event.id > seen);
    expect(later[0]).toMatchObject({ kind: 'started', reason: expect.stringContaining('revision 2') });
    expect(later.some((event) => event.kind === 'server-down' && event.subject === 'www/rs1')).toBe(true);
  });

  it('takes the file as a new revision only if it says something new', async () => {
    await instance.run();
    await instance.cli('apply', instance.file('next.yaml', text('rr')));
    await instance.end('SIGKILL');
    await instance.run();
    expect(await instance.client.revision()).toBe(2);
    await instance.end('SIGTERM');
    fs.writeFileSync(instance.config, text('lc'));
    await instance.run();
    expect(await instance.client.revision()).toBe(3);
    expect((await instance.cli('services')).out).toMatch(/ lc /);
  });

  it('leaves a socket that its successor removes', async () => {
    await instance.run();
    await instance.end('SIGKILL');
    expect(fs.existsSync(instance.socket)).toBe(true);
    const { status, err } = await instance.cli('status');
    expect(status).toBe(1);
    expect(err).toContain('is not running here');
    await instance.run();
    expect((await instance.cli('status')).status).toBe(0);
  });

  it('begins a fresh store beside a damaged one', async () => {
    await instance.run();
    await instance.end('SIGKILL');
    // The log too: SQLite would restore the file from it.
    for (const tail of ['', '-wal'])
      fs.writeFileSync(path.join(instance.state, `store.sqlite${tail}`), 'x'.repeat(10_000));
    await instance.run();
    expect((await events())[0]).toMatchObject({ kind: 'store-damaged', subject: 'store' });
    expect(fs.readdirSync(instance.state).some((name) => name.includes('.damaged-'))).toBe(true);
  });
});

describe('a monitor that was killed', () => {
  it('takes no server down and is replaced', async () => {
    await instance.run();
    await healthy('rs1', 'up');
    await until(async () => (await instance.client.call('status')).monitor.pids.length === 1);
    const [pid] = (await instance.client.call('status')).monitor.pids;
    process.kill(pid!, 'SIGKILL');
    await until(async () => {
      const { monitor } = await instance.client.call('status');
      return monitor.restarts > 0 && monitor.pids.length === 1 && monitor.pids[0] !== pid;
    });
    expect((await server('rs1')).health).toBe('up');
    expect((await events()).some((event) => event.kind === 'server-down')).toBe(false);
    await rs1.down();
    await healthy('rs1', 'down');
  });
});

describe('a log that cannot be written', () => {
  it.each(['/dev/full', 'closed pipe'])('does not end the director: %s', async (where) => {
    const fd = where === 'closed pipe' ? 'pipe' : fs.openSync(where, 'w');
    const running = start(instance.runArguments(), {}, fd);
    running.child.stdout?.destroy();
    try {
      await until(async () => (await instance.cli('status')).status === 0);
      expect((await instance.cli('disable', 'www', 'rs1')).status).toBe(0);
      expect((await instance.cli('status')).status).toBe(0);
    } finally {
      running.child.kill('SIGTERM');
      expect(await running.ended).toMatchObject({ status: 0, err: '' });
    }
  });
});

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it with status 0, its last event stored',
    async (signal) => {
      const running = await instance.run();
      expect(await instance.end(signal)).toMatchObject({ status: 0, err: '' });
      for (const line of running.out().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('message');
      expect(fs.existsSync(instance.socket)).toBe(false);
      await instance.run();
      expect((await events()).map((event) => event.kind)).toContain('stopped');
    },
  );
});

describe('a start that cannot be', () => {
  it('is refused while another runs in the same folder, and harms neither', async () => {
    await instance.run();
    const second = await cli(...instance.runArguments());
    expect(second).toMatchObject({ status: 1 });
    expect(second.err).toContain(`already running in ${instance.runtime}, pid ${instance.pid}.`);
    expect((await instance.cli('status')).status).toBe(0);
  });

  it('ends with 2 for what is wrong with its arguments or its configuration', async () => {
    expect((await cli('run', '--node', 'lb1')).err).toContain('needs --config FILE');
    expect(await cli('run', '--node', 'lb1')).toMatchObject({ status: 2 });
    fs.writeFileSync(instance.config, 'cluster: web\n');
    const bad = await cli(...instance.runArguments());
    expect(bad).toMatchObject({ status: 2 });
    expect(bad.err).toMatch(/error: .*fairlead\.yaml:1:1: .*directors/);
    fs.writeFileSync(instance.config, text());
    const nobody = await cli(...instance.runArguments().map((each) => (each === 'lb1' ? 'lb9' : each)));
    expect(nobody).toMatchObject({ status: 2 });
    expect(nobody.err).toContain('no director lb9');
    expect(nobody.err).toContain('lb1');
  });

  it('ends with 1 and a remedy when an interface is missing', async () => {
    fs.writeFileSync(
      instance.config,
      text().replace('{ kind: memory }', '{ kind: memory, interfaces: [nosuch0] }'),
    );
    const { status, err } = await cli(...instance.runArguments());
    expect(status).toBe(1);
    expect(err).toBe(
      'error: Cannot start: there is no interface nosuch0.\nremedy: Correct its name in the configuration; "ip link" lists them.\n',
    );
  });

  it('ends with 1 when the runtime folder cannot be one', async () => {
    fs.writeFileSync(instance.runtime, '');
    const { status, err } = await cli(...instance.runArguments());
    expect(status).toBe(1);
    expect(err).toContain(`The runtime folder ${instance.runtime} cannot be used`);
  });

  it('leaves nothing locked when the socket cannot be opened', async () => {
    const deep = path.join(instance.folder, 'x'.repeat(110));
    const args = instance.runArguments().map((each) => (each === instance.runtime ? deep : each));
    const { status, err } = await cli(...args);
    expect(status).toBe(1);
    expect(err).toMatch(/error: The control socket .* cannot be opened/);
    expect(err).toContain('remedy: Give a folder that is writable and has a short path');
    await instance.run();
  });

  it('goes on from memory when the state folder cannot be written, and says so', async () => {
    fs.writeFileSync(instance.state, 'a file where a folder should be');
    await instance.run();
    const { out } = await instance.cli('status');
    expect(out).toMatch(/store +memory/);
    expect(out).toMatch(/problem +store: events and revisions are kept in memory only/);
    await healthy('rs1', 'up');
    expect((await instance.cli('disable', 'www', 'rs1')).status).toBe(0);
  });
});

describe('a large configuration', () => {
  const services = (count: number, comment = ''): string =>
    `${comment}${text().replace(/^services:\n/m, () => `services:\n${many(count)}`)}`;
  const many = (count: number): string =>
    Array.from(
      { length: count },
      (_, index) => `  s${index}: { listen: "tcp://10.9.${index >> 8}.${index & 255}:80", monitor: none }\n`,
    ).join('');

  it('that the engine has no room for is refused, and what is in force stays', async () => {
    await instance.run();
    await healthy('rs1', 'up');
    const { status, err } = await instance.cli('apply', instance.file('many.yaml', services(4_096)));
    expect(status).toBe(2);
    expect(err).toMatch(/4097 services, and the memory engine takes at most 4096\.\nremedy: /);
    expect(await instance.client.revision()).toBe(1);
    expect(await server('rs1')).toMatchObject({ presence: 'present' });
  });

  it('comes into force once when two are applied at once for the same revision', async () => {
    await instance.run();
    const apply = (comment: string) =>
      instance.cli(
        'apply',
        instance.file(`${comment}.yaml`, services(800, `# ${comment}\n`)),
        '--if-revision',
        '1',
      );
    const ended = await Promise.all([apply('one'), apply('two')]);
    expect(ended.map(({ status }) => status).sort()).toEqual([0, 4]);
    expect(await instance.client.revision()).toBe(2);
  });
});
