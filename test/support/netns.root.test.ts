import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { createNamespaces, ip, run, sweepLeftovers } from './netns.ts';

describe('createNamespaces', () => {
  it('carries traffic between two cabled namespaces, IPv4 and IPv6, at once', () => {
    using set = createNamespaces('cable', ['left', 'right']);
    const [left, right] = [set.get('left'), set.get('right')];
    set.cable(
      { namespace: left, name: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
      { namespace: right, name: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'], mac: '02:00:00:00:09:02' },
    );
    for (const target of ['10.9.0.2', 'fd09::2'])
      expect(run(left, 'ping', ['-c1', '-W2', target]).status).toBe(0);
    expect(ip(left, 'neigh show 10.9.0.2')).toContain('02:00:00:00:09:02');
  });

  it('switches frames through a bridge', () => {
    using set = createNamespaces('bridge', ['switch', 'a', 'b']);
    const hub = set.get('switch');
    for (const [label, host] of [
      ['a', '10.9.0.1/24'],
      ['b', '10.9.0.2/24'],
    ] as const)
      set.cable(
        { namespace: set.get(label), name: 'eth0', addresses: [host] },
        { namespace: hub, name: label },
      );
    set.bridge(hub, 'br0', ['a', 'b']);
    expect(run(set.get('a'), 'ping', ['-c1', '-W2', '10.9.0.2']).status).toBe(0);
  });

  it('leaves nothing behind, programs included', async () => {
    const set = createNamespaces('gone', ['one']);
    const { path } = set.get('one');
    const child = set.start(set.get('one'), 'sleep', ['1000']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    set[Symbol.dispose]();
    await ended;
    expect(existsSync(path)).toBe(false);
  });

  it('gives two sets with the same prefix different namespaces', () => {
    using one = createNamespaces('twin', ['x']);
    using two = createNamespaces('twin', ['x']);
    expect(one.get('x').name).not.toBe(two.get('x').name);
  });
});

describe('sweepLeftovers', () => {
  it('removes namespaces of processes that are gone and keeps those of living ones', () => {
    using set = createNamespaces('alive', ['mine']);
    const mine = set.get('mine');
    const orphan = mine.name.replace(/^fl-(\d+)-(\d+)-/, 'fl-$1-1-'); // same pid, another start time
    run(mine, 'ip', ['netns', 'add', orphan]);
    const swept = sweepLeftovers();
    expect(swept).toContain(orphan);
    expect(swept).not.toContain(mine.name);
    expect(existsSync(mine.path)).toBe(true);
    expect(existsSync(`/run/netns/${orphan}`)).toBe(false);
  });

  it('takes a process that has ended for gone, though its parent has not asked for it', async () => {
    using set = createNamespaces('zombie', ['parent']);
    const parent = set.start(set.get('parent'), 'sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) =>
      parent.stdout?.once('data', (text) => resolve(Number(text))),
    );
    const fields = () =>
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
    await eventually(() => fields()[0]).toBe('Z');
    const orphan = `fl-${pid}-${fields()[19]}-abcdef-orphan`;
    run(set.get('parent'), 'ip', ['netns', 'add', orphan]);
    expect(sweepLeftovers()).toContain(orphan);
  });
});
