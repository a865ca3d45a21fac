// The work of `fairlead pair HOST`: this machine becomes the second director.
import os from 'node:os';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { ConfigurationError } from '../config/problem.ts';
import { thisMachine } from '../doctor/machine.ts';
import { commandClock } from '../doctor/network/command-clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { checkBeforeWriting } from '../setup/checks.ts';
import { readCode } from '../setup/core/pair-code.ts';
import { configurationFile, keyFile, nodeFile, refuseToReplace } from '../setup/files.ts';
import { checkKeyText, keyFileName } from '../setup/key.ts';
import { type Joining, openJoining } from '../setup/pairing/join.ts';
import { PAIR_PORT } from '../setup/pairing/wire.ts';
import type { CommandContext } from './command.ts';
import { flag, text } from './command.ts';
import { wholeNumber } from './commands/common.ts';
import { folderOf, reportChecks, settle, startDirector } from './first-steps.ts';
import { usage } from './parse.ts';
import { openPrompt } from './prompt.ts';
import { plain } from './table.ts';

const CODE_MAX_BYTES = 256;

export async function join(context: CommandContext, host: string): Promise<void> {
  const { terminal } = context;
  refuseToReplace(folderOf(context), flag(context.values, 'force'));
  const code = readCode(await codeFrom(context));
  using joining = await openJoining({
    host,
    port: wholeNumber(context, 'port', 1, 65_535) ?? PAIR_PORT,
    code,
    version: context.version,
    hostname: os.hostname(),
    clock: commandClock,
  });
  let prepared: { configuration: Configuration; node: string; keyName: string };
  try {
    prepared = await prepare(context, joining);
  } catch (error) {
    joining.refuse(error instanceof Error ? error.message : String(error));
    throw error;
  }
  const { configuration, node, keyName } = prepared;
  const key = await joining.take(node);
  checkKeyText(key);
  settle(context, configuration, [
    keyFile(keyName, key),
    nodeFile(node),
    configurationFile(joining.offer.configuration),
  ]);
  await joining.done();
  startDirector(context, node);
  terminal.out(`This is ${node} now, and stands by. See "fairlead status" and "fairlead doctor".\n`);
}

/** Everything that can go wrong, before the key is asked for. */
async function prepare(
  context: CommandContext,
  { offer, clockAhead_ms }: Joining,
): Promise<{ configuration: Configuration; node: string; keyName: string }> {
  const parsed = parseConfiguration(offer.configuration, 'the first director’s configuration');
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  const { configuration } = parsed;
  const node = chooseNode(context, configuration, offer.node);
  const keyName = keyFileName(folderOf(context), configuration.heartbeat!.keyFile);
  context.terminal.out(
    `${plain(offer.node)} tells its configuration: cluster ${configuration.cluster}, ${configuration.services.length} services\n`,
  );
  for (const file of otherFiles(configuration))
    context.terminal.err(`warning: the configuration names the file ${file}: copy it yourself\n`);
  const findings = await checkBeforeWriting({
    machine: thisMachine(Date.now),
    configuration,
    node,
    clock: commandClock,
    willForward: !flag(context.values, 'no-forwarding'),
    peerMacs: new Set(offer.macs),
    clockAhead_ms,
  });
  reportChecks(context, findings);
  return { configuration, node, keyName };
}

function chooseNode(
  context: CommandContext,
  { directors, heartbeat }: Configuration,
  inviter: string,
): string {
  const others = directors.map((director) => director.name).filter((name) => name !== inviter);
  const wanted = text(context.values, 'node') ?? others[0];
  if (heartbeat !== undefined && directors.length === 2 && wanted !== undefined && others.includes(wanted))
    return wanted;
  throw new FairleadError(
    'unknown-node',
    wanted === undefined || heartbeat === undefined
      ? 'The configuration has no second director.'
      : `${wanted} is not the second director: that is ${others.join(', ')}.`,
    { remedy: 'Leave --node out, or correct the configuration on the first director.', exit: EXIT.usage },
  );
}

/** Of notifications; the key comes with the pairing. */
function otherFiles({ notifications }: Configuration): string[] {
  const files = (notifications ?? []).flatMap((each) => {
    if (each.kind === 'webhook') return [each.secretFile, each.caFile];
    return each.kind === 'email' ? [each.passwordFile, each.caFile] : [];
  });
  return files.filter((file) => file !== undefined);
}

async function codeFrom(context: CommandContext): Promise<string> {
  const given = text(context.values, 'code');
  if (given !== undefined) return given;
  if (flag(context.values, 'code-stdin')) return readPiped();
  if (!context.terminal.interactive || process.stdin.isTTY !== true)
    throw usage('There is no terminal to ask for the code.', 'Give it with --code CODE or --code-stdin.');
  using prompt = openPrompt(process.stdin, process.stdout);
  return await prompt.line('Code: ');
}

async function readPiped(): Promise<string> {
  let typed = '';
  for await (const chunk of process.stdin) {
    typed += String(chunk);
    if (typed.length > CODE_MAX_BYTES) break;
  }
  return typed.trim();
}
