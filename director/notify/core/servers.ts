// How the news of services and their real servers is put: what clients notice first, then how many servers of how many,
// then which. A machine that serves several services counts once.
import { clock, list, words } from './sentences.ts';
import { NAMED_MAX } from './tuning.ts';
import type { Change, Level, State, Subject, Target } from './types.ts';

const SERVERS_LISTED = 20;

interface Scope {
  /** Of every real server. */
  readonly addresses: ReadonlySet<string>;
  readonly down: ReadonlySet<string>;
  addressOf(subject: Subject): string;
}

export function serversHeadline(state: State, target: Target, changes: readonly Change[]): string[] {
  const scope = scopeOf(state, target);
  const of = (how: Change['how'], kind: 'server' | 'service'): Change[] =>
    changes.filter((each) => each.how === how && each.subject.key.startsWith(`${kind} `));
  const servers = of('worse', 'server');
  const services = of('worse', 'service').filter(
    (each) => each.subject.level === 'critical' || servers.length === 0,
  );
  const better = of('better', 'server');
  const betterServices = of('better', 'service');
  return [
    ...together(services, 'services'),
    ...downSentence(servers, scope),
    ...changes.filter(({ how }) => how === 'flaps' || how === 'blip').map(words),
    ...changes.filter(({ how }) => how === 'settled').map(words),
    ...together(betterServices, 'services'),
    ...upSentence(better, scope),
    ...changes
      .filter(({ how, subject }) => /^(?:worse|better)$/.test(how) && subject.cause !== 'servers')
      .map(words),
  ];
}

function together(changes: readonly Change[], what: string): string[] {
  const byWord = Map.groupBy(changes, ({ subject }) => subject.word);
  return [...byWord].map(([word, group]) => {
    const [first] = group;
    if (group.length === 1 && first !== undefined) return words(first);
    const names = list(
      group.map((each) => each.subject.name),
      NAMED_MAX,
    );
    const again = first?.how === 'better' && word === 'up' ? ' again' : '';
    return `${group.length} ${what} are ${word}${again}: ${names}`;
  });
}

function downSentence(servers: readonly Change[], scope: Scope): string[] {
  const [first] = servers;
  if (first === undefined) return [];
  const fallen = new Set(servers.map((each) => scope.addressOf(each.subject)));
  if (servers.length === 1) return [`real server ${words(first)}`];
  const services = servicesOf(servers);
  const since = clock(Math.min(...servers.map((each) => each.first)));
  if (fallen.size === 1)
    return [`real server ${nameOf(first.subject)} is down since ${since} in ${list(services, NAMED_MAX)}`];
  const all = scope.down.size >= scope.addresses.size ? 'all' : String(scope.down.size);
  return [
    `${all === 'all' ? `all ${scope.addresses.size}` : `${all} of ${scope.addresses.size}`} real servers are down since ${since}; all in ${list(services, NAMED_MAX)}`,
  ];
}

function upSentence(servers: readonly Change[], scope: Scope): string[] {
  const [first] = servers;
  if (first === undefined) return [];
  if (servers.length === 1) return [`real server ${words(first)}`];
  const risen = new Set(servers.map((each) => scope.addressOf(each.subject)));
  const left = scope.down.size === 0 ? '' : `; ${scope.down.size} of ${scope.addresses.size} are still down`;
  return [
    `${risen.size === 1 ? `real server ${nameOf(first.subject)} is` : `${risen.size} real servers are`} up again in ${list(servicesOf(servers), NAMED_MAX)}${left}`,
  ];
}

/** One line for each service with what is left of it, then the servers, as many as have room. */
export function serversLines(state: State, changes: readonly Change[]): string[] {
  const bad = changes.filter(({ how }) => how === 'worse');
  const names = servicesOf(changes.filter(({ how }) => how !== 'flaps'));
  const counts = (state.settings?.services ?? [])
    .filter((service) => names.includes(service.name) && service.servers.length > 0)
    .slice(0, NAMED_MAX)
    .map((service) => {
      const up = service.servers.filter(
        (server) => levelOf(state, `server ${service.name}/${server.name}`) === 'ok',
      );
      return `${service.name} has ${up.length} of ${service.servers.length} real servers left`;
    });
  const servers = bad.filter(({ subject }) => subject.key.startsWith('server '));
  if (servers.length < 2) return counts;
  const listed = servers.slice(0, SERVERS_LISTED).map(words);
  const more = servers.length - listed.length;
  return [...counts, ...listed, ...(more > 0 ? [`… and ${more} more real servers`] : [])];
}

function scopeOf(state: State, target: Target): Scope {
  const wanted = target.settings.services;
  const byKey = new Map<string, string>();
  const down = new Set<string>();
  for (const service of state.settings?.services ?? []) {
    if (wanted !== undefined && !wanted.includes(service.name)) continue;
    for (const server of service.servers) {
      const key = `server ${service.name}/${server.name}`;
      byKey.set(key, server.address);
      if (levelOf(state, key) !== 'ok') down.add(server.address);
    }
  }
  return {
    addresses: new Set(byKey.values()),
    down,
    addressOf: (subject) => byKey.get(subject.key) ?? subject.key,
  };
}

function levelOf(state: State, key: string): Level {
  return state.subjects.get(key)?.level ?? 'ok';
}

function servicesOf(changes: readonly Change[]): string[] {
  return [...new Set(changes.flatMap(({ subject }) => subject.service ?? []))];
}

function nameOf(subject: Subject): string {
  return subject.name.split('/')[1] ?? subject.name;
}
