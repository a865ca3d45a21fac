// What goes wrong: ends without a word, disks that are full, files that are damaged.
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Keeper } from './keeper.ts';
import { plain, Site, START } from './support/site.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const plainOver = (from: number, seconds: number): number[] =>
  Array.from({ length: seconds }, (_, index) => plain('www', 'active', from + index * 1_000));
const secondsOf = (site: Site, from: number, seconds: number): (number | null)[] =>
  site.values('www', 'active', from, from + (seconds - 1) * 1_000, '1s');

describe('an end without a word', () => {
  it('costs no more than the minute under way, wherever it comes', () => {
    using site = new Site();
    site.pass(57 * MINUTE);
    const from = site.now_ms;
    // Five minutes over the end of an hour, ended after every single slice of work.
    for (let second = 0; second < 300; second++) {
      site.second(plain, false);
      if (second % 60 === 0 && second > 0)
        for (let slice = 0; slice < 3; slice++) {
          const more = site.keeper.step();
          expectMinutes(site, from, second / 60 - 1);
          if (!more) break;
        }
      if (second % 60 === 1) {
        site.crash();
        expectMinutes(site, from, Math.floor(second / 60));
        // The second that was under way is lost with its minute.
      }
    }
    site.work();
    const minutes = site.values('www', 'active', from, from + 4 * MINUTE, '1m');
    expect(minutes).toHaveLength(5);
    expect(minutes).not.toContain(null);
  });

  function expectMinutes(site: Site, from: number, count: number): void {
    const other = new Keeper({
      file: site.file,
      limit_bytes: site.limit_bytes,
      now: () => site.now_ms,
      monotonic_ms: () => 0,
      cpu_ms: () => 0,
      onOpened: ({ setAside }) => expect(setAside).toBeUndefined(),
      onBehind: () => expect.fail('the disk was refused'),
      onRecovered: () => {},
    });
    for (let minute = 0; minute < count; minute++) {
      const at = from + minute * MINUTE;
      const seconds = other.series({ subject: 'www', from: at, to: at + 59_000, points: 60, level: '1s' });
      // Two of each minute were under way when it was ended.
      const there = [...(seconds.values.get('active') ?? [])].filter((value) => !Number.isNaN(value));
      expect(there.length).toBeGreaterThanOrEqual(minute === 0 ? 60 - 2 : 58);
      const joined = other.series({ subject: 'www', from: at, to: at, points: 1, level: '1m' });
      expect(joined.values.get('active')?.length).toBe(1);
    }
  }

  it('goes on in the minute in which it came, after a proper end', () => {
    using site = new Site();
    site.seconds(90);
    site.restart();
    site.seconds(60);
    expect(secondsOf(site, START, 150)).toEqual(plainOver(START, 150));
    const [, minute] = site.values('www', 'active', START, START + MINUTE, '1m');
    expect(minute).toBe(site.values('www', 'active', START, START, '1m')[0]);
  });

  it('keeps the minutes of an hour that is not over, and makes the hour of them later', () => {
    using site = new Site();
    site.seconds(10 * 60 + 1);
    site.crash();
    site.pass(3 * HOUR);
    site.seconds(61);
    expect(site.values('www', 'active', START, START + 9 * MINUTE, '1m')).toHaveLength(10);
    expect(site.values('www', 'active', START, START, '1h')).toHaveLength(1);
    const answer = site.keeper.moment(START + 5 * MINUTE);
    expect(answer.names.length).toBe(3);
  });
});

describe('a limit', () => {
  it('is kept by giving up the oldest, and what is newest stays', { timeout: 60_000 }, () => {
    using site = new Site();
    site.keeper.setLimit(2 * 2 ** 20);
    site.setNames(Array.from({ length: 80 }, (_, index) => `service-${index}`));
    site.busySeconds(70 * 60);
    const status = site.keeper.status();
    expect(status.state).toBe('ok');
    expect(status.dropped).toBe(0);
    expect(status.bytes).toBeLessThanOrEqual(2 * 2 ** 20);
    const [seconds, minutes] = status.levels;
    expect(minutes!.oldest).toBe(START);
    expect(seconds!.oldest).toBeGreaterThan(START);
    expect(seconds!.oldest).toBeLessThan(site.now_ms - 5 * MINUTE);
  });

  it('that is lowered makes the file smaller', () => {
    using site = new Site();
    site.setNames(Array.from({ length: 300 }, (_, index) => `service-${index}`));
    site.busySeconds(12 * 60);
    const before = site.keeper.status().bytes;
    expect(before).toBeGreaterThan(5 * 2 ** 20);
    site.keeper.setLimit(3 * 2 ** 20);
    site.work();
    site.keeper.upkeep();
    site.work();
    expect(site.keeper.status().bytes).toBeLessThanOrEqual(3 * 2 ** 20);
    site.busySeconds(70);
    expect(site.keeper.status().state).toBe('ok');
  });

  it('that is too small for a single minute refuses it, says so, and recovers', () => {
    using site = new Site();
    site.keeper.setLimit(256 * 2 ** 10);
    site.setNames(Array.from({ length: 1_000 }, (_, index) => `service-${index}`));
    for (let minute = 0; minute < 6; minute++) {
      site.busySeconds(3);
      site.pass(57_000);
    }
    site.busySeconds(1);
    expect(site.told).toEqual(['opened file', 'behind']);
    expect(site.keeper.status()).toMatchObject({ state: 'behind' });
    expect(site.keeper.status().dropped).toBeGreaterThan(0);
    site.keeper.setLimit(64 * 2 ** 20);
    site.pass(MINUTE);
    site.busySeconds(1);
    site.pass(MINUTE);
    site.busySeconds(1);
    expect(site.told).toEqual(['opened file', 'behind', 'recovered']);
    expect(site.keeper.status().state).toBe('ok');
    // What waited meanwhile is there.
    const from = START + 4 * MINUTE;
    expect(site.values('service-0', 'active', from, from + 2_000, '1s')).toHaveLength(3);
  });
});

