import { describe, expect, it } from 'vitest';
import { ATTENDED_MS, ownHealth } from './own-health.ts';

const pulse = { health: 'good', reason: 'all services are up', at_ms: 5_000 } as const;

describe('own health', () => {
  it('is what pulse says, while pulse says it', () => {
    expect(ownHealth({ pulse, linksDown: [], began_ms: 0 }, 5_000 + ATTENDED_MS)).toMatchObject({
      health: 'good',
    });
    const down = { ...pulse, health: 'bad', reason: 'all services are down' } as const;
    expect(ownHealth({ pulse: down, linksDown: [], began_ms: 0 }, 5_001)).toMatchObject({
      health: 'bad',
      reason: 'all services are down',
    });
  });

  it('is impaired when pulse has fallen silent, or has never spoken', () => {
    expect(ownHealth({ pulse, linksDown: [], began_ms: 0 }, 5_001 + ATTENDED_MS).health).toBe('impaired');
    expect(ownHealth({ pulse: undefined, linksDown: [], began_ms: 0 }, ATTENDED_MS).health).toBe('good');
    expect(ownHealth({ pulse: undefined, linksDown: [], began_ms: 0 }, ATTENDED_MS + 1).health).toBe(
      'impaired',
    );
  });

  it('is bad without a carrier, whatever pulse says', () => {
    expect(ownHealth({ pulse, linksDown: ['eth0', 'eth1'], began_ms: 0 }, 5_000)).toEqual({
      health: 'bad',
      reason: 'no carrier on eth0, eth1',
    });
  });
});
