// Commands that do as they should, that hang, flood, fork, end early, or do not exist.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scratchFile } from '../../../monitor/support/servers.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { context, envelope } from '../support/envelope.ts';
import { createCommand } from './command.ts';

const run = (script: string, ...words: string[]) =>
  createCommand({
    ...{ kind: 'command', command: ['/bin/sh', '-c', script, 'sh', ...words] },
    ...{ on: ['critical'], group_ms: 0, timeout_ms: 1_000 },
  });

it('gets the message as JSON on standard input and in its environment', async () => {
  using out = scratchFile('out');
  const send = run('{ cat; echo; env; } > "$1.new" && mv "$1.new" "$1"', out.path);
  expect(await send(envelope(), context())).toEqual({ ok: true, retry: false, detail: 'exit status 0' });
  const [json = '', ...env] = readFileSync(out.path, 'utf8').split('\n');
  expect(JSON.parse(json)).toMatchObject({ id: 'lb1-7', severity: 'critical', cluster: 'web', attempt: 1 });
  expect(env).toEqual(
    expect.arrayContaining([
      'FAIRLEAD_ID=lb1-7',
      'FAIRLEAD_CLUSTER=web',
      'FAIRLEAD_NODE=lb1',
      'FAIRLEAD_SEVERITY=critical',
      'FAIRLEAD_SUBJECT=www is down: no real server takes connections',
      'FAIRLEAD_SERVICES=www',
      'FAIRLEAD_SINCE=2026-01-05T12:00:00.000Z',
    ]),
  );
  expect(env.some((line) => /^(?:HOME|NODE_|VITEST)/.test(line))).toBe(false);
});

it('that fails is tried again, and its first line is the reason', async () =>
  expect(await run('echo no modem >&2; exit 3')(envelope(), context())).toEqual({
    ok: false,
    retry: true,
    detail: 'no modem (exit status 3)',
  }));

it('that does not read, and leaves at once, is done', async () =>
  expect(await run('exit 0')(envelope({ lines: ['x'.repeat(200_000)] }), context())).toMatchObject({
    ok: true,
  }));

it('that hangs is killed at the deadline, with what it has started', async () => {
  using pid = scratchFile('pid');
  const send = run('sleep 1000 & echo $! > "$1"; wait', pid.path);
  expect(await send(envelope(), context({ timeout_ms: 1_000 }))).toMatchObject({
    ok: false,
    detail: 'it did not end within 1000 ms',
  });
  await gone(pid.path);
});

it('that leaves something behind is done, and that is killed', async () => {
  using pid = scratchFile('pid');
  const send = run('sleep 1000 & echo $! > "$1"', pid.path);
  expect(await send(envelope(), context())).toMatchObject({ ok: true });
  await gone(pid.path);
});

it('that floods is ended', async () =>
  expect(await run('yes')(envelope(), context())).toMatchObject({
    ok: false,
    detail: 'it wrote more than 1 MiB',
  }));

it('that does not exist is told', async () => {
  const send = createCommand({
    ...{ kind: 'command', command: ['/no/such/program'] },
    ...{ on: ['critical'], group_ms: 0, timeout_ms: 1_000 },
  });
  expect(await send(envelope(), context())).toMatchObject({
    ok: false,
    detail: expect.stringContaining('/no/such/program'),
  });
});

it('ends when it is cancelled', async () => {
  using pid = scratchFile('pid');
  const abort = new AbortController();
  const outcome = run('echo $$ > "$1.new"; mv "$1.new" "$1"; sleep 1000', pid.path)(
    envelope(),
    context({ signal: abort.signal }),
  );
  await eventually(() => existsSync(pid.path)).toBe(true);
  abort.abort();
  expect(await outcome).toMatchObject({ ok: false, detail: 'cancelled' });
  await gone(pid.path);
});

/** A zombie that its new parent has not reaped yet is gone too. */
async function gone(file: string): Promise<void> {
  const pid = readFileSync(file, 'utf8').trim();
  await eventually(() => {
    try {
      return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'gone';
    } catch {
      return 'gone';
    }
  }).toMatch(/^(?:gone|Z|X)$/);
}