describe('a file', () => {
  it('that is damaged is set aside, and a fresh one begun', () => {
    using site = new Site();
    site.seconds(70);
    site.keeper.close();
    fs.writeFileSync(site.file, Buffer.alloc(100_000, 'no database'));
    site.open();
    site.seconds(70);
    expect(site.told).toEqual(['opened file', 'opened file anew']);
    expect(secondsOf(site, START + 70_000, 70)).toEqual(plainOver(START + 70_000, 70));
    expect(fs.readdirSync(site.folder).some((name) => name.includes('.damaged-'))).toBe(true);
  });

  it('that is damaged while it is open is set aside then, and what is under way goes into the next', () => {
    using site = new Site();
    site.setNames(Array.from({ length: 800 }, (_, index) => (index === 0 ? 'www' : `service-${index}`)));
    site.busySeconds(10 * 60 + 5);
    site.keeper.upkeep();
    const fd = fs.openSync(site.file, 'r+');
    const size = fs.fstatSync(fd).size;
    for (let at = 16_384; at < size; at += 16_384)
      fs.writeSync(fd, Buffer.alloc(16_384, 0xa5), 0, 16_384, at);
    fs.closeSync(fd);
    site.monotonic_ms += HOUR;
    site.busySeconds(120);
    site.keeper.moment(START + 5_000);
    site.busySeconds(61);
    expect(site.told).toContain('opened file anew');
    expect(site.keeper.status().state).toBe('ok');
    // The minutes of this hour were in memory too.
    expect(site.values('www', 'active', START, START + 9 * MINUTE, '1m')).toHaveLength(10);
    site.crash();
    expect(site.values('www', 'active', START, START + 9 * MINUTE, '1m')).toHaveLength(10);
  });

  it('with damaged pieces gives everything else', () => {
    using site = new Site();
    site.seconds(130);
    site.keeper.close();
    {
      const database = new Sqlite(site.file);
      const [{ key }] = database.prepare('SELECT key FROM seconds ORDER BY key LIMIT 1').all() as [
        { key: number },
      ];
      database.prepare('UPDATE seconds SET data = ? WHERE key = ?').run(Buffer.from('rubbish'), key);
      database.prepare('UPDATE seconds SET data = zeroblob(0) WHERE key = ?').run(key + 1);
      database.prepare('UPDATE pictures SET data = ? WHERE slot = 1').run(Buffer.from('rubbish'));
      database.prepare("INSERT INTO blocks VALUES ('9x', 1, 1, 1, 1, 1)").run();
      database.prepare("INSERT INTO pictures VALUES ('1m', 1, 99, 0, x'00')").run();
      database.close();
    }
    site.open();
    expect(secondsOf(site, START + MINUTE, 60)).toEqual(plainOver(START + MINUTE, 60));
    expect(site.keeper.moment(START + 5_000).names.length).toBeGreaterThan(0);
    expect(site.keeper.status().detail).toMatch(/could not be read/);
  });

  it('that cannot be written is replaced by memory', () => {
    using site = new Site();
    site.keeper.close();
    const blocked = path.join(site.folder, 'blocked');
    fs.writeFileSync(blocked, '');
    const keeper = new Keeper({
      file: path.join(blocked, 'history.sqlite'),
      limit_bytes: 2 ** 30,
      now: () => site.now_ms,
      monotonic_ms: () => 0,
      cpu_ms: () => 0,
      onOpened: ({ mode, detail }) => site.told.push(`${mode}: ${detail}`),
      onBehind: () => {},
      onRecovered: () => {},
    });
    site.keeper = keeper;
    keeper.setSubjects(site.names);
    site.seconds(70);
    expect(site.told.at(-1)).toMatch(/^memory: .*ENOTDIR|EEXIST/);
    expect(keeper.status()).toMatchObject({ state: 'memory', bytes_max: 32 * 2 ** 20 });
    expect(secondsOf(site, START, 70)).toEqual(plainOver(START, 70));
  });
});
