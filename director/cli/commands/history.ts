// Commands about what was: events, revisions.

import type { ApiEvent } from '../../control/schema.ts';
import { EXIT, type ExitCode } from '../../model/error.ts';
import { type EventFilter, kindsOf, matchesEvent } from '../../model/event-filter.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { moment } from '../moment.ts';
import { usage } from '../parse.ts';
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
    kind: { type: 'string', value: 'KINDS', help: 'Only these kinds, with commas between them' },
    subject: {
      type: 'string',
      value: 'NAME',
      help: 'Only about this: www (and its servers), www/rs1, director',
    },
    grep: { type: 'string', value: 'TEXT', help: 'Only those with this text in kind, subject or reason' },
    from: { type: 'string', value: 'TIME', help: 'Not before: 2h (ago), 2026-11-25, "2026-11-25 14:30"' },
    to: { type: 'string', value: 'TIME', help: 'Not after' },
    ...READ_OPTIONS,
  },
  details: 'With --follow and --json each event is one line of JSON.',
  examples: [
    'fairlead events --limit 20',
    'fairlead events --follow --subject www',
    'fairlead events --kind server-down,server-up --from 2h',
  ],
  run: async (context) => {
    const since = wholeNumber(context, 'since', 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const limit = wholeNumber(context, 'limit', 1, 10_000) ?? 100;
    const filter = filterOf(context);
    const following = flag(context.values, 'follow');
    if (following && filter.to !== undefined)
      throw usage('--follow goes on, and --to ends.', 'Leave one of them out.');
    const { kinds, ...rest } = filter;
    // Asked for first: what comes from here on is followed, also what the filter leaves out until then.
    const newest = following ? await newestId(context, since) : undefined;
    const value = await context.client.call('events', {
      query: {
        ...{ since, limit, ...rest },
        ...(kinds === undefined ? {} : { kind: kinds.join(',') }),
        ...(newest === undefined ? {} : { before: newest + 1 }),
      },
    });
    if (newest === undefined)
      return print(context, value, (list) => list.events.map((event) => line(context, event)).join(''));
    for (const event of value.events) context.terminal.out(followed(context, event));
    return follow(context, newest, filter);
  },
};

async function newestId(context: CommandContext, since: number): Promise<number> {
  const { events: newest } = await context.client.call('events', { query: { since, limit: 1 } });
  return newest.at(-1)?.id ?? since;
}

function filterOf(context: CommandContext): EventFilter {
  const [kind, subject, q] = ['kind', 'subject', 'grep'].map((name) => text(context.values, name));
  const [from, to] = [moment(context, 'from'), moment(context, 'to')];
  return {
    ...(kind === undefined ? {} : { kinds: kindsOf(kind) }),
    ...(subject === undefined ? {} : { subject }),
    ...(q === undefined ? {} : { q }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

async function follow(context: CommandContext, since: number, filter: EventFilter): Promise<ExitCode> {
  for await (const event of context.client.follow(since, context.terminal.interrupted))
    if (matchesEvent(filter, event)) context.terminal.out(followed(context, event));
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
