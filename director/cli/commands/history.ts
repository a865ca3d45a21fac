// Commands about what was: events, revisions.

import type { ApiEvent } from '../../control/schema.ts';
import { EXIT, type ExitCode } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag } from '../command.ts';
import { clockTime } from '../show.ts';
import { paint, plain } from '../table.ts';
import { parseWhole, print, READ_OPTIONS, table, wholeNumber } from './common.ts';

export const events: Command = {
  name: 'events',
  summary: 'What happened and why',
  arguments: [],
  options: {
    follow: { type: 'boolean', short: 'f', help: 'Go on with what happens from now' },
    limit: { type: 'string', value: 'N', help: 'The newest N (default 100)' },
    since: { type: 'string', value: 'ID', help: 'Only those after this event' },
    ...READ_OPTIONS,
  },
  details: 'With --follow and --json each event is one line of JSON.',
  examples: ['fairlead events --limit 20', 'fairlead events --follow'],
  run: async (context) => {
    const since = wholeNumber(context, 'since', 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const limit = wholeNumber(context, 'limit', 1, 10_000) ?? 100;
    const value = await context.client.call('events', { query: { since, limit } });
    if (!flag(context.values, 'follow'))
      return print(context, value, (list) => list.events.map((event) => line(context, event)).join(''));
    for (const event of value.events) context.terminal.out(followed(context, event));
    return follow(context, value.events.at(-1)?.id ?? since);
  },
};

async function follow(context: CommandContext, since: number): Promise<ExitCode> {
  for await (const event of context.client.follow(since, context.terminal.interrupted))
    context.terminal.out(followed(context, event));
  return EXIT.ok;
}

function followed(context: CommandContext, event: ApiEvent): string {
  return flag(context.values, 'json') ? `${JSON.stringify(event)}\n` : line(context, event);
}

function line(context: CommandContext, event: ApiEvent): string {
  const { color } = context.terminal;
  const tone = /down|failed|refused|damaged|unusable/.test(event.kind) ? 'bad' : undefined;
  return `${paint(String(event.id).padStart(6), 'quiet', color)}  ${clockTime(event.at)}  ${paint(event.kind.padEnd(16), tone, color)} ${plain(event.subject).padEnd(16)} ${plain(event.reason)}\n`;
}

export const revisions: Command = {
  name: 'revisions',
  summary: 'Configurations that were in force',
  arguments: [{ name: 'N', help: 'print the text of this one', optional: true }],
  options: READ_OPTIONS,
  examples: ['fairlead revisions', 'fairlead revisions 3 > old.yaml'],
  run: async (context) => {
    const [number] = context.args;
    if (number !== undefined) {
      const revision = String(parseWhole(number, 'N', 1, Number.MAX_SAFE_INTEGER));
      const value = await context.client.call('revision', { params: { revision } });
      return print(context, value, ({ text }) => text);
    }
    return print(context, await context.client.call('revisions'), ({ current, revisions: list }) =>
      table(
        context,
        [
          { title: 'REVISION', align: 'right' },
          { title: 'IN FORCE' },
          { title: 'SINCE' },
          { title: 'AUTHOR' },
          { title: 'HASH' },
          { title: 'COMMENT' },
        ],
        list.map((each) => [
          String(each.number),
          each.number === current ? { text: 'yes', tone: 'good' } : '',
          clockTime(each.at),
          each.author,
          each.hash.slice(0, 12),
          each.comment,
        ]),
      ),
    );
  },
};
