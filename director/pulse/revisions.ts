// Which configuration rules. The stored revision with the highest number does, unless the file says something that no
// stored revision has said yet: then somebody has edited it, and it becomes the next revision.
import { createHash } from 'node:crypto';
import type { RevisionRecord, StoredState } from '../store/record.ts';

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface RevisionChoice {
  readonly revision: RevisionRecord;
  /** It is not stored yet. */
  readonly isNew: boolean;
  readonly because: string;
}

export function chooseRevision(
  fileText: string,
  stored: Pick<StoredState, 'revision' | 'revisions'>,
  now: number,
): RevisionChoice {
  const hash = hashText(fileText);
  const latest = stored.revision;
  const fromFile = (number: number): RevisionRecord => ({
    number,
    at: now,
    author: 'file',
    comment: 'read from the configuration file',
    hash,
    text: fileText,
  });
  if (latest === undefined)
    return { revision: fromFile(1), isNew: true, because: 'the configuration file is the first revision' };
  if (!stored.revisions.some((revision) => revision.hash === hash))
    return {
      revision: fromFile(latest.number + 1),
      isNew: true,
      because: 'the configuration file was edited since',
    };
  return {
    revision: latest,
    isNew: false,
    because:
      latest.hash === hash
        ? 'the configuration file is the newest revision'
        : `revision ${latest.number} is newer than the configuration file`,
  };
}
