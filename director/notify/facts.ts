// How things stand by what the control API answers, in the words of the decision: for what no event tells, and for what was
// missed. Pure.
import type { ServerStatus, Status } from '../control/schema.ts';
import { judge } from './core/judge.ts';
import type { Cause, Facts, Level, Role, StateNews } from './core/types.ts';

/** Problems that come and go without an event. */
const PROBLEMS: Readonly<Record<string, readonly [Cause, Exclude<Level, 'ok'>, string]>> = {
  'store-behind': ['store', 'warning', 'behind'],
  'table-nearly-full': ['director', 'warning', 'nearly full'],
  'lease-unguarded': ['pair', 'warning', 'unguarded'],
};

export function factsOf(status: Status): Facts {
  return {
    at: status.now,
    ...roleOf(status),
    because: status.role_because,
    news: [...status.services.flatMap(serviceNews), ...vipNews(status), ...problemNews(status)],
    complete: ['vip', 'problem'],
  };
}

/** A supervisor that has just started says standby until its heartbeat has spoken. */
function roleOf(status: Status): { readonly role?: Role } {
  if (status.ha?.pair !== true) return { role: status.role };
  const told = status.ha.heartbeat?.role;
  return told === 'active' || told === 'standby' ? { role: told } : {};
}

export function serverFacts(servers: readonly ServerStatus[], at: number): Pick<Facts, 'at' | 'news'> {
  const news = servers
    .filter((server) => server.role === 'server' && server.health !== 'unknown')
    .flatMap(({ service, name, health, health_reason, health_since }) =>
      stateNews(`server-${health}`, `${service}/${name}`, health_reason, health_since),
    );
  return { at, news };
}

function serviceNews({ name, health, because }: Status['services'][number]): StateNews[] {
  return stateNews(`service-${health}`, name, because, undefined);
}

function stateNews(kind: string, subject: string, reason: string, since: number | undefined): StateNews[] {
  const context = { role: undefined, settings: undefined, subjects: new Map(), ordered_at: 0 };
  return judge({ id: 0, at: 0, kind, subject, reason }, context).flatMap((news) =>
    news.kind === 'state' ? [{ ...news, ...(since === undefined ? {} : { since }) }] : [],
  );
}

function vipNews(status: Status): StateNews[] {
  return status.virtual_ips
    .filter((vip) => vip.state === 'failed')
    .flatMap((vip) => stateNews('vip-failed', vip.address, vip.detail ?? 'it cannot be raised', undefined));
}

function problemNews(status: Status): StateNews[] {
  return status.problems.flatMap(({ code, subject, detail }): StateNews[] => {
    const row = PROBLEMS[code];
    if (row === undefined) return [];
    const [cause, level, word] = row;
    return [
      { kind: 'state', key: `problem ${code} ${subject}`, cause, name: subject, level, word, reason: detail },
    ];
  });
}
