// The truth about a lab, from what was done to it and what is on the wire, and never from what a director says; and
// where a page contradicts it.
import type { DirectorName, ServerName } from '../lab/topology.ts';
import type { Shown } from './shown.ts';

export interface Order {
  readonly admin: 'enabled' | 'draining' | 'disabled';
  /** By order; undefined: the configured one. */
  readonly weight: number | undefined;
}

export interface Truth {
  readonly services: readonly string[];
  /** Real servers whose process runs. */
  readonly alive: ReadonlySet<ServerName>;
  /** `www/rs1`; none: enabled, with the configured weight. */
  readonly orders: ReadonlyMap<string, Order>;
  readonly servers: readonly ServerName[];
  /** Whose supervisor is dead or stopped. */
  readonly away: ReadonlySet<DirectorName>;
  /** Who answers for the VIPs on the wire. */
  readonly owners: readonly string[];
  /** Where the packet program is missing: director and interface. */
  readonly deaf: readonly { readonly director: DirectorName; readonly interface: string }[];
}

const CONFIGURED_WEIGHT = 1;
const ENABLED: Order = { admin: 'enabled', weight: undefined };

/** One sentence for each contradiction between a director's page and the truth. */
export function contradictions(director: DirectorName, shown: Shown, truth: Truth): string[] {
  const found: string[] = [];
  const say = (what: string): void => void found.push(`${director} shows ${what}`);
  if (truth.away.has(director)) {
    if (!shown.old) say('its picture as fresh while the director is away');
    return found; // what it was is what it has to show
  }
  if (shown.old) say('that the director is away, which it is not');
  const expect = (key: string, right: (text: string) => boolean, wanted: string): void => {
    const text = shown.cells.get(key);
    if (text === undefined || !right(text)) say(`${key}: ${JSON.stringify(text)}, which is ${wanted}`);
  };
  for (const service of truth.services) {
    for (const server of truth.servers) {
      const key = `${service}/${server}`;
      const up = truth.alive.has(server);
      const { admin, weight } = truth.orders.get(key) ?? ENABLED;
      expect(`${key}.health`, (text) => (up ? /up|warming/ : /down/).test(text), up ? 'up' : 'down');
      expect(`${key}.admin`, (text) => text.includes(admin), admin);
      const asked = String(weight ?? CONFIGURED_WEIGHT);
      expect(`${key}.weight`, (text) => text.split(/[ →]/)[0] === asked, asked);
      if (!up || admin !== 'enabled')
        expect(`${key}.weight`, (text) => /→ 0$|^0( |$)/.test(text), 'without new connections');
    }
    const serving = truth.servers.filter((server) => {
      const { admin, weight } = truth.orders.get(`${service}/${server}`) ?? ENABLED;
      return truth.alive.has(server) && admin === 'enabled' && weight !== 0;
    });
    if (serving.length === 0) expect(`${service}.health`, (text) => !/▲ up/.test(text), 'not serving');
  }
  const owns = truth.owners.includes(director);
  expect('@director.role', (text) => text.includes(owns ? 'active' : 'standby'), owns ? 'active' : 'standby');
  for (const { director: whose, interface: name } of truth.deaf)
    if (whose === director && !shown.alarm.includes(name))
      say(`nothing of the program that is missing at ${name}`);
  return found;
}
