// What happens by itself.
import type { Scheduled } from '../../control/schedule-schema.ts';
import type { Command } from '../command.ts';
import { clockTime } from '../show.ts';
import { type Cell, plain, type Tone } from '../table.ts';
import { print, READ_OPTIONS, table } from './common.ts';

export const schedule: Command = {
  name: 'schedule',
  summary: 'What happens by itself: when next, when last, and how that ended',
  arguments: [],
  options: READ_OPTIONS,
  details: [
    'The active director does maintenance, weights and drills, every director its own backups. Times are of this machine’s',
    'time zone; the schedule may go by another one, which stands below the table.',
  ].join('\n'),
  examples: ['fairlead schedule', 'fairlead schedule --json'],
  run: async (context) => {
    const value = await context.client.call('schedule');
    return print(context, value, ({ entries, timezone, active }) =>
      entries.length === 0
        ? 'Nothing is scheduled.\n'
        : `${table(context, COLUMNS, entries.map(row))}Time zone of the schedule: ${plain(timezone)}.${active ? '' : ' This director stands by: it makes its own backups only.'}\n`,
    );
  },
};

const COLUMNS = [
  { title: 'NAME' },
  { title: 'KIND' },
  { title: 'AT' },
  { title: 'NEXT' },
  { title: 'LAST' },
  { title: 'OUTCOME' },
  { title: 'WHAT' },
  { title: 'DETAIL' },
] as const;

const TONES: Readonly<Record<Scheduled['outcome'], Tone>> = {
  waiting: 'quiet',
  'under-way': 'warn',
  done: 'good',
  left: 'warn',
  refused: 'bad',
  failed: 'bad',
  missed: 'warn',
};

function row({ name, kind, at, next, last, outcome, what, detail }: Scheduled): (Cell | string)[] {
  const time = (value: number | undefined): string => (value === undefined ? '' : clockTime(value));
  return [name, kind, at, time(next), time(last), { text: outcome, tone: TONES[outcome] }, what, detail];
}
