// The cells of the strip on top of every page: who is active, is the peer there, are both in sync, does anything hurt.
import type { ServiceStatus, Status } from '../../director/control/schema.ts';
import { counted, milliseconds } from '../html/format.ts';
import type { Cell, Cells } from './cell.ts';

/** The strip's subject; no service can be called so. */
export const DIRECTOR = '@director';

type Strip = Omit<Status, 'services'>;

export function directorCells(status: Strip, services: readonly Pick<ServiceStatus, 'health'>[]): Cells {
  return {
    role: roleOf(status),
    services: servicesOf(services),
    peer: peerOf(status),
    sync: syncOf(status),
    vips: vipsOf(status),
    revision: { text: `revision ${status.revision.number}`, title: `by ${status.revision.author}` },
    problems: problemsOf(status),
    alarm: { text: alarmOf(status) },
    ...problemSlots(status),
  };
}

/** What must not be overlooked, whatever else is on the page; empty while there is nothing. */
function alarmOf({ ha, role, problems }: Strip): string {
  const deaf = problems.filter(({ code }) => code === 'hook-missing').map(({ subject }) => subject);
  if (deaf.length > 0)
    return `The packet program is missing at ${deaf.join(', ')}: this director forwards no packet that comes in there.`;
  const peer = ha?.peer;
  if (ha === undefined || !ha.pair || peer?.role === undefined || !peer.heard) return '';
  if (role === 'active' && peer.role === 'active')
    return `Both directors are active: this one and ${peer.name}. Clients may reach either; connections may break.`;
  return role !== 'active' && peer.role !== 'active'
    ? `No director is active: this one and ${peer.name} both stand by. Nothing is served.`
    : '';
}

/** Problems are told one by one in this many places; how many more there are is told in `more`. */
export const PROBLEM_SLOTS = 6;

function problemSlots({ problems }: Strip): Cells {
  const cells: Record<string, Cell> = {};
  for (let slot = 0; slot < PROBLEM_SLOTS; slot++) {
    const problem = problems[slot];
    const next = problem?.next_attempt;
    cells[`problem${slot}`] =
      problem === undefined
        ? { text: '' }
        : {
            text: `▼ ${problem.subject}: ${problem.detail}`,
            tone: 'bad',
            title: problem.code,
            at: problem.since,
          };
    cells[`remedy${slot}`] = { text: problem?.remedy ?? '' };
    cells[`retry${slot}`] =
      next === undefined ? { text: '' } : { text: 'next attempt', tone: 'quiet', at: next };
  }
  const more = problems.length - PROBLEM_SLOTS;
  cells.more = { text: more > 0 ? `and ${counted(more, 'problem')} more, see "fairlead status"` : '' };
  return cells;
}

/** The worst of them: nothing above a page is green while a service is not. */
function servicesOf(services: readonly Pick<ServiceStatus, 'health'>[]): Cell {
  const count = (...healths: readonly ServiceStatus['health'][]): number =>
    services.filter(({ health }) => healths.includes(health)).length;
  if (services.length === 0) return { text: 'no services', tone: 'quiet' };
  const down = count('down');
  if (down > 0) return { text: `▼ ${down} of ${counted(services.length, 'service')} down`, tone: 'bad' };
  const impaired = count('degraded', 'sorry', 'empty', 'unknown');
  if (impaired > 0)
    return { text: `◆ ${impaired} of ${counted(services.length, 'service')} impaired`, tone: 'warn' };
  return { text: `▲ ${counted(services.length, 'service')} up`, tone: 'good' };
}

function roleOf({ role, role_because }: Strip): Cell {
  return role === 'active'
    ? { text: '● active', tone: 'good', title: role_because }
    : { text: '◌ standby', tone: 'quiet', title: role_because };
}

function peerOf({ ha, role }: Strip): Cell {
  const peer = ha?.peer;
  if (ha === undefined || !ha.pair || peer === undefined) return { text: 'no peer', tone: 'quiet' };
  if (!peer.heard)
    return { text: `▼ ${peer.name} is not heard`, tone: 'bad', title: ageOf(peer.heard_age_ms) };
  if (role === 'active' && peer.role === 'active')
    return {
      text: `▼ ${peer.name} is active too`,
      tone: 'bad',
      title: 'two directors claim the virtual IPs',
    };
  if (role !== 'active' && peer.role !== 'active')
    return {
      text: `◆ ${peer.name} is ${peer.role ?? 'unknown'} too`,
      tone: 'warn',
      title: 'nobody is active',
    };
  const detail = peer.hold ? ', on hold' : '';
  const tone = peer.hold || peer.health === 'bad' ? 'warn' : 'good';
  return {
    text: `▲ ${peer.name} is ${peer.role ?? 'unknown'}${detail}`,
    tone,
    title: ageOf(peer.heard_age_ms),
  };
}

function ageOf(age_ms: number | undefined): string {
  return age_ms === undefined ? 'never heard' : `heard ${milliseconds(age_ms)} ago`;
}

function syncOf({ ha }: Strip): Cell {
  const sync = ha?.sync;
  if (sync === undefined) return { text: 'no connection sync', tone: 'quiet' };
  if (!sync.running) return { text: '▼ sync does not run', tone: 'bad', title: sync.detail };
  if (sync.state === 'joining')
    return {
      text: `◆ sync is joining ${Math.floor((sync.progress ?? 0) * 100)}%`,
      tone: 'warn',
      title: sync.because,
    };
  if (sync.state === 'alone') return { text: '◆ sync is alone', tone: 'warn', title: sync.because };
  const lag = sync.lag_p99_ms === undefined ? '' : ` ${milliseconds(sync.lag_p99_ms)}`;
  return sync.complete
    ? { text: `▲ in sync${lag}`, tone: 'good', title: 'lag, 99th percentile' }
    : { text: '◆ sync is not complete', tone: 'warn', title: sync.because };
}

function vipsOf({ virtual_ips, role }: Strip): Cell {
  if (virtual_ips.length === 0) return { text: 'no virtual IPs', tone: 'quiet' };
  const failed = virtual_ips.filter((vip) => vip.state === 'failed').length;
  const up = virtual_ips.filter((vip) => vip.state === 'up').length;
  if (failed > 0) return { text: `▼ ${counted(failed, 'virtual IP')} failed`, tone: 'bad' };
  if (role === 'active' && up < virtual_ips.length)
    return { text: `▼ ${up} of ${counted(virtual_ips.length, 'virtual IP')} up`, tone: 'bad' };
  return role === 'active'
    ? { text: `▲ ${counted(up, 'virtual IP')}`, tone: 'good' }
    : { text: `${counted(virtual_ips.length, 'virtual IP')} at the peer`, tone: 'quiet' };
}

function problemsOf({ problems }: Strip): Cell {
  if (problems.length === 0) return { text: 'no problems', tone: 'good' };
  return {
    text: `▼ ${counted(problems.length, 'problem')}`,
    tone: 'bad',
    title: problems.map(({ subject, detail }) => `${subject}: ${detail}`).join('\n'),
  };
}
