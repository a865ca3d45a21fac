import { describe, expect, it } from 'vitest';
import type { RevisionRecord } from '../store/record.ts';
import { chooseRevision, hashText } from './revisions.ts';

const stored = (number: number, text: string): RevisionRecord => ({
  number,
  at: 1,
  author: 'ops',
  comment: '',
  hash: hashText(text),
  text,
});

const state = (...revisions: RevisionRecord[]) => ({ revision: revisions.at(-1), revisions });

describe('chooseRevision', () => {
  it('begins with the file', () => {
    const choice = chooseRevision('a', state(), 7);
    expect(choice).toMatchObject({ isNew: true, revision: { number: 1, author: 'file', text: 'a', at: 7 } });
  });

  it('stays with the newest revision, whichever stored one the file is', () => {
    const all = state(stored(1, 'a'), stored(2, 'b'), stored(3, 'c'));
    expect(chooseRevision('c', all, 7)).toMatchObject({ isNew: false, revision: { number: 3 } });
    expect(chooseRevision('a', all, 7)).toMatchObject({ isNew: false, revision: { number: 3, text: 'c' } });
  });

  it('takes a file that says something new', () => {
    const choice = chooseRevision('d', state(stored(1, 'a'), stored(2, 'b')), 7);
    expect(choice).toMatchObject({ isNew: true, revision: { number: 3, text: 'd' } });
    expect(choice.because).toContain('edited');
  });
});
