// Who is told what happens, whether it gets through, and trying it out.
import type { Notifications, NotifyTarget, NotifyTest } from '../../control/notify-schema.ts';
import { EXIT } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag } from '../command.ts';
import { duration } from '../show.ts';
import { type Cell, paint, plain } from '../table.ts';
import { parseWhole, print, READ_OPTIONS, table } from './common.ts';

const TARGETS_MAX = 16;

export const notifications: Command = {
  name: 'notifications',
  summary: 'Who is told what happens, and whether messages get through',
  details: [
    'Targets are numbered as in the configuration. --test sends a message that says it is a test, to target N or to all,',
    'beside queue and limits; the exit status is 1 if one of them did not get through.',
  ].join('\n'),
  arguments: [{ name: 'N', help: 'only this target', optional: true }],
  options: { test: { type: 'boolean', help: 'Send a test message' }, ...READ_OPTIONS },
  examples: ['fairlead notifications', 'fairlead notifications --test', 'fairlead notifications 2 --test'],
  run: async (context) => {
    const [given] = context.args;
    const number = given === undefined ? undefined : parseWhole(given, 'N', 1, TARGETS_MAX);
    if (flag(context.values, 'test')) {
      const reply = await context.client.call('notificationsTest', {
        body: number === undefined ? {} : { target: number },
      });
      print(context, reply, () => renderTest(context, reply));
      return reply.tests.every((test) => test.ok) ? EXIT.ok : EXIT.failed;
    }
    const value = await context.client.call('notifications');
    const shown =
      number === undefined
        ? value
        : { ...value, targets: value.targets.filter((target) => target.number === number) };
    return print(context, shown, () => render(context, shown));
  },
};

function renderTest(context: CommandContext, { tests }: NotifyTest): string {
  if (tests.length === 0) return 'nobody is to be told: the configuration has no notifications\n';
  const { color } = context.terminal;
  const lines = tests.map(({ number, kind, name, ok, detail, took_ms }) => {
    const word = paint(ok ? 'ok' : 'fail', ok ? 'good' : 'bad', color);
    return `${word}  ${number} ${kind} ${plain(name)}: ${plain(detail)} (${took_ms} ms)`;
  });
  return `${lines.join('\n')}\n`;
}

function render(context: CommandContext, { running, detail, targets, not_kept }: Notifications): string {
  const { color } = context.terminal;
  const notes = [
    ...(detail === undefined ? [] : [`${paint('not running', 'bad', color)}: ${plain(detail)}`]),
    ...(not_kept === undefined
      ? []
      : [
          `${paint('not kept', 'warn', color)}: ${plain(not_kept)}; after a restart a message might come twice`,
        ]),
  ];
  if (targets.length === 0)
    return `${[...notes, running || detail !== undefined ? 'no targets yet' : 'no notifications are configured'].join('\n')}\n`;
  const columns = [
    { title: 'N', align: 'right' as const },
    { title: 'KIND' },
    { title: 'TO' },
    { title: 'ON' },
    { title: 'STATE' },
    ...['SENT', 'FAILED', 'WAITING', 'HELD', 'DROPPED', 'OPEN'].map((title) => ({
      title,
      align: 'right' as const,
    })),
    { title: 'LAST ERROR' },
  ];
  return `${table(context, columns, targets.map(row))}${notes.map((note) => `${note}\n`).join('')}`;
}

function row(target: NotifyTarget): (Cell | string)[] {
  const { number, kind, name, on, services, sent, failed, waiting, held, dropped, open } = target;
  const { failing_since, last_error } = target;
  const lost = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  return [
    ...[String(number), kind, name],
    `${on.join(',')}${services === undefined ? '' : ` of ${services.join(',')}`}`,
    failing_since === undefined
      ? { text: sent > 0 ? 'ok' : 'idle', tone: sent > 0 ? ('good' as const) : ('quiet' as const) }
      : { text: `failing for ${duration(Date.now() - failing_since)}`, tone: 'bad' as const },
    ...[sent, failed, waiting, held].map(String),
    lost.length === 0 ? '0' : lost.join(', '),
    String(open),
    { text: last_error?.detail ?? '-', tone: 'quiet' as const },
  ];
}
