// The notifying process as pulse sees it: begun and ended with the configuration, told of when it cannot run.
import { afterEach, expect, it } from 'vitest';
import { scratchFile } from '../../monitor/support/servers.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { systemClock } from '../native/system-clock.ts';
import { NOTIFY_MAIN, NotifyProcess } from './notify-process.ts';

const events: string[] = [];
const open: Disposable[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each[Symbol.dispose]();
});

function start(main: string): NotifyProcess {
  events.length = 0;
  const folder = scratchFile('x');
  const notify = new NotifyProcess({
    ...{ main, clock: systemClock, log: () => {}, node: 'lb1', version: '0' },
    record: (kind, subject, reason) => void events.push(`${kind} ${subject}: ${reason}`),
    ...{ stateFolder: folder.path.replace(/\/x$/, ''), configFolder: '/', socket: '/no/such/socket' },
    ...{ since: 5, lastEvent: () => 9 },
  });
  open.push(notify, folder);
  return notify;
}

function configuration(targets: string): Configuration {
  const text = `cluster: web\ndirectors: { lb1: { address: 10.0.0.1 } }\nnotifications: [${targets}]\n`;
  const parsed = parseConfiguration(text, 'test');
  if ('problems' in parsed) throw new Error(parsed.problems[0]?.message);
  return parsed.configuration;
}

it('runs only while somebody is to be told', async () => {
  const notify = start(NOTIFY_MAIN);
  notify.configure(configuration(''));
  expect(notify.report()).toEqual({ running: false, restarts: 0, targets: [] });
  expect(await notify.test(undefined)).toEqual({ tests: [] });
  notify.configure(configuration('{ command: a }'));
  // It knows of no event before somebody was to be told.
  await eventually(() => notify.report().position).toBe(9);
  await expect(notify.test(2)).rejects.toMatchObject({ code: 'unknown-target' });
  notify.configure(configuration(''));
  expect(notify.report().running).toBe(false);
  expect(notify.problems(0)).toEqual([]);
});

it('one that cannot run is told once, tried again, and a problem', async () => {
  const notify = start('/dev/null');
  notify.configure(configuration('{ command: a }'));
  await eventually(() => notify.report().restarts).toBeGreaterThan(1);
  expect(events).toEqual(['notify-failed notifications: it ended with status 0; it is started again']);
  await eventually(() => notify.problems(0).map(({ code, detail }) => `${code} ${detail}`)).toEqual([
    'notify-away it ended with status 0',
  ]);
  await eventually(async () =>
    notify.test(1).then(
      () => 'done',
      (error: { code: string }) => error.code,
    ),
  ).toBe('busy');
});
