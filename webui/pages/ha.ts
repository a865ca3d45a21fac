// High availability: both directors side by side, every link between them, who has the VIPs, and what has moved them.
// A director without a peer says what a pair takes. The orders themselves are on pages of their own.

import { isAllowed } from '../../director/control/account-schema.ts';
import type { Ha } from '../../director/control/ha-schema.ts';
import type { ApiEvent, Status } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { cell } from '../cells/cell.ts';
import { HA, haCells } from '../cells/ha.ts';
import { eventTable } from '../events/row.ts';
import { counted, milliseconds } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Picture } from '../mirror/mirror.ts';
import { type Page, type PageContext, view } from '../page.ts';
import { drawPair } from './ha-drawing.ts';
import { type DrillRow, drillPages, drillPanel } from './ha-drills.ts';
import { orderPages, orderPanel } from './ha-orders.ts';
import { switchoverPages } from './ha-switchover.ts';

const MOVES: readonly string[] = [
  ...['takeover', 'took-back', 'took-over', 'switched-over', 'switchover-ordered', 'handed-over'],
  ...['became-active', 'became-standby', 'cut-off', 'yielded', 'lost-claim', 'both-active', 'conflict-ended'],
  ...['takeover-blocked', 'hold', 'hold-ended', 'order-refused'],
];
const MOVES_SHOWN = 10;
const DRILLS_SHOWN = 5;

export function haPages(): readonly Page[] {
  return [...overviewPages, ...switchoverPages(), ...orderPages, ...drillPages];
}

const overviewPages: readonly Page[] = [
  {
    method: 'get',
    path: '/ha',
    role: 'viewer',
    async handle(context) {
      const { picture, client } = context;
      if (picture === undefined)
        return view(
          'High availability',
          html`<p>The director has not been heard yet: nothing is known of a pair.</p>`,
        );
      const [moves, drills] = await Promise.all([
        orNothing(client.call('events', { query: { kind: MOVES.join(','), limit: 500 } })),
        orNothing(client.call('drills', { query: { limit: DRILLS_SHOWN } })),
      ]);
      const recent = moves?.events.filter(({ kind }) => MOVES.includes(kind)).slice(-MOVES_SHOWN);
      const past = { moves: recent?.reverse(), drills: drills?.drills };
      return view('High availability', haBody(context, picture, past), {
        live: [HA],
      });
    },
  },
];

/** Newest first; undefined: it could not be read. */
export interface HaPast {
  readonly moves: readonly ApiEvent[] | undefined;
  readonly drills: readonly DrillRow[] | undefined;
}

/** The page is needed most when the director is away: its last picture is shown then, and this is left out. */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FairleadError) return undefined;
    throw error;
  }
}

export function haBody(
  context: Pick<PageContext, 'identity' | 'csrf' | 'now'>,
  { status }: Picture,
  { moves, drills }: HaPast,
): Html {
  const { ha } = status;
  if (ha === undefined || !ha.pair)
    return html`<div class="alone">${alone(status)}${status.virtual_ips.length === 0 ? NOTHING : vipPanel(status)}</div>${drillPanel(drills, context.now)}`;
  const cells = haCells(status);
  const operator = isAllowed(context.identity.role, 'operator');
  return html`<p class="banner bad pair-alarm" role="alert">${cell(HA, 'alarm', cells)}</p>
${drawPair(status, ha)}
${operator ? orderPanel(status, ha, context.csrf) : html`<p class="quiet">Switchover, hold and release take the role operator.</p>`}
<div class="flow">
${vipPanel(status)}
${protectionPanel(status, ha)}
${timerPanel(ha)}
${syncPanel(status)}
</div>
<h2>Last moves</h2>
${drawMoves(moves, context.now)}
<p><a href="/events?group=pair">All events of the pair</a></p>
${drillPanel(drills, context.now)}`;
}

function drawMoves(moves: HaPast['moves'], now: number): Html {
  if (moves === undefined) return html`<p class="quiet">The events cannot be read at the moment.</p>`;
  if (moves.length === 0) return html`<p class="quiet">No takeover, switchover or hold is recorded.</p>`;
  return eventTable(moves, now);
}

function alone({ node, cluster, virtual_ips }: Omit<Status, 'services'>): Html {
  return html`<div class="panel">
<h2>${node} is the only director</h2>
<p>Cluster <strong>${cluster}</strong> has no second director. ${node} does all the work, and that is fine; but while it is away, ${virtual_ips.length === 0 ? 'nobody takes its place' : `nobody answers for ${counted(virtual_ips.length, 'virtual IP')}`}.</p>
<h3>What a pair takes</h3>
<ol>
<li>A second machine with Fairlead, in the same networks as this one.</li>
<li>Two paths between both, better three: each network that they share, and a serial line as the cheapest witness of all.</li>
<li>A key that both have, in a file that only root can read: <code>head -c 32 /dev/urandom | xxd -p -c 64</code></li>
<li>Both directors and the heartbeat in the configuration, the same text on both machines:</li>
</ol>
<pre>directors:
  ${node}: { address: 192.0.2.1, priority: 110 }
  lb2: { address: 192.0.2.2, priority: 100 }
heartbeat:
  interval: 100ms
  deadtime: 500ms
  key_file: pair.key
  links: [{ udp: eth0 }, { udp: eth1 }, { serial: /dev/ttyS0 }]
virtual_ips: [{ address: 192.0.2.100/24, interface: eth0 }]
sync: { link: eth1 }</pre>
<p>Then start Fairlead on the second machine with <code>--node lb2</code>, and this one anew. Its lease, links and switchover are shown here. More in <code>docs/pair.md</code>.</p>
</div>`;
}

