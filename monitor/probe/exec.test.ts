import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { address } from '../../director/model/address.ts';
import { context, scratchFile } from '../support/servers.ts';
import { createExec } from './exec.ts';
import type { ProbeOutcome } from './probe.ts';

const target = { address: address('10.1.0.21'), port: 8080 };

function run(command: readonly string[], timeout_ms = 5000, exec = createExec()): Promise<ProbeOutcome> {
  return exec(target, { kind: 'exec', command }, context(timeout_ms));
}

async function say(command: readonly string[], timeout_ms?: number): Promise<string> {
  const outcome = await run(command, timeout_ms);
  return `${outcome.ok ? 'up' : 'down'}: ${outcome.reason.replace(/ in \d+ ms$/, '')}`;
}

const shell = (script: string): string[] => ['sh', '-c', script];

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

describe('the exec probe', () => {
  it('passes on exit status 0, with the first line as the reason', async () => {
    expect(await say(shell('echo replication 2 s behind; echo more; exit 0'))).toBe(
      'up: replication 2 s behind',
    );
    expect(await say(['true'])).toBe('up: exit status 0');
  });

  it('fails on any other exit status and on a signal', async () => {
    expect(await say(shell('echo broken; exit 3'))).toBe('down: broken (exit status 3)');
    expect(await say(shell('echo complaint >&2; exit 1'))).toBe('down: complaint (exit status 1)');
    expect(await say(shell('kill -SEGV $$'))).toBe('down: killed by SIGSEGV');
  });

  it('fills in address, port and service, and leaves everything to the shell that there is not', async () => {
    expect(await say(['echo', '%a:%p', '%s', '100%%', '$HOME;', '%x'])).toBe(
      'up: 10.1.0.21:8080 www 100% $HOME; %x',
    );
  });

  it('passes on an environment of its own and nothing of ours', async () => {
    const script = 'env | cut -d= -f1 | sort | tr "\\n" " "';
    expect(await say(shell(script))).toBe('up: FAIRLEAD_ADDRESS FAIRLEAD_PORT LANG PATH PWD');
  });

  it('names the service in the environment only for commands that ask for it', async () => {
    expect(await say([...shell('echo $0 $FAIRLEAD_SERVICE'), '%s'])).toBe('up: www www');
    expect(await say(shell('echo none: $FAIRLEAD_SERVICE'))).toBe('up: none:');
  });

  it('fails when there is no such program', async () => {
    expect(await say(['/no/such/program'])).toMatch(
      /^down: .*\/no\/such\/program.*No such file.* \(exit status 127\)$/,
    );
  });

  it('kills a command that ignores SIGTERM, and all its children, at the deadline', async () => {
    using file = scratchFile('file');
    const script = `trap "" TERM; sleep 60 & echo $! > ${file.path}; echo $$ >> ${file.path}; wait; sleep 60`;
    expect(await say(shell(script), 1000)).toBe('down: no end of the command within 1000 ms');
    const pids = readFileSync(file.path, 'utf8').trim().split('\n').map(Number);
    expect(pids.length).toBe(2);
    await vi.waitUntil(() => pids.every(isGone));
  });

  it('does not wait for what a command leaves in the background, and ends it', async () => {
    using file = scratchFile('file');
    expect(await say(shell(`sleep 60 & echo $! > ${file.path}; echo done`))).toBe('up: done');
    const pid = Number(readFileSync(file.path, 'utf8'));
    await vi.waitUntil(() => isGone(pid));
  });

  it('does not wait for a background process that escaped and holds the output open', async () => {
    using file = scratchFile('file');
    const outcome = await run(
      shell(
        `setsid sh -c 'echo $$ > ${file.path}; exec sleep 60' & while ! [ -s ${file.path} ]; do :; done; echo done`,
      ),
    );
    process.kill(Number(readFileSync(file.path, 'utf8')));
    expect(outcome).toMatchObject({ ok: true, reason: expect.stringMatching(/^done in/) });
  });

  it('keeps little of much output, and fails on an endless one', async () => {
    expect(await say(shell('head -c 100000 /dev/zero | tr "\\0" x'))).toMatch(/^up: x{200}…$/);
    expect(await say(['yes'])).toBe('down: the command wrote more than 1 MiB');
  });

  it('takes control characters and broken UTF-8 in its output as they come', async () => {
    expect(await say(['printf', '\\n\\n\\033[31mred\\033[0m \\377\\n'])).toMatch(/^up: \[31mred \[0m \S+$/);
  });

  it('runs a bounded number at once, and lets the others wait', async () => {
    const exec = createExec({ running_max: 1, waiting_max: 1 });
    const [first, second, third] = await Promise.all([
      run(['sleep', '0.1'], 5000, exec),
      run(['true'], 5000, exec),
      run(['true'], 5000, exec),
    ]);
    expect([first, second].map((outcome) => outcome.ok)).toEqual([true, true]);
    expect(third).toMatchObject({ inconclusive: true, reason: 'too many commands wait for their turn' });
    expect((await run(['true'], 5000, exec)).ok).toBe(true);
  });

  it('blames nobody for a command that waited too long', async () => {
    const exec = createExec({ running_max: 1, waiting_max: 1 });
    const [, second] = await Promise.all([run(['sleep', '60'], 300, exec), run(['true'], 50, exec)]);
    expect(second).toMatchObject({ ok: false, inconclusive: true });
    expect((await run(['true'], 5000, exec)).ok).toBe(true);
  });

  it('ends the command when it is cancelled', async () => {
    using file = scratchFile('file');
    const dismissal = new AbortController();
    const command = shell(`echo $$ > ${file.path}; sleep 60`);
    const running = createExec()(target, { kind: 'exec', command }, context(60_000, dismissal.signal));
    await vi.waitUntil(() => existsSync(file.path) && readFileSync(file.path, 'utf8').includes('\n'));
    dismissal.abort();
    expect(await running).toMatchObject({ inconclusive: true, reason: 'cancelled' });
    await vi.waitUntil(() => isGone(Number(readFileSync(file.path, 'utf8'))));
  });

  it('lets no command outlive a process that is killed', async () => {
    using file = scratchFile('file');
    using program = scratchFile('file');
    writeFileSync(
      program.path,
      `import { createExec } from ${JSON.stringify(join(import.meta.dirname, 'exec.ts'))};
       const command = ['sh', '-c', ${JSON.stringify(`echo $$ > ${file.path}; sleep 60; :`)}];
       const context = { timeout_ms: 60000, signal: new AbortController().signal, service: 'www' };
       await createExec()({ address: '10.1.0.21', port: 80 }, { kind: 'exec', command }, context);`,
    );
    const parent = spawn(
      process.execPath,
      ['--input-type=module', '-e', `await import(${JSON.stringify(program.path)})`],
      {
        stdio: 'inherit',
      },
    );
    await vi.waitUntil(() => existsSync(file.path) && readFileSync(file.path, 'utf8').includes('\n'), 5000);
    parent.kill('SIGKILL');
    await vi.waitUntil(() => isGone(Number(readFileSync(file.path, 'utf8'))));
  });
});
