// The work of `fairlead setup`: questions, checks, files, start.
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { ConfigurationError, formatProblem } from '../config/problem.ts';
import { thisMachine } from '../doctor/machine.ts';
import { commandClock } from '../doctor/network/command-clock.ts';
import { EXIT, type ExitCode } from '../model/error.ts';
import { checkBeforeWriting } from '../setup/checks.ts';
import type { Answers, Given } from '../setup/core/answers.ts';
import { configurationText, KEY_FILE_NAME } from '../setup/core/configuration-text.ts';
import { type Ask, answerAll, QUESTIONS } from '../setup/core/questions.ts';
import { resolveAnswers } from '../setup/core/resolve.ts';
import { CONFIGURATION_NAME, configurationFile, keyFile, nodeFile, refuseToReplace } from '../setup/files.ts';
import { keyForSetup } from '../setup/key.ts';
import { findFacts } from '../setup/machine-facts.ts';
import type { CommandContext, Terminal } from './command.ts';
import { flag, text } from './command.ts';
import { folderOf, reportChecks, settle, startDirector } from './first-steps.ts';
import { invite } from './inviting.ts';
import { openPrompt, type Prompt } from './prompt.ts';
import { paint } from './table.ts';

export async function setUp(context: CommandContext): Promise<ExitCode> {
  const { terminal } = context;
  const folder = folderOf(context);
  const force = flag(context.values, 'force');
  const dryRun = flag(context.values, 'dry-run');
  if (!dryRun) refuseToReplace(folder, force);
  const isTerminal = terminal.interactive && process.stdin.isTTY === true;
  const answers = await readAnswers(context, isTerminal);
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
  await next(context, answers, isTerminal);
  return EXIT.ok;
}

async function readAnswers(context: CommandContext, isTerminal: boolean): Promise<Answers> {
  const given: Given = Object.fromEntries(QUESTIONS.map(({ name }) => [name, text(context.values, name)]));
  const facts = findFacts();
  // Only while it asks: afterwards keys such as Ctrl-C are the terminal's own again.
  using prompt = isTerminal ? openPrompt(process.stdin, process.stdout) : undefined;
  return resolveAnswers(await answerAll(given, facts, prompt && askBy(prompt, context.terminal)), facts);
}

function askBy(prompt: Prompt, terminal: Terminal): Ask {
  return (question, suggestion, fault) => {
    if (fault !== undefined) terminal.out(`${paint(fault, 'warn', terminal.color)}\n`);
    return prompt.line(suggestion === '' ? `${question.ask}: ` : `${question.ask} [${suggestion}]: `);
  };
}

function parse(yaml: string): { configuration: Configuration; warnings: string[] } {
  const parsed = parseConfiguration(yaml, CONFIGURATION_NAME);
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  return { configuration: parsed.configuration, warnings: parsed.warnings.map(formatProblem) };
}

async function next(context: CommandContext, { peer }: Answers, isTerminal: boolean): Promise<void> {
  const { terminal } = context;
  const lines = ['Next: "fairlead doctor" checks everything again, "fairlead status" shows what happens.'];
  if (peer !== undefined && (flag(context.values, 'invite') || (isTerminal && (await agrees(peer.name)))))
    await invite(context);
  else if (peer !== undefined)
    lines.push(
      `Then let ${peer.name} join: "fairlead pair --invite" here prints the command for it, with a one-time code.`,
    );
  terminal.out(`${lines.join('\n')}\n`);
}

async function agrees(name: string): Promise<boolean> {
  using prompt = openPrompt(process.stdin, process.stdout);
  const answer = await prompt.line(`Wait for ${name} to join now? [yes]: `);
  return /^(?:y|yes|)$/i.test(answer.trim());
}
