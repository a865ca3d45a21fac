// The `notifications` part: who is told what, and by which way. Each target is a webhook, an e-mail or a command.
import type { NotificationConfig, NotifyWay } from './configuration.ts';
import { asMap, asOptionalMap, checkKeys, readValues, unknownKey, type Values } from './fields.ts';
import { nearest } from './nearest.ts';
import { headerFault } from './notify-scalars.ts';
import { present } from './probes.ts';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import { NOTIFICATION, NOTIFY, type NotifyKind } from './schema.ts';
import type { Located, LocatedMap } from './tree.ts';

const TARGETS_MAX = 16;
const HEADERS_MAX = 16;
const KINDS = Object.keys(NOTIFY) as NotifyKind[];
const COMMON = Object.keys(NOTIFICATION);

/** Undefined: nobody is told. */
export function readNotifications(
  node: Located | undefined,
  services: readonly string[],
  findings: Findings,
): readonly NotificationConfig[] | undefined {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return undefined;
  if (node.kind !== 'list' || node.items.length > TARGETS_MAX) {
    findings.problem(node.offset, {
      code: 'bad-notifications',
      message: `notifications must be a list of at most ${TARGETS_MAX} targets`,
      remedy:
        'write `- { email: [ops@example.net], from: lb@example.net, smtp: smtp://mail.example.net:587 }`',
    });
    return undefined;
  }
  const targets = node.items.map((item) => readTarget(item, services, findings));
  const known = targets.filter((target) => target !== undefined);
  return known.length === 0 ? undefined : known;
}

function readTarget(
  node: Located,
  services: readonly string[],
  findings: Findings,
): NotificationConfig | undefined {
  const map = asMap(node, 'a target of notifications', findings);
  if (map === undefined) return undefined;
  const kinds = KINDS.filter((kind) => map.entries.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    tellKind(map, kinds, findings);
    return undefined;
  }
  const what = `a target of kind ${kind}`;
  const known = [...Object.keys(NOTIFY[kind]), ...COMMON];
  checkKeys(map, known, what, findings, (key) => foreignKey(key, kind, known, what));
  const { some, all } = readValues(NOTIFICATION, map, what, findings);
  checkServices(some.services, map, services, findings);
  const way = readWay(kind, map, findings);
  if (all === undefined || way === undefined) return undefined;
  return {
    ...way,
    on: [...new Set(all.on)],
    ...present({ services: all.services, remind_ms: all.remind }),
    group_ms: all.group,
    timeout_ms: all.timeout,
  };
}

function tellKind(map: LocatedMap, kinds: readonly NotifyKind[], findings: Findings): void {
  const misspelt = [...map.entries].find(
    ([key]) => !COMMON.includes(key) && nearest(key, KINDS) !== undefined,
  );
  if (kinds.length === 0 && misspelt !== undefined) {
    const [key, entry] = misspelt;
    findings.problem(entry.keyOffset, unknownKey(key, KINDS, 'a target of notifications'));
    return;
  }
  findings.problem(map.offset, {
    code: 'bad-notifications',
    message: `a target is one of ${KINDS.join(', ')}, not ${kinds.length === 0 ? 'none of them' : kinds.join(' and ')}`,
    remedy: 'write a target of its own for each',
  });
}

/** A key that belongs to another kind is no misspelling. */
function foreignKey(key: string, kind: NotifyKind, known: readonly string[], what: string) {
  const owner = KINDS.find((other) => other !== kind && key in NOTIFY[other]);
  return owner === undefined
    ? unknownKey(key, known, what)
    : { code: 'unknown-key', message: `${what} has no key ${quote(key)}`, remedy: `it belongs to ${owner}` };
}

function checkServices(
  wanted: readonly string[] | undefined,
  map: LocatedMap,
  services: readonly string[],
  findings: Findings,
): void {
  const list = map.entries.get('services')?.node;
  for (const [index, name] of (wanted ?? []).entries())
    if (!services.includes(name)) {
      const near = nearest(name, services);
      findings.problem((list?.kind === 'list' ? list.items[index]?.offset : undefined) ?? map.offset, {
        code: 'unknown-service',
        message: `services: there is no service ${quote(name)}`,
        ...(near === undefined ? {} : { remedy: `did you mean \`${near}\`?` }),
      });
    }
}

function readWay(kind: NotifyKind, map: LocatedMap, findings: Findings): NotifyWay | undefined {
  const what = `a target of kind ${kind}`;
  if (kind === 'command') {
    const { all } = readValues(NOTIFY.command, map, what, findings);
    return all && { kind, command: all.command };
  }
  if (kind === 'webhook') {
    const { some, all } = readValues(NOTIFY.webhook, map, what, findings);
    const headers = readHeaders(some.headers, findings);
    return (
      all && {
        ...{ kind, url: all.webhook, headers },
        ...present({ secretFile: all.secret_file, caFile: all.ca_file }),
      }
    );
  }
  const { all } = readValues(NOTIFY.email, map, what, findings);
  return all && readEmail(all, map, findings);
}

function readEmail(all: Values<typeof NOTIFY.email>, map: LocatedMap, findings: Findings): NotifyWay {
  const { host, port, secure } = all.smtp;
  const place = (key: string): number => map.entries.get(key)?.node.offset ?? map.offset;
  if ((all.user === undefined) !== (all.password_file === undefined))
    findings.problem(place(all.user === undefined ? 'password_file' : 'user'), {
      code: 'bad-login',
      message: 'user and password_file go together',
      remedy: 'write both, or neither',
    });
  if (secure && all.tls !== undefined && all.tls !== 'tls')
    findings.problem(place('tls'), {
      code: 'bad-tls',
      message: `tls: smtps:// is TLS from the first byte, not ${all.tls}`,
      remedy: 'write smtp://, or leave tls out',
    });
  const tls = all.tls ?? (secure ? 'tls' : 'starttls');
  if (tls === 'none' && all.user !== undefined)
    findings.warning(place('tls'), {
      code: 'clear-password',
      message: 'tls: the password goes over the network for everyone to read',
      remedy: 'write tls: starttls',
    });
  return {
    kind: 'email',
    ...{ to: all.email, from: all.from, host, port, tls },
    ...present({ user: all.user, passwordFile: all.password_file, caFile: all.ca_file }),
  };
}

function readHeaders(node: Located | undefined, findings: Findings): Readonly<Record<string, string>> {
  const map = asOptionalMap(node, 'headers', findings);
  if (map === undefined) return {};
  if (map.entries.size > HEADERS_MAX)
    findings.problem(map.offset, {
      code: 'bad-header',
      message: `headers: there may be at most ${HEADERS_MAX}`,
    });
  const headers: Record<string, string> = {};
  for (const [name, entry] of map.entries) {
    const value = entry.node.kind === 'scalar' ? entry.node.value : undefined;
    const fault = headerFault(name, value);
    if (fault !== undefined)
      findings.problem(entry.keyOffset, { code: 'bad-header', message: `headers: ${quote(name)} ${fault}` });
    else headers[name] = String(value);
  }
  return headers;
}
