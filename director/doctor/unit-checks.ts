// Whether systemd will run the director after the next boot. Only where the package is installed and systemd runs.
import { type Finding, ok, warn } from './finding.ts';
import type { Machine } from './machine.ts';

const UNITS = ['fairlead.target', 'fairlead.service', 'fairlead-heartbeat.service', 'fairlead-webui.service'];
const FOLDERS = ['/lib/systemd/system', '/usr/lib/systemd/system', '/etc/systemd/system'];

export function checkUnits(machine: Machine): Finding[] {
  const installed = FOLDERS.some((folder) => machine.exists(`${folder}/fairlead.service`));
  if (!installed || !machine.exists('/run/systemd/system')) return [];
  const shown = machine.ask('systemctl', 'show', '--property=Id,UnitFileState,ActiveState', ...UNITS);
  if (shown === undefined)
    return [warn('units', 'systemd does not say how its units are', 'Run: systemctl status')];
  const findings = shown
    .trim()
    .split(/\n\n+/)
    .flatMap((block) => judge(new Map(block.split('\n').map((line) => halves(line)))));
  return findings.length > 0
    ? findings
    : [ok('units', 'systemd runs Fairlead, and will after the next boot')];
}

function judge(unit: ReadonlyMap<string, string>): Finding[] {
  const [id = '', state = '', active = ''] = ['Id', 'UnitFileState', 'ActiveState'].map((key) =>
    unit.get(key),
  );
  if (state === 'disabled' || state === 'masked')
    return [
      warn(
        'units',
        `${id} is ${state}: it does not start at the next boot`,
        `Run: systemctl ${state === 'masked' ? 'unmask' : 'enable'} ${id}`,
      ),
    ];
  if (active === 'failed')
    return [warn('units', `${id} has failed`, `Run: journalctl -u ${id} -n 50, and systemctl restart ${id}`)];
  return [];
}

function halves(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
