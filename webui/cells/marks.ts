// Words and shapes of states: what a person asked (admin state) and what monitors found (health) are two marks, never one.
import type { ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import type { Cell, Tone } from './cell.ts';

const HEALTH: Readonly<Record<string, { readonly shape: string; readonly tone: Tone }>> = {
  up: { shape: '▲', tone: 'good' },
  degraded: { shape: '◆', tone: 'warn' },
  sorry: { shape: '◆', tone: 'warn' },
  down: { shape: '▼', tone: 'bad' },
  unknown: { shape: '?', tone: 'warn' },
  empty: { shape: '○', tone: 'warn' },
  unmonitored: { shape: '–', tone: 'quiet' },
  warming: { shape: '△', tone: 'good' },
};

const ADMIN: Readonly<Record<string, { readonly shape: string; readonly tone: Tone | undefined }>> = {
  enabled: { shape: '●', tone: undefined },
  draining: { shape: '◐', tone: 'warn' },
  disabled: { shape: '○', tone: 'warn' },
};

export function healthMark(health: string, title?: string): Cell {
  const { shape, tone } = HEALTH[health] ?? { shape: '?', tone: 'warn' as const };
  return { text: `${shape} ${health}`, tone, title };
}

/** `up` with a weight that still grows is told as warming. */
export function serverHealth(server: ServerStatus): Cell {
  const warming =
    server.health === 'up' && server.weight_effective > 0 && !Number.isInteger(server.weight_effective);
  const mark = healthMark(warming ? 'warming' : server.health, server.health_reason);
  return server.health === 'down' ? { ...mark, at: server.health_since } : mark;
}

export function adminMark(server: ServerStatus): Cell {
  const { shape, tone } = ADMIN[server.admin] ?? { shape: '?', tone: 'warn' as const };
  const text = `${shape} ${server.admin}`;
  const { drain } = server;
  if (drain === undefined) return { text, tone };
  if (drain.done !== undefined) {
    const left = server.active + server.inactive + server.templates;
    return left === 0
      ? { text: `${text}, empty`, tone, title: 'nothing is left on it' }
      : { text: `${text}, time is up`, tone, title: 'its deadline has come; what is left goes on' };
  }
  if (drain.deadline === undefined) return { text: `${text}, begun`, tone, at: drain.since };
  return {
    text: `${text}, ends`,
    tone,
    title: drain.at_deadline === 'cut' ? 'what is left then is cut' : 'what is left then goes on',
    at: drain.deadline,
  };
}

export function serviceHealth(service: Omit<ServiceStatus, 'servers'>): Cell {
  const { text, tone } = healthMark(service.health);
  const count = `${service.servers_up} of ${service.servers_total} up`;
  return {
    text: `${text} ${service.servers_up}/${service.servers_total}`,
    tone,
    title: `${service.because}; ${count}`,
  };
}
