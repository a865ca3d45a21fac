// Accounts from the command line, on a director that runs: the first run, users, tokens, sessions, and what a crash leaves.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Session, Token, User } from '../../director/control/account-schema.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import { openPseudoTerminal } from '../../director/native/pty.ts';
import { configurationText, type Ended, Instance, until } from './support/instance.ts';

const MAIN = fileURLToPath(new URL('../../director/cli/main.ts', import.meta.url));
const GOOD = 'seven green kettles hum';
const BETTER = 'nine blue anvils whistle';
const FROM = { from: '192.0.2.7', agent: 'Firefox' };

let instance: Instance;
/** A director of its own for each test of a group. */
function eachWithDirector(): void {
  beforeEach(async () => {
    instance = new Instance(configurationText({ servers: { rs1: 9 } }));
    await instance.run();
  });
  afterEach(() => instance[Symbol.asyncDispose]());
}

/** A command with something on its standard input: text, or a terminal. */
function withInput(
  input: string | Buffer | number,
  ...args: string[]
): { ended: Promise<Ended>; err(): string } {
  const child = spawn(process.execPath, [MAIN, ...args, '--runtime', instance.runtime], {
    stdio: [typeof input === 'number' ? input : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  child.stdin?.on('error', () => {}); // It may end without having read.
  if (typeof input !== 'number') child.stdin?.end(input);
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status, signal) => resolve({ status, signal, out, err })),
  );
  return { ended, err: () => err };
}

const addUser = (name: string, role: string, password: string): Promise<Ended> =>
  withInput(`${password}\n`, 'user', 'add', name, '--role', role, '--password-stdin').ended;

const passwordFile = (): string => path.join(instance.runtime, 'console-password');

async function unclaimed(): Promise<readonly ApiEvent[]> {
  const { events } = await instance.client.call('events', { query: { limit: 1_000 } });
  return events.filter((event) => event.kind === 'console-unclaimed');
}

describe('a director that nobody has an account on', () => {
  eachWithDirector();

  it('lets the first admin in by the one-time password, also after a crash, and then no more', async () => {
    expect(fs.statSync(passwordFile()).mode & 0o777).toBe(0o600);
    const password = fs.readFileSync(passwordFile(), 'utf8').trim().split('\n').at(-1)!;
    expect((await instance.cli('user', 'list')).out).toContain('no user yet');
    const ended = await instance.end('SIGKILL');
    expect(`${ended?.out}${ended?.err}`).toContain('console-unclaimed');
    expect(`${ended?.out}${ended?.err}`).not.toContain(password);
    await instance.run();
    const call = instance.client;
    const begun = await call.call('login', { body: { name: 'admin', password, ...FROM } });
    expect(begun.first_run).toBe(true);
    expect(await unclaimed()).toHaveLength(1);
    const first = await call.call('setup', {
      body: { session: begun.session, name: 'ann', password: GOOD, ...FROM },
    });
    expect(fs.existsSync(passwordFile())).toBe(false);
    await instance.end('SIGKILL');
    await instance.run();
    expect(fs.existsSync(passwordFile())).toBe(false);
    expect(await call.call('authenticate', { body: { session: first.session, from: '' } })).toMatchObject({
      ...{ user: 'ann', role: 'admin', csrf: first.csrf },
    });
    await expect(call.call('login', { body: { name: 'admin', password, ...FROM } })).rejects.toMatchObject({
      code: 'bad-credentials',
    });
  });

  it('takes the first user from the command line likewise', async () => {
    expect(await addUser('bob', 'viewer', GOOD)).toMatchObject({
      status: 4,
      err: expect.stringContaining('must be an admin'),
    });
    expect(await addUser('ann', 'admin', GOOD)).toMatchObject({ status: 0, out: 'user ann is admin\n' });
    expect(fs.existsSync(passwordFile())).toBe(false);
  });
});

describe('fairlead user, token and session', () => {
  eachWithDirector();
  beforeEach(async () => {
    await addUser('ann', 'admin', GOOD);
  });

  it('make, change and end users, sessions that are open included', async () => {
    expect(await addUser('bob', 'operator', BETTER)).toMatchObject({ status: 0 });
    const { session } = await instance.client.call('login', {
      body: { name: 'bob', password: BETTER, ...FROM },
    });
    const whose = () => instance.client.call('authenticate', { body: { session, from: '' } });
    expect(await whose()).toMatchObject({ role: 'operator' });
    expect((await instance.cli('user', 'role', 'bob', 'viewer')).out).toBe('user bob is viewer\n');
    expect(await whose()).toMatchObject({ role: 'viewer' });
    const [listed] = (await instance.json<{ sessions: Session[] }>('session', 'list')).sessions;
    expect(listed).toMatchObject({ user: 'bob', from: '192.0.2.7', agent: 'Firefox' });
    expect((await instance.cli('session', 'list')).out).toMatch(/bob\s+viewer\s+192\.0\.2\.7/);
    expect((await instance.cli('session', 'end', listed!.id)).status).toBe(0);
    await expect(whose()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await withInput(GOOD, 'user', 'password', 'bob', '--password-stdin').ended).status).toBe(0);
    await instance.client.call('login', { body: { name: 'bob', password: GOOD, ...FROM } });
    const { users } = await instance.json<{ users: User[] }>('user', 'list');
    expect(users).toMatchObject([{ name: 'ann' }, { name: 'bob', sessions: 1, role: 'viewer' }]);
    expect((await instance.cli('user', 'list')).out).toMatch(/NAME\s+ROLE[\s\S]*bob\s+viewer\s+1/);
    expect((await instance.cli('user', 'remove', 'bob')).out).toBe('user bob is removed\n');
    expect(await instance.cli('user', 'remove', 'ann')).toMatchObject({
      status: 4,
      err: expect.stringContaining('last admin'),
    });
  });

  it('make tokens whose secret is all that standard output gets', async () => {
    const made = await instance.cli('token', 'create', 'ci', '--role', 'viewer', '--expires-days', '30');
    expect(made.out).toMatch(/^fl_[\w-]{43}\n$/);
    const token = made.out.trim();
    const whose = () => instance.client.call('authenticate', { body: { token, from: '192.0.2.9' } });
    expect(await whose()).toMatchObject({ kind: 'token', user: 'token ci', role: 'viewer' });
    const [listed] = (await instance.json<{ tokens: Token[] }>('token', 'list')).tokens;
    expect(listed).toMatchObject({ name: 'ci', last_used_from: '192.0.2.9' });
    expect((await instance.cli('token', 'list')).out).not.toContain(token);
    expect((await instance.cli('token', 'revoke', listed!.id)).status).toBe(0);
    await expect(whose()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await instance.cli('token', 'revoke', listed!.id)).status).toBe(2);
  });
});

