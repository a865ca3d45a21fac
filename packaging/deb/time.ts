// The point in time that a build belongs to: SOURCE_DATE_EPOCH (reproducible-builds.org), else that of the last commit.
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { tool } from './tools.ts';

export function buildTime(checkout: string, env: NodeJS.ProcessEnv): number {
  const given = env.SOURCE_DATE_EPOCH;
  if (given !== undefined && given !== '') return seconds(given);
  try {
    // Root may build what belongs to somebody else.
    return seconds(
      tool('git', ['-c', 'safe.directory=*', '-C', checkout, 'log', '-1', '--format=%ct']).trim(),
    );
  } catch (cause) {
    throw new FairleadError('deb-no-time', 'No commit tells the time of this build.', {
      remedy: 'Build from a git checkout, or set SOURCE_DATE_EPOCH.',
      cause,
    });
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d{1,11}$/.test(text)) return value;
  throw new FairleadError('deb-bad-time', `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}.`, {
    exit: EXIT.usage,
    remedy: 'Give seconds since 1970, as "date +%s" prints them.',
  });
}
