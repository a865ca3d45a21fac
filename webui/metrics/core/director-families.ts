// What is told of the director itself: who it is, what its engine carries, its addresses, store, monitors and history.
import type { HistoryStatus } from '../../../director/control/history-schema.ts';
import type { Status } from '../../../director/control/schema.ts';
import { counter, entries, type Family, gauge, info, labelled, seconds, states, yesNo } from './family.ts';

export interface DirectorView {
  readonly status: Status;
  readonly history: HistoryStatus | undefined;
}
type View = DirectorView;

const IDENTITY: readonly Family<View>[] = [
  info('fairlead_build_info', 'Who answers.', ['version', 'node', 'cluster', 'engine'], ({ status }) => [
    ...[status.version, status.node, status.cluster, status.engine.kind],
  ]),
  gauge('fairlead_start_time_seconds', 'When the director began, since 1970.', (view) =>
    seconds(view.status.started),
  ),
  gauge('fairlead_uptime_seconds', 'For how long it has run.', ({ status }) =>
    seconds(status.now - status.started),
  ),
  labelled(
    ...(['gauge', 'fairlead_role', '1 for the role that this director has.'] as const),
    ['cluster', 'node', 'role'],
    function* ({ status }) {
      for (const role of ['active', 'standby'])
        yield [[status.cluster, status.node, role], Number(status.role === role)];
    },
  ),
  gauge('fairlead_revision', 'Number of the configuration in force.', ({ status }) => status.revision.number),
  gauge('fairlead_revision_time_seconds', 'When it was taken, since 1970.', ({ status }) =>
    seconds(status.revision.at),
  ),
  gauge(
    'fairlead_problems',
    'What `fairlead status` calls a problem.',
    ({ status }) => status.problems.length,
  ),
  labelled('gauge', 'fairlead_problems_by_code', 'The same by code.', ['code'], ({ status }) => {
    const counts: Record<string, number> = {};
    for (const { code } of status.problems) counts[code] = (counts[code] ?? 0) + 1;
    return entries(counts);
  }),
  gauge(
    'fairlead_steps_refused',
    'Services whose steps the engine refuses; they are tried again.',
    // Only what is tried again has a next attempt.
    ({ status }) => status.problems.filter((problem) => problem.next_attempt !== undefined).length,
  ),
];

const ENGINE: readonly Family<View>[] = [
  info2('fairlead_engine_hook_info', 'Where the packet program hangs.', ['interface', 'hook'], ({ status }) =>
    status.engine.hooks.map((each) => [each.interface, each.hook]),
  ),
  gauge('fairlead_engine_survives_restart', 'Whether packets go on without processes.', ({ status }) =>
    yesNo(status.engine.survives_restart),
  ),
  labelled('gauge', 'fairlead_engine_limit', 'What the engine was made for.', ['what'], ({ status }) =>
    entries(status.engine.limits),
  ),
  labelled('gauge', 'fairlead_engine_table_used', 'Entries in use.', ['table'], ({ status }) =>
    status.engine.tables.map((table) => [[table.name], table.used]),
  ),
  labelled(
    'gauge',
    'fairlead_engine_table_limit',
    'Entries that there is room for.',
    ['table'],
    ({ status }) => status.engine.tables.map((table) => [[table.name], table.limit]),
  ),
  counter(
    'fairlead_engine_packets_total',
    'Packets seen: forwarded, local and dropped ones together.',
    ({ status }) => status.engine.totals.in,
  ),
  counter(
    'fairlead_engine_packets_forwarded_total',
    'Packets sent on to real servers or clients.',
    ({ status }) => status.engine.totals.forwarded,
  ),
  counter(
    'fairlead_engine_packets_local_total',
    'Packets left to this host.',
    ({ status }) => status.engine.totals.local,
  ),
  labelled(
    'counter',
    'fairlead_engine_packets_dropped_total',
    'Packets dropped, and why.',
    ['reason'],
    ({ status }) => entries(status.engine.totals.dropped),
  ),
];

const PARTS: readonly Family<View>[] = [
  labelled(
    ...(['gauge', 'fairlead_vip_state', '1 for the state that the virtual IP is in.'] as const),
    ['address', 'interface', 'state'],
    function* ({ status }) {
      for (const vip of status.virtual_ips)
        for (const state of ['up', 'absent', 'failed'])
          yield [[vip.address, vip.interface, state], Number(vip.state === state)];
    },
  ),
  states(
    'fairlead_store_state',
    '1 for the state of the store.',
    ['ok', 'behind', 'memory'],
    ({ status }) => status.store.state,
  ),
  gauge(
    'fairlead_store_writes_waiting',
    'Writes that wait for the disk.',
    ({ status }) => status.store.waiting,
  ),
  counter(
    'fairlead_store_writes_dropped_total',
    'Writes that found no room to wait.',
    ({ status }) => status.store.dropped,
  ),
  gauge(
    'fairlead_monitor_processes',
    'Monitor processes that run.',
    ({ status }) => status.monitor.pids.length,
  ),
  counter(
    'fairlead_monitor_restarts_total',
    'Monitor processes started again.',
    ({ status }) => status.monitor.restarts,
  ),
  gauge('fairlead_monitor_checks', 'Checks that are carried out.', ({ status }) => status.monitor.checks),
  counter('fairlead_monitor_probes_total', 'Probes made.', ({ status }) => status.monitor.probes),
  counter(
    'fairlead_monitor_probe_failures_total',
    'Probes that failed.',
    ({ status }) => status.monitor.failures,
  ),
  gauge('fairlead_monitor_lateness_p99_seconds', 'How much later than planned probes begin.', ({ status }) =>
    seconds(status.monitor.lateness_p99_ms),
  ),
  states(
    ...(['fairlead_history_state', '1 for the state of the history.'] as const),
    ['ok', 'behind', 'memory', 'off'],
    ({ history }) => history?.state,
  ),
  gauge('fairlead_history_bytes', 'Room that the history takes.', ({ history }) => history?.bytes),
  gauge('fairlead_history_bytes_max', 'Room that it may take.', ({ history }) => history?.bytes_max),
  gauge(
    'fairlead_history_subjects',
    'Servers, services and directors in it.',
    ({ history }) => history?.subjects,
  ),
  counter(
    'fairlead_history_samples_dropped_total',
    'Samples that found no room.',
    ({ history }) => history?.dropped,
  ),
];

function info2(
  name: string,
  help: string,
  labels: readonly string[],
  of: (view: View) => readonly (readonly string[])[],
): Family<View> {
  return labelled('gauge', name, help, labels, (view) => of(view).map((values) => [values, 1]));
}

export const DIRECTOR_FAMILIES: readonly Family<View>[] = [...IDENTITY, ...ENGINE, ...PARTS];
