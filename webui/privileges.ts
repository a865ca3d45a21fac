// Gives up root for good. The console needs the control socket, its folder and its port, and nothing else.
import { execFileSync } from 'node:child_process';
import { EXIT, FairleadError } from '../director/model/error.ts';

/** `user[:group]`, names or numbers, who own the folder from then on. Does nothing for who is no root. */
export function dropPrivileges(given: string, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const [user = '', group = user] = given.split(':');
  try {
    // The command knows names, and follows no link out of the folder.
    execFileSync('chown', ['-R', '-h', '--', `${user}:${group}`, folder], { stdio: 'pipe' });
    // In this order: without root the others could no longer be given up.
    process.setgroups?.([]);
    process.setgid?.(idOf(group));
    process.setuid?.(idOf(user));
  } catch (cause) {
    throw new FairleadError(
      'unknown-account',
      `The console cannot run as ${given}: ${(cause as Error).message}`,
      {
        remedy: 'Make the user, or name another one with --user.',
        exit: EXIT.usage,
        cause,
      },
    );
  }
}

function idOf(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}
