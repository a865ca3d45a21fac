// The configuration to begin with: the stored revision or the file, and only one that this release can read.
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import type { Clock } from '../model/clock.ts';
import type { RevisionRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import type { RecordEvent } from './record-event.ts';
import { chooseRevision } from './revisions.ts';

export interface StartingPoint {
  readonly revision: RevisionRecord;
  readonly configuration: Configuration;
  readonly isNew: boolean;
  readonly because: string;
}

/** A stored revision that this release cannot read any more must not keep the director down: the file rules then. */
export function chooseStartingPoint(
  file: { readonly text: string; readonly configuration: Configuration },
  store: Store,
  options: { readonly node: string; readonly clock: Clock },
  record: RecordEvent,
): StartingPoint {
  const now = options.clock.now();
  const choice = chooseRevision(file.text, store.initial, now);
  if (choice.isNew || choice.revision.text === file.text)
    return { ...choice, configuration: file.configuration };
  const parsed = parseConfiguration(choice.revision.text, `revision ${choice.revision.number}`);
  if ('configuration' in parsed && parsed.configuration.directors.some((each) => each.name === options.node))
    return { ...choice, configuration: parsed.configuration };
  record(
    'revision-unusable',
    `revision ${choice.revision.number}`,
    'the stored revision cannot be used any more; the configuration file rules',
  );
  const fromFile = chooseRevision(file.text, { revision: undefined, revisions: [] }, now).revision;
  return {
    revision: { ...fromFile, number: choice.revision.number + 1 },
    configuration: file.configuration,
    isNew: true,
    because: 'the newest stored revision cannot be used',
  };
}
