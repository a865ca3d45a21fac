import { expect, it } from 'vitest';
import { chooseMirror } from './mirror.ts';

const TARGETS = [
  'Translations|main|bookworm|http://one.example/debian/|Debian',
  'Packages|main|bookworm-updates|http://one.example/debian/|Debian',
  'Packages|main|bookworm-security|http://one.example/debian-security/|Debian',
  'Packages|main|nodistro|https://other.example/node/|Other',
  'Packages|main|bookworm|http://two.example/debian/|Debian',
];

it('takes the archive that has the release', () => {
  expect(chooseMirror(TARGETS.join('\n'), 'bookworm')).toBe('http://two.example/debian/');
});

it('takes Debian’s archive of another release where this one is not listed, as it has all of them', () => {
  const trixie = TARGETS.map((line) => line.replace('bookworm', 'trixie'));
  expect(chooseMirror(trixie.join('\n'), 'bookworm')).toBe('http://two.example/debian/');
});

it('knows Debian’s archive before its lists were ever fetched', () => {
  expect(chooseMirror('Packages|main|bookworm|http://two.example/debian|', 'bookworm')).toBe(
    'http://two.example/debian',
  );
});

it('finds none where there is none', () => {
  expect(chooseMirror(TARGETS.slice(0, 4).join('\n'), 'bookworm')).toBeUndefined();
});
