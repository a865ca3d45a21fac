// Taking another configuration, from wherever it comes: the file, the control API, an older revision. Everything is
// validated before anything is touched; then the revision is in force at once and on disk as soon as the disk has it.
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, formatProblem } from '../config/problem.ts';
import type { ApplyReply } from '../control/schema.ts';
import type { EngineSnapshot } from '../engine/engine.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { describePlan } from '../reconcile/describe.ts';
import type { RevisionRecord } from '../store/record.ts';
import { type Note, revisionState } from './audit-handlers.ts';
import { diffConfigurations, needsRestart } from './configuration-diff.ts';
import type { Core } from './core.ts';
import { checkEngineLimits } from './engine-limits.ts';
import { hashText } from './revisions.ts';

export interface ChangeRequest {
  readonly text: string;
  /** Named in what is wrong with it. */
  readonly source: string;
  readonly author: string;
  readonly comment: string;
  readonly dryRun: boolean;
  /** For the audit: told as the change is made, so that `before` is what it took the place of. */
  readonly note?: Note;
  /** Asked once more when the text has been read: throws when the change is wanted no more. */
  readonly checkPrecondition?: () => void;
}

/** In an event; the reply has all of them. */
const CHANGES_TOLD = 20;

/**
 * Texts are read in the order in which they came. From then on it is synchronous until the change is in force, so that
 * no other change comes between check and act.
 */
export async function changeConfiguration(core: Core, request: ChangeRequest): Promise<ApplyReply> {
  const parsed = await core.reader.parse(request.text, request.source);
  request.checkPrecondition?.();
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  const { configuration } = parsed;
  checkFits(core, configuration);
  const hash = hashText(request.text);
  const changed = hash !== core.revision.hash;
  const before = core.director.configuration;
  const rehearsed = core.director.rehearse(configuration);
  const reply = {
    dry_run: request.dryRun,
    changed,
    changes: diffConfigurations(before, configuration),
    warnings: parsed.warnings.map(formatProblem),
    needs_restart: needsRestart(before, configuration),
    steps: describePlan(rehearsed.steps, rehearsed.actual),
  };
  if (request.dryRun) return { ...reply, revision: core.revision.number, stored: true, failed: [] };

  const replaced = revisionState(core.revision);
  // On its way to the disk before the engine is asked: a revision stands even if the engine fails just now.
  const saved = changed ? adopt(core, request, hash, reply.changes) : Promise.resolve(true);
  request.note?.({
    target: `revision ${core.revision.number}`,
    before: replaced,
    after: {
      ...revisionState(core.revision),
      ...(request.comment === '' ? {} : { comment: request.comment }),
      changes: reply.changes.slice(0, CHANGES_TOLD),
    },
  });
  const { failed } = putInForce(core, configuration, rehearsed.actual);
  return { ...reply, revision: core.revision.number, stored: await saved, failed: [...failed] };
}

function adopt(
  core: Core,
  request: ChangeRequest,
  hash: string,
  changes: readonly string[],
): Promise<boolean> {
  const { text, author, comment } = request;
  const revision = { number: core.revision.number + 1, at: core.clock.now(), author, comment, hash, text };
  core.revision = revision;
  core.record(
    'applied',
    `revision ${revision.number}`,
    comment === '' ? 'a new configuration is in force' : comment,
    {
      author,
      changes: changes.slice(0, CHANGES_TOLD),
      more: Math.max(0, changes.length - CHANGES_TOLD),
    },
  );
  return core.store.saveRevision(revision);
}

export interface Adoption {
  /** The director that it comes from. */
  readonly from: string;
  readonly reason: string;
  /** Asked once more when the text has been read. */
  readonly stillWanted: () => boolean;
}

/** The active's revision, number and all, in place of ours. Throws what is wrong with it; then nothing has changed. */
export async function adoptRevision(core: Core, revision: RevisionRecord, adoption: Adoption): Promise<void> {
  const { from, reason, stillWanted } = adoption;
  const parsed = await core.reader.parse(revision.text, `revision ${revision.number} of ${from}`);
  if (!stillWanted()) return;
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  checkFits(core, parsed.configuration);
  const changes = diffConfigurations(core.director.configuration, parsed.configuration);
  core.revision = { ...revision };
  core.record('revision-adopted', `revision ${revision.number}`, `from ${from}: ${reason}`, {
    author: revision.author,
    changes: changes.slice(0, CHANGES_TOLD),
    needs_restart: needsRestart(core.director.configuration, parsed.configuration).slice(0, CHANGES_TOLD),
  });
  void core.store.saveRevision(core.revision);
  putInForce(core, parsed.configuration, core.opened.engine.snapshot());
}

/** The parts that follow the configuration while running. */
function putInForce(
  core: Pick<Core, 'director' | 'board' | 'monitors' | 'virtualIps' | 'notify' | 'store'>,
  configuration: Configuration,
  actual: EngineSnapshot,
): ReturnType<Core['director']['replace']> {
  // Verdicts first: what is decided about a server must know whether it is up.
  const checks = core.board.configure(configuration, () => false);
  core.monitors.assign(checks);
  const report = core.director.replace(configuration, actual);
  core.virtualIps.set(configuration);
  core.notify.configure(configuration);
  core.store.keep(configuration.history);
  return report;
}

/** What the text alone cannot show: whether it fits this node and this engine. */
function checkFits(core: Core, configuration: Configuration): void {
  if (!configuration.directors.some((director) => director.name === core.node))
    throw new FairleadError(
      'refused',
      `The configuration does not name this node, ${core.node}, as a director.`,
      {
        remedy: 'Add it under directors, or start this node under another name.',
        exit: EXIT.refused,
      },
    );
  const { kind } = core.opened.engine.capabilities();
  checkEngineLimits(configuration, kind, core.opened.limits);
}
