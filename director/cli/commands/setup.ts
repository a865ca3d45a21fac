// `fairlead setup`: the first configuration of a machine, by questions or by options. Nothing is written before everything
// is checked.
import type { Configuration } from '../../config/configuration.ts';
import { parseConfiguration } from '../../config/parse.ts';
import { ConfigurationError, formatProblem } from '../../config/problem.ts';
import { thisMachine } from '../../doctor/machine.ts';
import { commandClock } from '../../doctor/network/command-clock.ts';
import { EXIT } from '../../model/error.ts';
import { checkBeforeWriting } from '../../setup/checks.ts';
import type { Answers, Given } from '../../setup/core/answers.ts';
import { configurationText, KEY_FILE_NAME } from '../../setup/core/configuration-text.ts';
import { type Ask, answerAll, QUESTIONS } from '../../setup/core/questions.ts';
import { resolveAnswers } from '../../setup/core/resolve.ts';
import {
  CONFIGURATION_NAME,
  configurationFile,
  keyFile,
  nodeFile,
  refuseToReplace,
} from '../../setup/files.ts';
import { keyForSetup } from '../../setup/key.ts';
import { findFacts } from '../../setup/machine-facts.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { FIRST_OPTIONS, folderOf, reportChecks, settle, startDirector } from '../first-steps.ts';
import { invite } from '../inviting.ts';
import { openPrompt, type Prompt } from '../prompt.ts';
import { paint } from '../table.ts';
import { INSTANCE_OPTIONS } from './common.ts';
import { INVITE_OPTIONS } from './pairing.ts';

export const setup: Command = {
  name: 'setup',
  summary: 'Makes the first configuration of a director, by questions or options',
  arguments: [],
  options: {
    ...Object.fromEntries(
      QUESTIONS.map(({ name, value, help }) => [name, { type: 'string' as const, value, help }]),
    ),
    'dry-run': { type: 'boolean', help: 'Only print the configuration' },
    invite: { type: 'boolean', help: 'At the end wait for the second director, see "fairlead pair --help"' },
    ...INVITE_OPTIONS,
    ...FIRST_OPTIONS,
    ...INSTANCE_OPTIONS,
  },
  details: [
    'On a terminal it asks for what was not given, with what was found on this machine as defaults. A script gives at',
    'least --cluster, --node, --address and --vip; with --peer also --peer-address and --links; with --service also',
    '--listen and --servers. Before anything is written it is checked: the configuration, this kernel, whether somebody',
    'has one of the addresses already, whether the peer answers. It writes fairlead.yaml, heartbeat.key and node to',
    '/etc/fairlead, all or none, switches forwarding on, and starts fairlead.target.',
  ].join('\n'),
  examples: [
    'fairlead setup',
    'fairlead setup --cluster web --node lb1 --address 10.0.0.11 --vip 10.0.0.100/24@eth0 --service www --listen tcp://10.0.0.100:80 --servers rs1=10.1.0.21,rs2=10.1.0.22',
  ],
  run: async (context) => {
    const { terminal } = context;
    const folder = folderOf(context);
    const force = flag(context.values, 'force');
    const dryRun = flag(context.values, 'dry-run');
    if (!dryRun) refuseToReplace(folder, force);
    using prompt =
      terminal.interactive && process.stdin.isTTY === true
        ? openPrompt(process.stdin, process.stdout)
        : undefined;
    const answers = await readAnswers(context, prompt);
    const yaml = configurationText(answers);
    const { configuration, warnings } = parse(yaml);
    for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
    if (dryRun) {
      terminal.out(yaml);
      return EXIT.ok;
    }
    const findings = await checkBeforeWriting({
      machine: thisMachine(Date.now),
      configuration,
      node: answers.node,
      clock: commandClock,
      willForward: !flag(context.values, 'no-forwarding'),
    });
    reportChecks(context, findings);
    const key = answers.peer === undefined ? undefined : keyForSetup(folder, KEY_FILE_NAME);
    settle(context, configuration, [
      ...(key === undefined ? [] : [keyFile(KEY_FILE_NAME, key)]),
      nodeFile(answers.node),
      configurationFile(yaml),
    ]);
    startDirector(context, answers.node);
    await next(context, answers, prompt);
    return EXIT.ok;
  },
};

async function readAnswers(context: CommandContext, prompt: Prompt | undefined): Promise<Answers> {
  const given: Given = Object.fromEntries(QUESTIONS.map(({ name }) => [name, text(context.values, name)]));
  const facts = findFacts();
  const { terminal } = context;
  const ask: Ask | undefined =
    prompt &&
    (async (question, suggestion, fault) => {
      if (fault !== undefined) terminal.out(`${paint(fault, 'warn', terminal.color)}\n`);
      return prompt.line(suggestion === '' ? `${question.ask}: ` : `${question.ask} [${suggestion}]: `);
    });
  return resolveAnswers(await answerAll(given, facts, ask), facts);
}

function parse(yaml: string): { configuration: Configuration; warnings: string[] } {
  const parsed = parseConfiguration(yaml, CONFIGURATION_NAME);
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  return { configuration: parsed.configuration, warnings: parsed.warnings.map(formatProblem) };
}

async function next(context: CommandContext, { peer }: Answers, prompt: Prompt | undefined): Promise<void> {
  const { terminal } = context;
  const lines = ['Next: "fairlead doctor" checks everything again, "fairlead status" shows what happens.'];
  if (peer === undefined) {
    terminal.out(`${lines.join('\n')}\n`);
    return;
  }
  if (flag(context.values, 'invite') || (prompt !== undefined && (await agrees(prompt, peer.name)))) {
    await invite(context);
    terminal.out(`${lines.join('\n')}\n`);
    return;
  }
  lines.push(
    `Then let ${peer.name} join: "fairlead pair --invite" here prints the command for it, with a one-time code.`,
  );
  terminal.out(`${lines.join('\n')}\n`);
}

async function agrees(prompt: Prompt, name: string): Promise<boolean> {
  const answer = await prompt.line(`Wait for ${name} to join now? [yes]: `);
  return /^(?:y|yes|)$/i.test(answer.trim());
}