function vipPanel(status: Omit<Status, 'services'>): Html {
  const cells = haCells(status);
  const { virtual_ips } = status;
  const rows = virtual_ips.map(
    (vip, index) =>
      html`<tr><th scope="row" class="mono">${vip.address}</th><td data-label="Interface">${vip.interface}</td><td data-label="Held by">${cell(HA, `vip${index}`, cells)}</td></tr>`,
  );
  return html`<section class="panel"><h2>Virtual IPs</h2>
${
  virtual_ips.length === 0
    ? html`<p class="quiet">The configuration has no virtual IPs.</p>`
    : html`<div class="table"><table class="cards"><thead><tr><th>Address</th><th>Interface</th><th>Held by</th></tr></thead><tbody>${rows}</tbody></table></div>`
}</section>`;
}

function protectionPanel(status: Omit<Status, 'services'>, ha: Ha): Html {
  const cells = haCells(status);
  const { witnesses = [], fence, deadtime_ms } = ha.heartbeat ?? {};
  return html`<section class="panel"><h2>One owner on the wire</h2><dl class="facts">
<dt title="While it is young this kernel lets answers for the virtual IPs out">Lease</dt><dd>${cell(HA, 'lease', cells)}</dd>
<dt>Announced</dt><dd>${cell(HA, 'announcements', cells)}</dd>
<dt>Claimed by</dt><dd>${cell(HA, 'claimants', cells)}</dd>
<dt>Witnesses</dt><dd>${witnesses.length === 0 ? NOTHING : html`<span class="mono">${witnesses.join(', ')}</span> `}${cell(HA, 'witness', cells)}</dd>
<dt>Fence</dt><dd>${fence === true ? 'a command makes sure of the peer first' : 'none'}</dd>
</dl><p class="quiet">The active renews the lease with each beat, for one deadtime${deadtime_ms === undefined ? NOTHING : ` (${milliseconds(deadtime_ms)})`}. When its processes are dead or frozen, its kernel falls silent by itself before the peer takes over.</p></section>`;
}

function timerPanel({ heartbeat }: Ha): Html {
  const { interval_ms, deadtime_ms, initdead_ms, failback } = heartbeat ?? {};
  const known = (value: number | undefined): string =>
    value === undefined ? 'not told' : milliseconds(value);
  const outage =
    interval_ms === undefined || deadtime_ms === undefined
      ? undefined
      : milliseconds(interval_ms + deadtime_ms);
  return html`<section class="panel"><h2>Timers</h2><dl class="facts">
<dt>Interval</dt><dd>${known(interval_ms)} between beats</dd>
<dt>Deadtime</dt><dd>${known(deadtime_ms)} of silence on all links before a takeover</dd>
<dt>Initdead</dt><dd>${known(initdead_ms)} of listening after a start</dd>
<dt>Failback</dt><dd>${failback === undefined ? 'not told' : failback === 'auto' ? 'auto: the preferred director gets the virtual IPs back' : 'manual: things stay as they are when a director returns'}</dd>
</dl>${outage === undefined ? NOTHING : html`<p class="quiet">After a crash clients wait for about ${outage} at most.</p>`}</section>`;
}

const SYNC_FACTS: readonly (readonly [string, string])[] = [
  ['State', 'sync-state'],
  ['Because', 'sync-because'],
  ['Lag', 'sync-lag'],
  ['Position', 'sync-position'],
  ['Events lost', 'sync-lost'],
  ['Checksums', 'sync-digests'],
  ['Refused', 'sync-refused'],
  ['Traffic', 'sync-traffic'],
];
const CHANNEL_FACTS: readonly (readonly [string, string])[] = [
  ['Channel', 'channel'],
  ['Our state', 'channel-state'],
  ['Peer’s state', 'channel-last'],
  ['Refused', 'channel-refused'],
];

function syncPanel(status: Omit<Status, 'services'>): Html {
  const cells = haCells(status);
  const facts = (list: typeof SYNC_FACTS): Html =>
    html`<dl class="facts">${list.filter(([, key]) => key in cells).map(([name, key]) => html`<dt>${name}</dt><dd>${cell(HA, key, cells)}</dd>`)}</dl>`;
  return html`<section class="panel"><h2>Connection sync</h2>${facts(SYNC_FACTS)}</section>
<section class="panel"><h2>Between the supervisors</h2><p class="quiet">Verdicts, orders and revisions travel by a channel of their own.</p>${facts(CHANNEL_FACTS)}</section>`;
}
