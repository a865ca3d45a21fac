import type { ChildProcess } from 'node:child_process';
import { test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { createNamespaces, ip, type Namespace } from '../../test/support/netns.ts';

const PROGRAM = new URL('support/end-worker.ts', import.meta.url).pathname;
const ADDRESSES = { lb1: 'fd00::1', lb2: 'fd00::2' } as const;

function watch(child: ChildProcess): () => unknown {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return () => {
    const line = text.trimEnd().split('\n').at(-1) ?? '';
    return line === '' ? undefined : JSON.parse(line);
  };
}

test('addresses and links may come late, go, and come back', async () => {
  using namespaces = createNamespaces('peer', ['lb1', 'lb2']);
  const [one, two] = [namespaces.get('lb1'), namespaces.get('lb2')];
  namespaces.cable({ namespace: one, name: 'sync' }, { namespace: two, name: 'sync' });
  const address = (what: 'add' | 'del', namespace: Namespace, which: 'lb1' | 'lb2') =>
    ip(namespace, `address ${what} ${ADDRESSES[which]}/64 dev sync`);
  const start = (namespace: Namespace, which: 'lb1' | 'lb2', peer: 'lb1' | 'lb2') =>
    watch(
      namespaces.start(namespace, process.execPath, [PROGRAM, ADDRESSES[which], ADDRESSES[peer], which], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
  const [lb1, lb2] = [start(one, 'lb1', 'lb2'), start(two, 'lb2', 'lb1')];
  const both = () => [lb1(), lb2()];
  const apart = { connected: false, listening: false };
  await eventually(both).toEqual([apart, apart]);

  address('add', one, 'lb1');
  await eventually(both).toEqual([{ ...apart, listening: true }, apart]);
  address('add', two, 'lb2');
  const together = [
    { connected: true, listening: true, from: 'lb2' },
    { connected: true, listening: true, from: 'lb1' },
  ];
  await eventually(both).toEqual(together);

  const cut = together.map((end) => ({ ...end, connected: false }));
  ip(one, 'link set sync down');
  await eventually(both).toEqual(cut);
  ip(one, 'link set sync up');
  // The kernel takes IPv6 addresses along with the link.
  address('add', one, 'lb1');
  await eventually(both).toEqual(together);

  address('del', two, 'lb2');
  await eventually(both).toEqual(cut);
  address('add', two, 'lb2');
  await eventually(both).toEqual(together);
}, 60_000);
