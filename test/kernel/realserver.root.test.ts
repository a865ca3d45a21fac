// A real server for tunnels, in a kernel that has the tunnel devices. By a shell script in a guest of its own: there
// everything is slow that is not small.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runInGuest } from './guest.ts';
import { whyNoGuest } from './uml.ts';

const SCRIPT = join(import.meta.dirname, '../../packaging/realserver/fairlead-realserver');

describe.skipIf(whyNoGuest() !== undefined)('a real server for tunnels', () => {
  it('answers what comes in tunnels of both families, and is as it was after unset', {
    timeout: 290_000,
  }, async () => {
    const { output } = await runInGuest({
      command: ['sh', join(import.meta.dirname, 'realserver-inside.sh'), SCRIPT],
      modules: ['ipip', 'ip6_tunnel'],
      memory_mb: 256,
      timeout_ms: 280_000,
    });
    const lines = output.split('\n');
    for (const line of [
      ...['itself: served', 'before: nothing', 'set: 0', 'vip: served', 'vip6: served'],
      ...['check: 0', 'down: 1', 'applied: 0 served', 'unset: 0', 'picture: as before'],
    ])
      expect(lines, output).toContain(line);
    expect(output).toContain('lets pass what comes out of tunl0');
    expect(output).toContain('fail  tunnel        tunl0 is missing or down');
  });
});
