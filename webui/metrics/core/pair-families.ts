// What is told of the pair: the heartbeat, the peer, links, the lease, sync, the channel between the supervisors.
import type { Ha } from '../../../director/control/ha-schema.ts';
import { counter, entries, type Family, gauge, labelled, seconds, states, yesNo } from './family.ts';

type Link = NonNullable<Ha['links']>[number];
const HEALTH = ['good', 'impaired', 'bad'];
const ROLES = ['starting', 'standby', 'active'];

const HEARTBEAT: readonly Family<Ha>[] = [
  gauge('fairlead_heartbeat_running', 'Whether the heartbeat answers.', (ha) => yesNo(ha.heartbeat?.running)),
  counter('fairlead_heartbeat_restarts_total', 'Heartbeats started again.', (ha) => ha.heartbeat?.restarts),
  gauge('fairlead_epoch', 'Epoch of the latest claim; each takeover raises it.', (ha) => ha.heartbeat?.epoch),
  gauge('fairlead_role_since_seconds', 'Since when the role is what it is, since 1970.', (ha) =>
    seconds(ha.heartbeat?.since),
  ),
  gauge('fairlead_hold', 'Whether this director stands by on order.', (ha) => yesNo(ha.heartbeat?.hold)),
  states(
    'fairlead_health',
    'How fit this director takes itself to be.',
    HEALTH,
    (ha) => ha.heartbeat?.health,
  ),
  gauge('fairlead_complete', 'Whether it knows every connection.', (ha) => yesNo(ha.heartbeat?.complete)),
  gauge('fairlead_witness', 'Whether a witness answers.', (ha) => yesNo(ha.heartbeat?.witness)),
  counter(
    'fairlead_announcements_total',
    'Announcements of virtual IPs sent.',
    (ha) => ha.heartbeat?.announcements,
  ),
  gauge('fairlead_claimants', 'Others seen to claim a virtual IP.', (ha) => ha.heartbeat?.claimants),
  gauge('fairlead_heartbeat_lateness_p99_seconds', 'How much later than planned beats go out.', (ha) =>
    seconds(ha.heartbeat?.lateness_p99_ms),
  ),
  gauge('fairlead_heartbeat_lateness_max_seconds', 'The same, at most.', (ha) =>
    seconds(ha.heartbeat?.lateness_max_ms),
  ),
  states(
    'fairlead_lease_state',
    '1 for the state of the lease.',
    ['held', 'none', 'unguarded'],
    (ha) => ha.lease?.state,
  ),
  gauge('fairlead_lease_age_seconds', 'Since the lease was renewed.', (ha) => seconds(ha.lease?.age_ms)),
];

const PEER: readonly Family<Ha>[] = [
  peer('fairlead_peer_heard', 'Whether the peer is heard on any link.', (each) => yesNo(each.heard)),
  peer('fairlead_peer_heard_age_seconds', 'Since it was heard.', (each) => seconds(each.heard_age_ms)),
  peer('fairlead_peer_epoch', 'Epoch that it knows of.', (each) => each.epoch),
  peer('fairlead_peer_revision', 'Configuration that it has in force.', (each) => each.revision),
  peer('fairlead_peer_hold', 'Whether it stands by on order.', (each) => yesNo(each.hold)),
  peer('fairlead_peer_complete', 'Whether it knows every connection.', (each) => yesNo(each.complete)),
  peerStates('fairlead_peer_role', '1 for the role that it has.', 'role', ROLES, (each) => each.role),
  peerStates(
    'fairlead_peer_health',
    'How fit it takes itself to be.',
    'state',
    HEALTH,
    (each) => each.health,
  ),
];

