import { describe, expect, it } from 'vitest';
import { debianChangelog } from './changelog.ts';

const about = { name: 'fairlead', version: '0.2.0', maintainer: 'A <a@example.org>', time_s: 1_790_000_000 };

describe("the changelog in Debian's form", () => {
  it('takes what is unreleased for the version that is built, and goes on with the released ones', () => {
    const text = debianChangelog(
      '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- New `words`,\n  in two lines.\n\n## [0.1.0] - 2026-01-02\n\n- First.\n',
      about,
    );
    expect(text).toBe(
      'fairlead (0.2.0) stable; urgency=medium\n\n  * New words, in two lines.\n\n' +
        ' -- A <a@example.org>  Mon, 21 Sep 2026 14:13:20 +0000\n\n' +
        'fairlead (0.1.0) stable; urgency=medium\n\n  * First.\n\n' +
        ' -- A <a@example.org>  Fri, 02 Jan 2026 00:00:00 +0000\n',
    );
  });

  it('breaks long lines between words', () => {
    const text = debianChangelog(`## [Unreleased]\n\n- ${'word '.repeat(60)}\n`, about);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('refuses a file that says nothing', () =>
    expect(() => debianChangelog('# Changelog\n\n## [Unreleased]\n', about)).toThrow(/no section/));
});
