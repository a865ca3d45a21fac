// The schedule, on a real director: windows and weights as orders, by whom, in events and audit; backups made, kept, listed.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../director/control/audit-schema.ts';
import type { BackupList, Schedule } from '../../director/control/schedule-schema.ts';
import type { ServerStatus } from '../../director/control/schema.ts';
import { cli, configurationText, Instance, RealServer, until } from './support/instance.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

let reals: readonly RealServer[];
beforeEach(async () => {
  reals = [await RealServer.open(), await RealServer.open()];
});
afterEach(() => Promise.all(reals.map((real) => real[Symbol.asyncDispose]())));

const ALWAYS = '* * * * * *';

function text(schedule: string): string {
  return configurationText({ servers: { rs1: reals[0]!.port, rs2: reals[1]!.port }, extra: schedule });
}

/** A cron expression for a time in this many seconds, once a day. */
function inSeconds(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1_000);
  return `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
}

async function serverOf(instance: Instance, name: string): Promise<ServerStatus> {
  return instance.client.call('server', { params: { service: 'www', server: name } });
}

async function entry(instance: Instance, name: string) {
  const { entries } = await instance.json<Schedule>('schedule');
  return entries.find((each) => each.name === name)!;
}

async function auditOf(instance: Instance, who: string): Promise<readonly AuditRecord[]> {
  return (await instance.client.call('audit', { query: { who, limit: 100 } })).records.toReversed();
}

describe('a window', () => {
  it('drains, disables and gives back, and is seen in schedule, events and audit', async () => {
    await using instance = new Instance(text(''));
    await instance.run();
    // The drain begins at once, the window in a while: however slow the machine is, one comes after the other.
    const schedule = `schedule:
  timezone: UTC
  patches: { maintenance: { at: "${inSeconds(30)}", for: 10s, servers: [www/rs1], drain_before: 1h } }
`;
    await instance.client.call('apply', { query: {}, body: text(schedule), ifMatch: '*' });
    await until(async () => (await entry(instance, 'patches')).outcome === 'done', 120_000);
    expect((await serverOf(instance, 'rs1')).admin).toBe('enabled');
    const records = await auditOf(instance, 'schedule:patches');
    expect(records.map(({ action, target, origin, outcome }) => [action, target, origin, outcome])).toEqual([
      ['drain', 'www/rs1', 'schedule', 'done'],
      ['disable', 'www/rs1', 'schedule', 'done'],
      ['enable', 'www/rs1', 'schedule', 'done'],
    ]);
    const { events } = await instance.client.call('events', { query: { q: 'patches', limit: 100 } });
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['schedule-begun', 'drain-ordered', 'disabled', 'enabled', 'schedule-ended']),
    );
  });

  it('goes on over a kill, and leaves alone what an operator has enabled', async () => {
    const begun = new Date(Date.now() - 60_000);
    const at = `${begun.getUTCMinutes()} ${begun.getUTCHours()} * * *`;
    await using instance = new Instance(
      text(`schedule:
  timezone: UTC
  patches: { maintenance: { at: "${at}", for: 1h, servers: [www/rs1, www/rs2] } }
`),
    );
    await instance.run();
    await until(async () => (await serverOf(instance, 'rs2')).admin === 'disabled');
    expect((await instance.cli('enable', 'www', 'rs1')).status).toBe(0);
    await until(async () => {
      const { events } = await instance.client.call('events', {
        query: { kind: 'schedule-left', limit: 10 },
      });
      return events.some(({ reason }) => reason.includes('www/rs1'));
    });
    await instance.end('SIGKILL');
    await instance.run();
    expect((await serverOf(instance, 'rs1')).admin).toBe('enabled');
    expect((await serverOf(instance, 'rs2')).admin).toBe('disabled');
    // Without the window the schedule gives back what it has.
    const { status } = await instance.cli('apply', instance.file('next.yaml', text('')));
    expect(status).toBe(0);
    await until(async () => (await serverOf(instance, 'rs2')).admin === 'enabled');
    expect((await instance.cli('schedule')).out).toBe('Nothing is scheduled.\n');
  });
});

describe('a weight', () => {
  it('comes at its time, unless an operator has given one', async () => {
    await using instance = new Instance(
      text(`schedule:
  day: { weight: { at: "${ALWAYS}", server: www/rs1, weight: 7 } }
  night: { weight: { at: "${ALWAYS}", server: www/rs2, weight: 3 } }
