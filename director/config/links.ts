// The `links` of a heartbeat: udp and serial, each path once, and none that is too slow for the beats it shall carry.
import { type Address, familyOf } from '../model/address.ts';
import type { DirectorConfig, LinkConfig } from './configuration.ts';
import type { Placed } from './cross-checks.ts';
import { asMap, readFields, type Shape } from './fields.ts';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import { ipAddress } from './scalars.ts';
import { SERIAL_LINK, UDP_LINK } from './schema.ts';
import type { Located } from './tree.ts';
import { formatDuration } from './units.ts';

const LINKS_MAX = 8;

/** About what a beat takes on a serial line, framing included; each link beyond three adds what was heard there. */
const BEAT_BYTES = 90;
const HEARD_BYTES = 6;
/** Start bit, eight of data, stop bit. */
const BITS_A_BYTE = 10;

export function readLinks(
  node: Located | undefined,
  offset: number,
  context: {
    readonly directors: readonly Placed<DirectorConfig>[];
    readonly interval_ms: number | undefined;
  },
  findings: Findings,
): LinkConfig[] {
  if (node?.kind !== 'list' || node.items.length === 0 || node.items.length > LINKS_MAX) {
    findings.problem(node?.offset ?? offset, {
      code: 'bad-links',
      message: `heartbeat needs \`links\`, a list of 1 to ${LINKS_MAX}`,
      remedy: 'write `links: [{ udp: eth1 }]`',
    });
    return [];
  }
  const seen = new Set<string>();
  const links: LinkConfig[] = [];
  for (const item of node.items) {
    const link = readLink(item, context.directors, findings);
    if (link === undefined) continue;
    const path = JSON.stringify(link.kind === 'udp' ? [link.interface, link.port] : link.device);
    if (seen.has(path))
      findings.problem(item.offset, {
        code: 'duplicate-link',
        message: 'this link is already in the list',
        remedy: 'remove it: a link counts only once',
      });
    seen.add(path);
    if (context.interval_ms !== undefined)
      checkSpeed(link, item.offset, { count: node.items.length, interval_ms: context.interval_ms }, findings);
    links.push(link);
  }
  return links;
}

function readLink(
  node: Located,
  directors: readonly Placed<DirectorConfig>[],
  findings: Findings,
): LinkConfig | undefined {
  const map = asMap(node, 'a link', findings);
  if (map === undefined) return undefined;
  if (map.entries.has('udp') === map.entries.has('serial')) {
    findings.problem(map.offset, {
      code: 'bad-links',
      message: 'a link is either udp or serial',
      remedy: 'write { udp: eth1 } or { serial: /dev/ttyS0 }',
    });
    return undefined;
  }
  if (map.entries.has('udp')) {
    const { some, all } = readFields(UDP_LINK, map, 'a udp link', findings);
    const addresses = some.addresses && readAddresses(some.addresses, directors, findings);
    return (
      all && {
        kind: 'udp',
        interface: all.udp,
        port: all.port,
        ...(addresses === undefined ? {} : { addresses }),
      }
    );
  }
  const { all } = readFields(SERIAL_LINK, map, 'a serial link', findings);
  return all && { kind: 'serial', device: all.serial, baud: all.baud };
}

/** One of each director, of one family. Undefined after a problem. */
function readAddresses(
  node: Located,
  directors: readonly Placed<DirectorConfig>[],
  findings: Findings,
): Readonly<Record<string, Address>> | undefined {
  const names = directors.map(({ value }) => value.name);
  // A problem with the directors has been told already: then nothing can be said about who is known.
  if (names.length === 0) return undefined;
  const shape: Shape = Object.fromEntries(names.map((name) => [name, ipAddress]));
  const { all } = readFields(shape, node, 'addresses', findings);
  if (all === undefined) return undefined;
  const addresses = all as Readonly<Record<string, Address>>;
  const [first, second] = Object.values(addresses);
  if (first === undefined || second === undefined) return addresses;
  if (familyOf(first) !== familyOf(second))
    findings.problem(node.offset, {
      code: 'mixed-families',
      message: `addresses: ${first} and ${second} are of different families`,
      remedy: 'give both directors an IPv4 or both an IPv6 address',
    });
  if (first === second)
    findings.problem(node.offset, {
      code: 'duplicate-address',
      message: `addresses: both directors have ${first}`,
      remedy: 'give each its own',
    });
  return addresses;
}

/** A line that takes longer for a beat than there is between two falls behind for ever. */
function checkSpeed(
  link: LinkConfig,
  offset: number,
  beats: { readonly count: number; readonly interval_ms: number },
  findings: Findings,
): void {
  if (link.kind !== 'serial') return;
  const bytes = BEAT_BYTES + HEARD_BYTES * Math.max(0, beats.count - 3);
  const takes_ms = (bytes * BITS_A_BYTE * 1_000) / link.baud;
  if (takes_ms <= beats.interval_ms) return;
  findings.problem(offset, {
    code: 'slow-link',
    message: `${quote(link.device)}: a beat takes ${Math.ceil(takes_ms)}ms at ${link.baud} baud, longer than the interval of ${formatDuration(beats.interval_ms)}`,
    remedy: 'raise baud, or interval and deadtime',
  });
}
