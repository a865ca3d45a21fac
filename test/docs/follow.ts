// Declares one test for each block of a setting, in the order in which a reader meets them, each command typed in turn.
import { expect, it } from 'vitest';
import { type Step, stepsOf } from './documents.ts';
import type { Outcome, Typed } from './typing.ts';

/** Each command starts a program anew, and on a busy machine that alone takes seconds. */
const BLOCK_MS = 180_000;

/** A one-time code, `ABCD-EFGH-…`, wherever it stands in what was printed. */
const CODE = /\b[0-9A-Z]{4}(?:-[0-9A-Z]{4})+\b/;

export type TypeOn = (host: string, command: string, typed: Typed) => Promise<Outcome>;

/** `typeOn` is asked for each command; words that a block `gives` stand in those that follow it. */
export function followSteps(setting: string, typeOn: TypeOn): void {
  const steps = stepsOf(setting);
  const given = new Map<string, string>();
  it.each(steps.map((step) => [`${step.block.file}:${step.block.line} on ${step.host}`, step] as const))(
    '%s',
    (_name, step) => follow(step, given, typeOn),
    BLOCK_MS,
  );
}

async function follow(step: Step, given: Map<string, string>, typeOn: TypeOn): Promise<void> {
  const { marker } = step.block;
  for (const [index, { file, line, text }] of step.commands.entries()) {
    const command = [...given].reduce((so, [word, value]) => so.replaceAll(word, value), text);
    const last = index === step.commands.length - 1;
    const { status, output } = await typeOn(step.host, command, {
      follows: marker?.follows ?? false,
      goesOnAfter: marker?.gives === undefined ? undefined : CODE,
    });
    expect(status, `${file}:${line} ${text}\n${output}`).toBe(last ? (marker?.exit ?? 0) : 0);
    if (last && marker?.gives !== undefined) given.set(marker.gives, CODE.exec(output)?.[0] ?? '');
  }
}