`),
    );
    await instance.run();
    await until(async () => (await serverOf(instance, 'rs1')).weight_ordered === 7);
    await instance.cli('weight', 'www', 'rs2', '9');
    await until(async () => (await entry(instance, 'night')).outcome === 'left');
    expect((await serverOf(instance, 'rs2')).weight_ordered).toBe(9);
    expect((await entry(instance, 'night')).detail).toMatch(/^www\/rs2 is left alone: .* gave it weight 9$/);
    const { out, status } = await instance.cli('schedule');
    expect({ status, out }).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^NAME +KIND .*\nday +weight/),
    });
  });
});

describe('backups', () => {
  it('are made at their times and kept to so many; by hand, listed, for their owner only', async () => {
    await using instance = new Instance(
      text(`schedule:\n  nightly: { backup: { at: "${ALWAYS}", keep: 2 } }\n`),
    );
    await instance.run();
    const list = () => instance.json<BackupList>('backup', '--list');
    await until(async () => {
      const { events } = await instance.client.call('events', { query: { kind: 'backup-made', limit: 100 } });
      return events.length >= 4;
    }, 60_000);
    expect((await list()).backups.filter(({ by }) => by === 'nightly').length).toBeLessThanOrEqual(2);

    const copy = path.join(instance.folder, 'copy.tar.gz');
    const made = await instance.cli('backup', copy, '--history');
    expect(made).toMatchObject({ status: 0, out: expect.stringContaining('It holds secrets') });
    const manual = (await list()).backups.find(({ by }) => by === 'manual')!;
    expect(fs.statSync(manual.path).mode & 0o777).toBe(0o600);
    expect(fs.statSync(copy).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(manual.path)).mode & 0o777).toBe(0o700);
    expect(await instance.cli('backup', copy)).toMatchObject({
      status: 2,
      err: expect.stringContaining('is there already'),
    });
    const [record] = (
      await instance.client.call('audit', { query: { action: 'backup', q: 'manual', limit: 1 } })
    ).records;
    expect(record).toBeUndefined();
    const audited = (await instance.client.call('audit', { query: { action: 'backup', limit: 1_000 } }))
      .records;
    expect(audited.map(({ target }) => target)).toEqual(expect.arrayContaining(['backup', 'backup nightly']));
  });

  it('put back are told of by the director that starts on them', async () => {
    await using instance = new Instance(text(''));
    await instance.run();
    const [{ path: made }] = [await instance.json<{ path: string }>('backup')];
    const restore = async (...more: string[]) =>
      cli('restore', made, '--state', instance.state, '--config', instance.config, ...more);
    expect(await restore()).toMatchObject({ status: 1, err: expect.stringContaining('already running') });
    await instance.end('SIGTERM');
    expect(await restore('--dry-run')).toMatchObject({
      status: 0,
      out: expect.stringContaining('Nothing was'),
    });
    expect(await restore()).toMatchObject({ status: 0, out: expect.stringContaining('Start the director') });
    await instance.run();
    const { events } = await instance.client.call('events', { query: { kind: 'restored', limit: 10 } });
    expect(events).toMatchObject([{ reason: expect.stringContaining(made) }]);
    const { records } = await instance.client.call('audit', { query: { action: 'restore', limit: 10 } });
    expect(records).toMatchObject([{ origin: 'cli', target: path.basename(made), outcome: 'done' }]);
    await instance.end('SIGTERM');
    await instance.run();
    const again = await instance.client.call('events', { query: { kind: 'restored', limit: 10 } });
    expect(again.events).toHaveLength(1);
  });

  it('that cannot be made are told, as a failure', async () => {
    await using instance = new Instance(text(`schedule:\n  nightly: { backup: { at: "${ALWAYS}" } }\n`));
    fs.mkdirSync(instance.state);
    fs.writeFileSync(path.join(instance.state, 'backups'), 'in the way');
    await instance.run();
    await until(async () => (await entry(instance, 'nightly')).outcome === 'failed');
    expect(await instance.cli('backup')).toMatchObject({
      status: 1,
      err: expect.stringContaining('No backup was made'),
    });
    const { events } = await instance.client.call('events', { query: { kind: 'backup-failed', limit: 1 } });
    expect(events).toHaveLength(1);
  });
});
