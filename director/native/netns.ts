// Network namespaces. Sockets belong to the namespace that their thread was in when they were opened, so a thread
// may enter one, open what it needs, and come back. Guarantee: only the calling thread moves, and disposal brings it
// back to where it was; if that should fail, it throws, because every later socket would be in the wrong place.
import { FairleadError } from '../model/error.ts';
import { CLONE_NEWNET, O_RDONLY, open, SystemError, setns } from './libc.ts';

const NAMED_FOLDER = '/run/netns';

export type NamespaceReference =
  /** As `ip netns` lists it. */
  | { readonly name: string }
  /** The namespace of a process. */
  | { readonly pid: number }
  | { readonly path: string };

/** Moves the calling thread into a network namespace until the result is disposed. */
export function enterNamespace(reference: NamespaceReference): Disposable {
  const path = pathOf(reference);
  const home = open('/proc/thread-self/ns/net', O_RDONLY);
  try {
    using target = open(path, O_RDONLY);
    setns(target.fd, CLONE_NEWNET);
  } catch (error) {
    home[Symbol.dispose]();
    throw refused(path, error);
  }
  return {
    [Symbol.dispose]() {
      if (home.fd < 0) return;
      try {
        setns(home.fd, CLONE_NEWNET);
      } finally {
        home[Symbol.dispose]();
      }
    },
  };
}

/** Does something inside a namespace; it must not wait, since the thread is there meanwhile. */
export function inNamespace<T>(reference: NamespaceReference, action: () => T): T {
  using _inside = enterNamespace(reference);
  return action();
}

function pathOf(reference: NamespaceReference): string {
  if ('path' in reference) return reference.path;
  if ('pid' in reference) return `/proc/${reference.pid}/ns/net`;
  if (
    reference.name === '' ||
    reference.name === '.' ||
    reference.name === '..' ||
    reference.name.includes('/')
  )
    throw new FairleadError(
      'netns-bad-name',
      `“${reference.name}” cannot be the name of a network namespace.`,
    );
  return `${NAMED_FOLDER}/${reference.name}`;
}

function refused(path: string, error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  if (error.is('ENOENT') || error.is('EINVAL'))
    return new FairleadError('netns-missing', `There is no network namespace at ${path}.`, {
      remedy: 'See `ip netns list`; `ip netns add NAME` makes one.',
      cause: error,
    });
  return error;
}