const SYNC: readonly Family<Ha>[] = [
  gauge('fairlead_sync_running', 'Whether the sync process runs.', (ha) => yesNo(ha.sync?.running)),
  counter('fairlead_sync_restarts_total', 'Sync processes started again.', (ha) => ha.sync?.restarts),
  states(
    'fairlead_sync_state',
    '1 for the state of sync.',
    ['alone', 'joining', 'steady'],
    (ha) => ha.sync?.state,
  ),
  gauge('fairlead_sync_complete', 'Whether the peer has been told everything.', (ha) =>
    yesNo(ha.sync?.complete),
  ),
  gauge('fairlead_sync_progress_ratio', 'Of a whole table that is on its way.', (ha) => ha.sync?.progress),
  counter('fairlead_sync_position_total', 'Records written for the peer.', (ha) => ha.sync?.position),
  counter(
    'fairlead_sync_acknowledged_total',
    'Records that it has acknowledged.',
    (ha) => ha.sync?.acknowledged,
  ),
  gauge('fairlead_sync_lag_p50_seconds', "A connection's way to the peer and back, in the median.", (ha) =>
    seconds(ha.sync?.lag_p50_ms),
  ),
  gauge('fairlead_sync_lag_p99_seconds', 'The same at the 99th percentile.', (ha) =>
    seconds(ha.sync?.lag_p99_ms),
  ),
  gauge('fairlead_sync_lag_max_seconds', 'The same, at most.', (ha) => seconds(ha.sync?.lag_max_ms)),
  counter(
    'fairlead_sync_events_lost_total',
    'Events that the engine could not tell.',
    (ha) => ha.sync?.events_lost,
  ),
  counts('fairlead_sync_sent_total', 'Sent to the peer.', 'what', (ha) => ha.sync?.sent),
  counts('fairlead_sync_received_total', 'Received from it.', 'what', (ha) => ha.sync?.received),
  counts('fairlead_sync_applied_total', 'What became of its records.', 'what', (ha) => ha.sync?.applied),
  counts('fairlead_sync_refused_total', 'Not taken, and why.', 'reason', (ha) => ha.sync?.refused),
  counts('fairlead_sync_digests_total', 'Comparisons of the two tables.', 'what', (ha) => ha.sync?.digests),
  counter('fairlead_sync_cpu_seconds_total', 'Processor time of the sync process.', (ha) =>
    seconds(ha.sync?.cpu_ms),
  ),
  gauge('fairlead_channel_connected', 'Whether the supervisors talk.', (ha) => yesNo(ha.channel?.connected)),
  gauge('fairlead_channel_heard_age_seconds', 'Since the peer said something there.', (ha) =>
    seconds(ha.channel?.heard_age_ms),
  ),
  gauge('fairlead_channel_up_to_date', 'Whether it has our newest state.', (ha) =>
    yesNo(ha.channel?.up_to_date),
  ),
  counts(
    'fairlead_channel_refused_total',
    'Requests of it not taken, and why.',
    'reason',
    (ha) => ha.channel?.refused,
  ),
];

type Peer = NonNullable<Ha['peer']>;

function peer(name: string, help: string, value: (peer: Peer) => number | undefined): Family<Ha> {
  return labelled('gauge', name, help, ['peer'], (ha) =>
    ha.peer === undefined ? [] : [[[ha.peer.name], value(ha.peer)]],
  );
}

function peerStates(
  name: string,
  help: string,
  label: string,
  all: readonly string[],
  of: (peer: Peer) => string | undefined,
): Family<Ha> {
  return labelled('gauge', name, help, ['peer', label], function* (ha) {
    const present = ha.peer === undefined ? undefined : of(ha.peer);
    if (present !== undefined)
      for (const state of all) yield [[ha.peer?.name ?? '', state], Number(state === present)];
  });
}

function counts(
  name: string,
  help: string,
  label: string,
  of: (ha: Ha) => Readonly<Record<string, number>> | undefined,
): Family<Ha> {
  return labelled('counter', name, help, [label], (ha) => entries(of(ha)));
}

export const PAIR_FAMILIES: readonly Family<Ha>[] = [...HEARTBEAT, ...PEER, ...SYNC];

/** Of each link, whose labels are `link` and `kind`. */
export const LINK_FAMILIES: readonly Family<Link>[] = [
  gauge('fairlead_link_up', 'Whether the link can be used.', (link) => yesNo(link.up)),
  gauge('fairlead_link_heard_age_seconds', 'Since a beat came.', (link) => seconds(link.heard_age_ms)),
  gauge('fairlead_link_they_heard_age_seconds', 'Since one of ours came there, by its own word.', (link) =>
    seconds(link.they_heard_age_ms),
  ),
  counter('fairlead_link_beats_sent_total', 'Beats sent.', (link) => link.sent),
  counter('fairlead_link_beats_received_total', 'Beats taken.', (link) => link.received),
  gauge(
    'fairlead_link_loss_ratio',
    'Of the beats of late that did not come.',
    (link) => link.lost_permille / 1_000,
  ),
  labelled('counter', 'fairlead_link_rejected_total', 'Frames not taken, and why.', ['reason'], (link) =>
    entries(link.rejected),
  ),
];