describe('what cannot be understood', () => {
  // One director for all: nothing of this changes it.
  beforeAll(async () => {
    instance = new Instance(configurationText({ servers: { rs1: 9 } }));
    await instance.run();
    await addUser('ann', 'admin', GOOD);
  });
  afterAll(() => instance[Symbol.asyncDispose]());

  it.each([
    [['user'], 2, 'needs ACTION'],
    [['user', 'ad', 'bob'], 2, 'Did you mean "fairlead user add"'],
    [['user', '__proto__'], 2, 'has no action'],
    [['user', 'add'], 2, 'needs NAME'],
    [['user', 'add', 'bob'], 2, '--role'],
    [['user', 'add', 'bob', '--role', 'root'], 2, 'is no role'],
    [['user', 'add', 'bob', '--role', 'viewer'], 2, 'no terminal'],
    [['user', 'role', 'ann'], 2, 'needs ROLE'],
    [['user', 'role', 'eve', 'viewer'], 2, 'no such user'],
    [['user', 'list', 'ann'], 2, 'takes no argument'],
    [['user', 'list', '--role', 'viewer'], 2, 'takes no --role'],
    [['token', 'create', 'ci', '--role', 'viewer', '--expires-days', '0'], 2, 'whole number'],
    [['session', 'end', 'nobody'], 2, 'no such session'],
  ] as const)('%j ends with %i', async (args, status, err) => {
    expect(await instance.cli(...args)).toMatchObject({ status, out: '', err: expect.stringContaining(err) });
  });

  it.each<[string, string | Buffer, number, string]>([
    ['too short', 'short\n', 1, '12 are the least'],
    ['nothing', '', 2, ''],
    ['two lines', `${GOOD}\n${GOOD}\n`, 2, 'more than one line'],
    ['too much', 'x'.repeat(5_000), 2, 'too long'],
    [
      'bytes that are no text',
      Buffer.from([...Buffer.from('seven kettles hum'), 0xff, 0xfe]),
      2,
      'not UTF-8',
    ],
  ])('refuse a password that is %s', async (_, input, status, err) => {
    const ended = await withInput(input, 'user', 'add', 'bob', '--role', 'viewer', '--password-stdin').ended;
    expect(ended.err).toContain(err);
    expect(ended.status).toBe(status);
  });
});

describe('a password from the terminal', () => {
  eachWithDirector();

  it('is asked for twice, is not echoed, and leaves the terminal as it was', async () => {
    await addUser('ann', 'admin', GOOD);
    using terminal = openPseudoTerminal();
    const settings = (...args: string[]): string =>
      spawnSync('stty', ['-F', terminal.path, ...args]).stdout.toString();
    settings('sane');
    const before = settings('-a');
    expect(before).toMatch(/ echo /);
    const fd = fs.openSync(terminal.path, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
    const echoed = (): string => {
      const bytes = Buffer.alloc(1_000);
      try {
        return bytes.toString('utf8', 0, fs.readSync(terminal.master.fd, bytes));
      } catch {
        return '';
      }
    };
    const type = (text: string): void => void fs.writeSync(terminal.master.fd, text);
    try {
      const added = withInput(fd, 'user', 'add', 'bob', '--role', 'viewer');
      await until(() => added.err().includes('New password: '));
      type(`wrong\x15${BETTER}xy\x7f\x7f\r`);
      await until(() => added.err().includes('Again: '));
      type(`\x1b[A${BETTER}\n`);
      expect(await added.ended).toMatchObject({ status: 0, out: 'user bob is viewer\n' });
      expect(echoed()).toBe('');
      expect(settings('-a')).toBe(before);
      await instance.client.call('login', { body: { name: 'bob', password: BETTER, ...FROM } });

      const differs = withInput(fd, 'user', 'password', 'bob');
      await until(() => differs.err().includes('New password: '));
      type(`${GOOD}\r${BETTER}\r`);
      expect(await differs.ended).toMatchObject({ status: 2, err: expect.stringContaining('not the same') });

      const stopped = withInput(fd, 'user', 'password', 'bob');
      await until(() => stopped.err().includes('New password: '));
      type('abc\x03');
      expect(await stopped.ended).toMatchObject({
        status: 1,
        err: expect.stringContaining('nothing was changed'),
      });
      expect(settings('-a')).toBe(before);
    } finally {
      fs.closeSync(fd);
    }
  });
});
