// The command line against a director that really runs: every command, its output and its exit status.
import fs from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiEvent, Revision, ServerStatus, Status } from '../../director/control/schema.ts';
import { cli, configurationText, Instance, RealServer, start, until } from './support/instance.ts';

let rs1: RealServer;
let rs2: RealServer;
let instance: Instance;

beforeAll(async () => {
  rs1 = await RealServer.open();
  rs2 = await RealServer.open();
  instance = new Instance(configurationText({ servers: { rs1: rs1.port, rs2: rs2.port } }));
  await instance.run();
  await healthy('rs1', 'up');
  await healthy('rs2', 'up');
});

afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
  await rs1?.[Symbol.asyncDispose]();
  await rs2?.[Symbol.asyncDispose]();
});

async function server(name: string): Promise<ServerStatus> {
  return instance.client.call('server', { params: { service: 'www', server: name } });
}

async function healthy(name: string, health: string): Promise<void> {
  await until(async () => (await server(name)).health === health);
}

async function events(): Promise<ApiEvent[]> {
  return (await instance.json<{ events: ApiEvent[] }>('events', '--limit', '1000')).events;
}

describe('reading commands', () => {
  it('status says what is exposed, whether it is healthy, who is active and by which engine', async () => {
    const { status, out } = await instance.cli('status');
    expect(status).toBe(0);
    expect(out).toMatch(/director\s+web\/lb1: active, it is the only director/);
    expect(out).toMatch(/engine\s+memory/);
    expect(out).toMatch(/www\s+tcp:\/\/127\.0\.0\.100:80\s+wlc\s+up\s+2\/2/);
    expect(out).not.toContain('\x1b[');
    const json = await instance.json<Status>('status');
    expect(json.pid).toBe(instance.pid);
    expect(json.problems).toEqual([]);
  });

  it('servers shows health, admin state and both weights in columns of their own', async () => {
    const { out } = await instance.cli('servers', 'www');
    const [header, row] = out.split('\n');
    expect(header).toMatch(/SERVICE +SERVER +ADDRESS +METHOD +HEALTH +ADMIN +WEIGHT +EFFECTIVE/);
    expect(row).toMatch(/www +rs1 +127\.0\.0\.1:\d+ +nat +up +enabled +1 +1 .* serving \(HTTP 200/);
  });

  it.each([['services'], ['connections'], ['revisions'], ['events']])(
    '%s prints a table and JSON',
    async (name) => {
      const { status, out } = await instance.cli(name);
      expect(status).toBe(0);
      expect(out.length).toBeGreaterThan(0);
      expect(typeof (await instance.json<object>(name))).toBe('object');
    },
  );

  it('explain names the server and the reasons', async () => {
    const { status, out } = await instance.cli('explain', '--client', '192.0.2.1:40000', '--service', 'www');
    expect(status).toBe(0);
    expect(out).toMatch(/^forward to www\/rs[12] \(nat\)\n {2}- /);
  });

  it('says which names there are when one is wrong', async () => {
    const missing = await instance.cli('servers', 'wwww');
    expect(missing).toMatchObject({ status: 2, out: '' });
    expect(missing.err).toBe('error: There is no service wwww.\nremedy: Did you mean www?\n');
    const client = await instance.cli('explain', '--client', 'nonsense', '--service', 'www');
    expect(client).toMatchObject({ status: 2 });
    expect(client.err).toContain('nonsense is no client address');
    const state = await instance.cli('connections', '--state', 'OPEN');
    expect(state).toMatchObject({ status: 2 });
    expect(state.err).toContain('ESTABLISHED');
  });

  it('stops quietly when its reader has gone', async () => {
    const reader = start(['events', '--follow', '--runtime', instance.runtime]);
    await until(() => reader.out().includes('started'));
    reader.child.stdout?.destroy();
    await instance.cli('weight', 'www', 'rs1', 'default');
    expect(await reader.ended).toMatchObject({ status: 0, err: '' });
  });

  it('doctor looks at the machine and at the director', async () => {
    const { status, out } = await instance.cli('doctor');
    expect(status).toBe(0);
    expect(out).toMatch(/ok +director +running, pid \d+, active, engine memory/);
    expect(out).toMatch(/0 failed/);
  });
});

describe('health', () => {
  it('follows the real server, and every change is an event with its reason', async () => {
    await rs2.down();
    await healthy('rs2', 'down');
    await until(async () => (await server('rs2')).presence === 'absent');
    expect(await server('rs2')).toMatchObject({
      weight_configured: 1,
      weight_effective: 0,
      admin: 'enabled',
      because: 'down: taken out',
    });
    expect((await instance.cli('services')).out).toMatch(/degraded +1\/2/);
    await rs2.up();
    await healthy('rs2', 'up');
    expect(await server('rs2')).toMatchObject({ presence: 'present', weight_effective: 1 });
    const ofServer = (await events()).filter((event) => event.subject === 'www/rs2');
    expect(ofServer.map((event) => event.kind)).toEqual(['server-up', 'server-down', 'server-up']);
    expect(ofServer[1]?.reason).toMatch(/refused/);
  });
});

describe('orders', () => {
  it('disable takes a server out whatever its health, enable brings it back', async () => {
    const disabled = await instance.cli('disable', 'www', 'rs1');
    expect(disabled).toMatchObject({ status: 0, err: '' });
    expect(disabled.out).toMatch(/^www\/rs1: disabled, health up, effective weight 0 \(disabled by /);
    await until(async () => (await server('rs1')).presence === 'absent');
    expect(await server('rs1')).toMatchObject({ admin: 'disabled', health: 'up' });
    await instance.cli('enable', 'www', 'rs1');
    expect(await server('rs1')).toMatchObject({ presence: 'present', admin: 'enabled', weight_effective: 1 });
  });

  it('weight stands in for the configured one until default', async () => {
    expect((await instance.cli('weight', 'www', 'rs1', '7')).out).toContain('effective weight 7');
    expect(await server('rs1')).toMatchObject({
      weight_configured: 1,
      weight_ordered: 7,
      weight_effective: 7,
    });
    expect((await instance.cli('servers')).out).toMatch(/rs1 .* 7 \(conf 1\) +7 /);
    await instance.cli('weight', 'www', 'rs1', 'default');
    expect((await server('rs1')).weight_ordered).toBeUndefined();
    const wrong = await instance.cli('weight', 'www', 'rs1', '65536');
    expect(wrong).toMatchObject({ status: 2 });
    expect(wrong.err).toContain('from 0 to 65535');
  });

  it('drain ends when nothing is left and says so', async () => {
    const { status, out } = await instance.cli(
      'drain',
      'www',
      'rs1',
      '--deadline',
      '60s',
      '--then',
      'cut',
      '--wait',
    );
    expect(status).toBe(0);
    expect(out).toMatch(/draining.*drained\n$/);
    expect(await server('rs1')).toMatchObject({ presence: 'present', weight_effective: 0 });
    expect((await events()).findLast((event) => event.kind === 'drained')).toMatchObject({
      subject: 'www/rs1',
      reason: 'nothing is left',
    });
    await instance.cli('enable', 'www', 'rs1');
  });

  it.each([
    [['drain', 'www', 'rs1', '--deadline', '60'], 'with a unit'],
    [['drain', 'www', 'rs1', '--then', 'cut'], 'Add --deadline'],
    [['drain', 'www', 'rs1', '--deadline', '1s', '--then', 'burn'], 'cut or keep'],
    [['drain', 'www'], 'needs SERVER'],
    [['drain', 'www', 'rs1', 'rs2'], 'takes no argument "rs2"'],
    [['drain', 'www', 'rs9'], 'Did you mean rs1?'],
  ])('%j is bad usage', async (args, hint) => {
    const { status, out, err } = await instance.cli(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(hint);
    expect((await server('rs1')).admin).toBe('enabled');
  });

  it('refuses a change by someone who has not seen the present revision', async () => {
    const { status, err } = await instance.cli('disable', 'www', 'rs1', '--if-revision', '99');
    expect(status).toBe(4);
    expect(err).toContain('The configuration has changed meanwhile');
    expect((await server('rs1')).admin).toBe('enabled');
  });
});

describe('the configuration', () => {
  const three = (): string =>
    configurationText({ servers: { rs1: rs1.port, rs2: rs2.port, rs3: 1 }, scheduler: 'wrr' });

  it('dry run tells and changes nothing; apply makes a revision; rollback makes another', async () => {
    const before = (await instance.json<Status>('status')).revision.number;
    const file = instance.file('three.yaml', three());
    const rehearsal = await instance.cli('apply', file, '--dry-run');
    expect(rehearsal.status).toBe(0);
    expect(rehearsal.out).toMatch(/~ services\.www\.scheduler: wlc -> wrr/);
    expect(rehearsal.out).toMatch(/~ service www scheduler wlc -> wrr/);
    expect(rehearsal.out).toContain('nothing was changed');
    expect((await instance.json<Status>('status')).revision.number).toBe(before);

    const applied = await instance.cli('apply', file, '--comment', 'a third one');
    expect(applied.status).toBe(0);
    expect(applied.out).toContain(`revision ${before + 1} is in force`);
    expect((await instance.cli('services')).out).toMatch(/wrr +\w+ +2\/3/);

    const back = await instance.cli('rollback');
    expect(back.status).toBe(0);
    expect(back.out).toContain(`revision ${before + 2} is in force`);
    expect((await instance.cli('services')).out).toMatch(/wlc +up +2\/2/);
    const { revisions } = await instance.json<{ revisions: Revision[] }>('revisions');
    expect(revisions.map((each) => each.comment)).toEqual(
      expect.arrayContaining(['a third one', `back to revision ${before}`]),
    );
    expect((await instance.cli('revisions', String(before + 1))).out).toBe(three());
    expect((await instance.cli('rollback', '999')).status).toBe(2);
  });

  it('refuses, with exit 4, a configuration that does not name this node', async () => {
    const file = instance.file('other.yaml', three().replace('lb1:', 'lb7:'));
    const { status, err } = await instance.cli('apply', file);
    expect(status).toBe(4);
    expect(err).toContain('does not name this node, lb1');
  });

  const sparse = (): string => {
    const file = instance.file('sparse.yaml', '');
    fs.truncateSync(file, 100 * 1024 * 1024);
    return file;
  };

  it.each([
    ['empty', () => instance.file('bad.yaml', '')],
    ['truncated', () => instance.file('bad.yaml', three().slice(0, 200))],
    ['binary', () => instance.file('bad.yaml', Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80]))],
    ['deep', () => instance.file('bad.yaml', `a: ${'['.repeat(20_000)}`)],
    ['of 100 MB of nothing', sparse],
    ['missing', () => '/nonexistent.yaml'],
    ['a folder', () => instance.folder],
    ['with an unknown key', () => instance.file('bad.yaml', three().replace('scheduler:', 'schedular:'))],
  ])('a file that is %s changes nothing and ends check and apply with 2', async (_, make) => {
    const file = make();
    const before = await instance.json<Status>('status');
    const checked = await cli('check', file);
    expect({ status: checked.status, out: checked.out }).toEqual({ status: 2, out: '' });
    expect(checked.err).toContain(`error: ${file}`);
    const applied = await instance.cli('apply', file);
    expect({ status: applied.status, out: applied.out }).toEqual({ status: 2, out: '' });
    const after = await instance.json<Status>('status');
    expect(after.revision).toEqual(before.revision);
    expect(after.services.map((service) => service.health)).toEqual(
      before.services.map((service) => service.health),
    );
  });

  it('check names line and column, and the nearest key', async () => {
    const file = instance.file('bad.yaml', three().replace('scheduler:', 'schedular:'));
    const { err } = await cli('check', file);
    expect(err).toMatch(/bad\.yaml:8:5: .*schedular.*scheduler/);
    const { status, out } = await cli('check', file, '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ line: 8, column: 5 }] });
  });

  it('SIGHUP reads the file again, and a bad file is an event, not an end', async () => {
    const before = (await instance.json<Status>('status')).revision.number;
    fs.writeFileSync(instance.config, three());
    process.kill(instance.pid, 'SIGHUP');
    await until(async () => (await instance.client.revision()) === before + 1);
    fs.writeFileSync(instance.config, 'nonsense');
    process.kill(instance.pid, 'SIGHUP');
    await until(async () => (await events()).some((event) => event.kind === 'reload-refused'));
    expect(await instance.client.revision()).toBe(before + 1);
    await instance.cli('rollback');
  });
});

describe('without a director', () => {
  it('says so, with the socket and what to do', async () => {
    const { status, err } = await cli('status', '--runtime', '/nonexistent');
    expect(status).toBe(1);
    expect(err).toContain('error: fairlead is not running here (/nonexistent/control.sock).');
    expect(err).toContain('remedy: Start it with "fairlead run');
  });

  it('says so for a socket that nobody listens on', async () => {
    const file = `${instance.folder}/stale.sock`;
    // A socket file outlives a listener that ends without closing: that is what is left here.
    const holder = start(['version']);
    await holder.ended;
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(file, resolve));
    fs.linkSync(file, `${file}.kept`);
    await new Promise((resolve) => server.close(resolve));
    const { status, err } = await cli('status', '--socket', `${file}.kept`);
    expect(status).toBe(1);
    expect(err).toContain('is not running here');
  });

  it('doctor works all the same', async () => {
    const { out } = await cli(
      'doctor',
      '--runtime',
      '/nonexistent',
      '--config',
      instance.file('d.yaml', configurationText({ servers: { rs1: 1 } })),
    );
    expect(out).toMatch(/warn +director +fairlead is not running here/);
  });
});

describe('usage', () => {
  it('suggests the nearest command', async () => {
    const { status, err } = await cli('statsu');
    expect(status).toBe(2);
    expect(err).toBe('error: There is no command "statsu".\nremedy: Did you mean "fairlead status"?\n');
  });

  it('suggests the nearest option', async () => {
    const { status, err } = await cli('status', '--jsno');
    expect(status).toBe(2);
    expect(err).toContain('Did you mean --json?');
  });

  it('help lists the commands, and a command’s help has an example', async () => {
    const { out } = await cli('help');
    const names = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map((found) => found[1]!);
    expect(names).toEqual(expect.arrayContaining(['run', 'status', 'drain', 'doctor', 'completion']));
    const help = await cli('drain', '--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    expect(help.out).toContain('Examples:');
  });

  it('version and completion print', async () => {
    expect((await cli('version')).out).toMatch(/^fairlead \d+\.\d+\.\d+\n$/);
    const { out } = await cli('completion', 'bash');
    expect(out).toContain('complete -F _fairlead fairlead');
  });
});
