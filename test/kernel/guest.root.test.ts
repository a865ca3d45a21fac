// The guest as seen from the host: it gives back what happened inside, changes nothing outside, and leaves nothing behind.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInGuest } from './guest.ts';
import { whyNoGuest } from './uml.ts';

let folder: string;
let tmpdirBefore: string | undefined;

beforeEach(() => {
  tmpdirBefore = process.env.TMPDIR;
  folder = mkdtempSync(join(tmpdir(), 'guest-test-'));
  process.env.TMPDIR = folder; // so that what a guest leaves behind shows here
});

afterEach(() => {
  if (tmpdirBefore === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = tmpdirBefore;
  rmSync(folder, { recursive: true });
});

/** Processes, zombies aside, whose command line names the folder: guest kernels carry it in theirs. */
function guestProcesses(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`fairlead_job=${folder}`);
    } catch {
      return false; // gone between the two looks
    }
  });
}

describe.skipIf(whyNoGuest() !== undefined)('a guest', () => {
  it('gives back the exit status and the output of its command', async () => {
    const result = await runInGuest({
      command: ['sh', '-c', 'uname -r; echo "$WORD" >&2; exit 7'],
      env: { WORD: "it's" },
    });
    expect(result).toEqual({ status: 7, output: expect.stringMatching(/^6\.1\..*\nit's\n$/) });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('writes to its shared folder and to nothing else', async () => {
    const share = mkdtempSync(join(folder, 'share-'));
    const elsewhere = join(folder, 'elsewhere');
    const script = `echo new > ${share}/made; echo new > ${elsewhere}; cat ${elsewhere}`;
    writeFileSync(elsewhere, 'old\n');
    expect((await runInGuest({ command: ['sh', '-c', script], share })).output).toBe('new\n');
    expect(readFileSync(join(share, 'made'), 'utf8')).toBe('new\n');
    expect(readFileSync(elsewhere, 'utf8')).toBe('old\n');
  });

  it('does not meet another one that runs at the same time', async () => {
    const run = (name: string) =>
      runInGuest({
        command: ['sh', '-c', `ip link add ${name} type veth peer peer-${name} && ls /sys/class/net`],
      });
    const [one, two] = await Promise.all([run('one'), run('two')]);
    expect(one.output.split('\n')).toEqual(expect.arrayContaining(['one', 'peer-one']));
    expect(one.output).not.toContain('two');
    expect(two.output).not.toContain('one');
  });

  it('is ended with all its processes when its time is over', async () => {
    await expect(runInGuest({ command: ['sleep', '1000'], timeout_ms: 100 })).rejects.toMatchObject({
      code: 'guest-timeout',
    });
    await expect.poll(guestProcesses).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says so when a kernel module does not exist', async () => {
    await expect(runInGuest({ command: ['true'], modules: ['nonsense'] })).rejects.toMatchObject({
      code: 'guest-crashed',
      message: expect.stringContaining('no module nonsense'),
    });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'does not outlive its caller that is ended by %s',
    async (signal) => {
      const share = mkdtempSync(join(folder, 'share-'));
      const script = `
      import { runInGuest } from ${JSON.stringify(join(import.meta.dirname, 'guest.ts'))};
      await runInGuest({ command: ['sh', '-c', 'echo > ${share}/up; exec sleep 1000'], share: ${JSON.stringify(share)} });`;
      const caller = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
      const ended = new Promise((resolve) => caller.once('exit', (_, by) => resolve(by)));
      await expect.poll(() => existsSync(join(share, 'up')), { timeout: 20_000 }).toBe(true);
      caller.kill(signal);
      expect(await ended).toBe(signal);
      await expect.poll(guestProcesses, { timeout: 10_000 }).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.startsWith('fairlead-guest-'))).toEqual([]);
    },
  );
});
