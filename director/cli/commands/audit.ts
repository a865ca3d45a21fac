// Commands about who changed what, and the report for whoever helps from afar.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { AuditRecord, AuditVerify } from '../../control/audit-schema.ts';
import type { Diagnostics } from '../../control/schema.ts';
import { EXIT, type ExitCode, FairleadError } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { clockTime } from '../show.ts';
import { paint, plain } from '../table.ts';
import { INSTANCE_OPTIONS, print, READ_OPTIONS, wholeNumber } from './common.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'Who changed what, from where, and how it ended',
  arguments: [],
  options: {
    limit: { type: 'string', value: 'N', help: 'The newest N (default 100)' },
    who: { type: 'string', value: 'NAME', help: 'Only what this one asked for' },
    action: { type: 'string', value: 'A', help: 'Only this action: drain, apply, switchover, …' },
    grep: {
      type: 'string',
      value: 'TEXT',
      help: 'Only records with this text in who, origin, action, target or detail',
    },
    verify: { type: 'boolean', help: 'Follow the chain of hashes; exit status 1 if it is broken' },
    ...READ_OPTIONS,
  },
  details: [
    'Every write through command line, console and API is recorded, done or refused. Each record carries a hash over itself',
    'and the one before it, so that --verify finds what was changed or removed. Keep the last hash elsewhere, as in a log',
    'on another machine, and a chain that was made anew shows as well.',
  ].join('\n'),
  examples: [
    'fairlead audit --limit 20',
    'fairlead audit --who ann --action apply',
    'fairlead audit --verify',
  ],
  run: async (context) => {
    if (flag(context.values, 'verify')) return verify(context);
    const limit = wholeNumber(context, 'limit', 1, 1_000) ?? 100;
    const [who, action, q] = ['who', 'action', 'grep'].map((name) => text(context.values, name));
    const value = await context.client.call('audit', {
      query: { limit, ...(who ? { who } : {}), ...(action ? { action } : {}), ...(q ? { q } : {}) },
    });
    return print(context, value, ({ records }) =>
      records
        .toReversed()
        .map((record) => recordLine(context, record))
        .join(''),
    );
  },
};

function recordLine(context: CommandContext, record: AuditRecord): string {
  const { color } = context.terminal;
  const { id, at, who, origin, action, target, outcome, detail } = record;
  const tone = outcome === 'done' ? undefined : 'bad';
  const change = changeOf(record);
  const words = [
    paint(String(id).padStart(6), 'quiet', color),
    clockTime(at),
    paint(outcome.padEnd(7), tone, color),
    `${plain(action).padEnd(12)} ${plain(target).padEnd(16)}`,
    `${plain(who)} (${plain(origin)})`,
    ...(change === '' ? [] : [plain(change)]),
    ...(detail === '' ? [] : [paint(plain(detail), tone, color)]),
  ];
  return `${words.join('  ')}\n`;
}

const CHANGE_MAX_CHARS = 160;

/** `{"admin":"enabled"} -> {"admin":"draining"}`; the whole of it is in the JSON. */
function changeOf({ before, after }: AuditRecord): string {
  const short = (value: unknown): string => {
    const json = JSON.stringify(value);
    return json.length > CHANGE_MAX_CHARS ? `${json.slice(0, CHANGE_MAX_CHARS)}…` : json;
  };
  if (before === undefined) return after === undefined ? '' : short(after);
  return after === undefined ? short(before) : `${short(before)} -> ${short(after)}`;
}

async function verify(context: CommandContext): Promise<ExitCode> {
  const value = await context.client.call('auditVerify');
  print(context, value, verifyLine);
  return value.ok ? EXIT.ok : EXIT.failed;
}

function verifyLine({ ok, detail, last_id, last_hash, broken_at }: AuditVerify): string {
  const end = last_hash === undefined ? '' : `\nlast good hash, of record ${last_id}: ${plain(last_hash)}`;
  return ok ? `ok: ${plain(detail)}${end}\n` : `BROKEN at record ${broken_at}: ${plain(detail)}${end}\n`;
}

export const diagnostics: Command = {
  name: 'diagnostics',
  summary: 'Writes a report for whoever helps from afar, without secrets',
  arguments: [],
  options: {
    output: {
      type: 'string',
      value: 'FILE',
      help: 'Where to (default: fairlead-NODE-TIME.json in this folder)',
      complete: 'file',
    },
    ...INSTANCE_OPTIONS,
  },
  details: [
    'One JSON file that only its owner can read: status, pair, services, tables, events, audit, configuration, findings of',
    'doctor, versions, interfaces and routes. Passwords, tokens and keys are left out; names and addresses are not: look',
    'at it before you give it away. An existing file is not written over.',
  ].join('\n'),
  examples: ['fairlead diagnostics', 'fairlead diagnostics --output report.json'],
  run: async (context) => {
    const value = await context.client.call('diagnostics');
    const file = text(context.values, 'output') ?? defaultName(value);
    write(file, `${JSON.stringify(value, null, 2)}\n`);
    const contents = Object.entries(value.texts).map(
      ([name, content]) => `  ${plain(name).padEnd(20)} ${Buffer.byteLength(content)} bytes\n`,
    );
    context.terminal.out(`${plain(file)} holds, without secrets:\n${contents.join('')}`);
    return EXIT.ok;
  },
};

function defaultName({ node, at }: Diagnostics): string {
  const time = new Date(at).toISOString().slice(0, 19).replace(/[:-]/g, '').replace('T', '-');
  return `fairlead-${node.replace(/[^\w.-]/g, '_')}-${time}.json`;
}

function write(file: string, content: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'wx', 0o600);
    const bytes = Buffer.from(content);
    for (let place = 0; place < bytes.length; ) place += writeSync(descriptor, bytes, place);
  } catch (cause) {
    // Half a report is none.
    if (descriptor !== undefined) rmSync(file, { force: true });
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new FairleadError('not-written', `${file} cannot be written: ${(cause as Error).message}.`, {
      remedy: exists ? 'Remove it, or give another name with --output.' : 'Give another place with --output.',
      exit: exists ? EXIT.usage : EXIT.failed,
      cause,
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
