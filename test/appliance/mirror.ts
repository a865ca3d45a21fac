// Where this machine gets Debian from, by apt's own word, for debootstrap: mirror and proxy are whatever apt uses.
import { execFileSync } from 'node:child_process';
import { FairleadError } from '../../director/model/error.ts';

export interface Mirror {
  readonly uri: string;
  /** For programs that take a proxy from the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export function findMirror(release: string): Mirror {
  const format = '$(CREATED_BY)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)|$(ORIGIN)';
  const uri = chooseMirror(ask('apt-get', ['indextargets', '--format', format]), release);
  if (uri === undefined) {
    throw new FairleadError('no-mirror', `apt knows no mirror of Debian's main archive`, {
      remedy: 'see that /etc/apt has Debian 12, then apt-get update',
    });
  }
  const proxy = /'(.*)'/.exec(ask('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy']))?.[1];
  return { uri, environment: proxy ? { http_proxy: proxy } : {} };
}

/** Of apt's index targets, `KIND|COMPONENT|RELEASE|URI|ORIGIN` a line: that of the release, else any of Debian's own. */
export function chooseMirror(targets: string, release: string): string | undefined {
  const main = targets
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([kind, component]) => kind === 'Packages' && component === 'main');
  const ofDebian = ([, , , uri, origin]: string[]): boolean =>
    origin === 'Debian' || /\/debian\/?$/.test(uri ?? '');
  const fit =
    main.find((target) => target[2] === release && ofDebian(target)) ??
    // Updates and security are other archives than the release itself.
    main.find((target) => !target[2]?.includes('-') && ofDebian(target));
  return fit?.[3];
}

function ask(command: string, args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
