import { expect, it } from 'vitest';
import type { Machine } from './machine.ts';
import { checkUnits } from './unit-checks.ts';

const unit = (id: string, state: string, active: string): string =>
  `Id=${id}\nUnitFileState=${state}\nActiveState=${active}\n`;
const GOOD = [unit('fairlead.target', 'enabled', 'active'), unit('fairlead.service', 'enabled', 'active')];

function findings(units: readonly string[] | undefined, ...missing: string[]): string[] {
  const files = ['/lib/systemd/system/fairlead.service', '/run/systemd/system'];
  const machine = {
    exists: (path: string) => files.includes(path) && !missing.includes(path),
    ask: () => units?.join('\n'),
  } as unknown as Machine;
  return checkUnits(machine).map(({ level, detail }) => `${level} ${detail}`);
}

it.each<[string, string[] | undefined, string[]]>([
  ['all is well', GOOD, ['ok systemd runs Fairlead, and will after the next boot']],
  [
    'one is disabled',
    [GOOD[0]!, unit('fairlead-heartbeat.service', 'disabled', 'inactive')],
    ['warn fairlead-heartbeat.service is disabled: it does not start at the next boot'],
  ],
  [
    'one is masked, one has failed',
    [unit('fairlead.target', 'masked', 'inactive'), unit('fairlead.service', 'enabled', 'failed')],
    [
      'warn fairlead.target is masked: it does not start at the next boot',
      'warn fairlead.service has failed',
    ],
  ],
  ['systemd does not answer', undefined, ['warn systemd does not say how its units are']],
])('%s', (_, units, expected) => expect(findings(units)).toEqual(expected));

it('says nothing where the package is not installed, or no systemd runs', () => {
  expect(findings(GOOD, '/lib/systemd/system/fairlead.service')).toEqual([]);
  expect(findings(GOOD, '/run/systemd/system')).toEqual([]);
});
