// The first director's part of a pairing, for `fairlead pair --invite` and the end of `fairlead setup`: the configuration
// in force and the key, for whoever brings the one-time code.
import fs from 'node:fs';
import path from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { readConfigurationFile } from '../config/file.ts';
import { parseConfiguration } from '../config/parse.ts';
import { commandClock } from '../doctor/network/command-clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { keyFileName, readKeyText } from '../setup/key.ts';
import { ownMacs } from '../setup/machine-facts.ts';
import { openInvitation } from '../setup/pairing/invite.ts';
import { newCode } from '../setup/pairing/secret.ts';
import { PAIR_PORT } from '../setup/pairing/wire.ts';
import type { CommandContext } from './command.ts';
import { text } from './command.ts';
import { wholeNumber } from './commands/common.ts';
import { folderOf } from './first-steps.ts';
import { plain } from './table.ts';

const MINUTES_MAX = 10;
const MINUTE_MS = 60_000;

interface InForce {
  readonly configuration: Configuration;
  readonly text: string;
  readonly revision: number | undefined;
  readonly node: string | undefined;
}

export async function invite(context: CommandContext): Promise<void> {
  const folder = folderOf(context);
  const inForce = await readInForce(context, folder);
  const node = text(context.values, 'node') ?? inForce.node ?? nodeOf(folder);
  const { directors, heartbeat } = inForce.configuration;
  const own = directors.find((director) => director.name === node);
  const guest = directors.find((director) => director.name !== node);
  if (own === undefined || guest === undefined || heartbeat === undefined || directors.length !== 2)
    throw notOfAPair(inForce.configuration, node);
  const key = readKeyText(path.join(folder, keyFileName(folder, heartbeat.keyFile)));
  const minutes = wholeNumber(context, 'minutes', 1, MINUTES_MAX) ?? MINUTES_MAX;
  const code = newCode();
  const { terminal } = context;
  await using invitation = await openInvitation({
    address: text(context.values, 'listen') ?? own.address,
    port: wholeNumber(context, 'port', 1, 65_535) ?? PAIR_PORT,
    code,
    lasts_ms: minutes * MINUTE_MS,
    offer: () => ({
      version: context.version,
      node: own.name,
      configuration: inForce.text,
      ...(inForce.revision === undefined ? {} : { revision: inForce.revision }),
      macs: ownMacs(),
    }),
    key,
    guest: guest.name,
    clock: commandClock,
    tell: (line) => terminal.out(`${plain(line)}\n`),
    signal: terminal.interrupted,
  });
  const port = invitation.port === PAIR_PORT ? '' : ` --port ${invitation.port}`;
  const host = text(context.values, 'listen') ?? own.address;
  terminal.out(
    [
      `Waiting ${minutes} minutes for ${guest.name} at ${host} port ${invitation.port}. On ${guest.name}, as root:`,
      '',
      `  fairlead pair ${host}${port} --code ${code}`,
      '',
      '',
    ].join('\n'),
  );
  const { hostname, confirmed } = await invitation.outcome;
  terminal.out(
    confirmed
      ? `${plain(hostname)} is ${guest.name} now. See "fairlead status".\n`
      : `${plain(hostname)} took the key, but did not confirm that it is written: see there. The code is spent.\n`,
  );
}

/** What the running director goes by; else the file. */
async function readInForce(context: CommandContext, folder: string): Promise<InForce> {
  try {
    const status = await context.client.call('status');
    const { text: yaml } = await context.client.call('revision', {
      params: { revision: String(status.revision.number) },
    });
    const parsed = parseConfiguration(yaml, 'the revision in force');
    if ('configuration' in parsed)
      return {
        configuration: parsed.configuration,
        text: yaml,
        revision: status.revision.number,
        node: status.node,
      };
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error; // none runs
  }
  const read = readConfigurationFile(path.join(folder, 'fairlead.yaml'));
  return { ...read, revision: undefined, node: undefined };
}

/** As `fairlead setup` wrote it. */
function nodeOf(folder: string): string | undefined {
  try {
    return /^FAIRLEAD_NODE=(\S+)$/m.exec(fs.readFileSync(path.join(folder, 'node'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

function notOfAPair({ directors }: Configuration, node: string | undefined): FairleadError {
  const names = directors.map((director) => director.name).join(', ');
  if (directors.length !== 2)
    return new FairleadError(
      'no-peer',
      `The configuration has one director (${names}): there is nobody to invite.`,
      {
        remedy: 'Add the second one under directors, and heartbeat; then "fairlead apply" it.',
        exit: EXIT.usage,
      },
    );
  return new FairleadError(
    'unknown-node',
    node === undefined
      ? 'Nobody says which director this is.'
      : `${node} is none of the configuration’s directors (${names}).`,
    { remedy: `Name it: --node ${directors[0]?.name ?? 'NAME'}.`, exit: EXIT.usage },
  );
}
