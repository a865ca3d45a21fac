// CHANGELOG.md (after Keep a Changelog) in Debian's form. What is unreleased belongs to the version of package.json, and
// has the time of the build; a released section has the day that stands in its heading.
import { FairleadError } from '../../director/model/error.ts';

interface Release {
  readonly version: string;
  readonly time_s: number;
  readonly items: readonly string[];
}

const WIDTH = 76;

export function debianChangelog(
  markdown: string,
  about: {
    readonly name: string;
    readonly version: string;
    readonly maintainer: string;
    readonly time_s: number;
  },
): string {
  const releases = releasesOf(markdown, about.version, about.time_s);
  if (releases.length === 0)
    throw new FairleadError('deb-changelog', 'CHANGELOG.md has no section with an item.', {
      remedy: 'Say what the version brings, under "## [Unreleased]".',
    });
  return releases
    .map(
      ({ version, time_s, items }) =>
        `${about.name} (${version}) stable; urgency=medium\n\n${items.map(item).join('')}\n` +
        ` -- ${about.maintainer}  ${mailDate(time_s)}\n`,
    )
    .join('\n');
}

function releasesOf(markdown: string, version: string, time_s: number): Release[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const title = /^\[(?<name>[^\]]+)\](?: - (?<day>\d{4}-\d{2}-\d{2}))?/.exec(section)?.groups;
      if (title === undefined) return [];
      const items = [...section.matchAll(/^- (.*(?:\n {2}.*)*)/gm)].map((match) =>
        (match[1] ?? '').replace(/\s+/g, ' '),
      );
      if (items.length === 0) return [];
      const day_s = title.day === undefined ? time_s : Date.parse(title.day) / 1000;
      return [
        { version: title.name === 'Unreleased' ? version : (title.name ?? version), time_s: day_s, items },
      ];
    });
}

function item(text: string): string {
  const lines = [''];
  for (const word of text.replaceAll('`', '').split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > WIDTH - 4) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `  * ${lines.join('\n    ')}\n`;
}

/** RFC 5322, as dpkg wants it. */
function mailDate(time_s: number): string {
  return new Date(time_s * 1000).toUTCString().replace('GMT', '+0000');
}
