// The rooms of the house and who may enter which, as a table. ARCHITECTURE.md says it in words; this is what is enforced.
// A room is a folder (or one file); a file belongs to the room with the longest matching path.

export type Room = {
  at: string;
  /** Rooms it may import from, beside itself and director/model, which is open to everyone. */
  may: readonly string[];
  /** Pure: no I/O, no timers, no clock, no chance. What it needs of them it is given. */
  pure?: true;
};

const ENGINES = ['director/engine/ebpf', 'director/engine/ipvs', 'director/engine/memory'];

export const ROOMS: readonly Room[] = [
  // The lowest floor.
  { at: 'director/model', may: [], pure: true },
  { at: 'director/native', may: [] },
  // Calls nothing foreign: a clock is a clock.
  { at: 'director/native/system-clock.ts', may: [] },
  { at: 'director/database', may: [] },
  { at: 'director/store', may: ['director/database'] },
  { at: 'director/history/core', may: [], pure: true },
  { at: 'director/history', may: ['director/history/core', 'director/database'] },

  // Who may use console and API: rules and limits, and around them what hashes and draws secrets.
  { at: 'director/accounts/core', may: [], pure: true },
  { at: 'director/accounts', may: ['director/accounts/core'] },

  { at: 'director/config', may: [], pure: true },
  { at: 'director/config/file.ts', may: ['director/config'] },
  { at: 'director/scheduling', may: [], pure: true },
  { at: 'director/connections', may: [], pure: true },

  { at: 'director/engine', may: ['director/scheduling'], pure: true },
  {
    at: 'director/engine/memory',
    may: ['director/engine', 'director/connections', 'director/scheduling'],
    pure: true,
  },
  {
    at: 'director/engine/ebpf',
    may: ['director/engine', 'director/connections', 'director/scheduling', 'director/native'],
  },
  {
    at: 'director/engine/ipvs',
    may: ['director/engine', 'director/connections', 'director/scheduling', 'director/native'],
  },
  { at: 'director/control', may: ['director/config'] },
  // The document of the API, made from the tables and nothing else.
  { at: 'director/control/openapi', may: ['director/control'], pure: true },
  {
    at: 'director/control/openapi.ts',
    may: ['director/control', 'director/control/openapi'],
    pure: true,
  },
  { at: 'director/control/openapi/main.ts', may: ['director/control/openapi.ts'] },

  { at: 'director/reconcile', may: ['director/engine', 'director/config'], pure: true },
  { at: 'director/reconcile/apply.ts', may: ['director/reconcile', 'director/engine', 'director/config'] },

  // What is to be done of the schedule, decided purely; pulse does it.
  { at: 'director/schedule', may: ['director/config'], pure: true },

  // Backups: made by pulse, looked through and put back by the command line while no pulse runs.
  {
    at: 'director/backup',
    may: [
      ...['director/config', 'director/config/file.ts', 'director/database', 'director/store'],
      ...['director/history', 'director/native'],
    ],
  },

  { at: 'director/doctor', may: ['director/config'] },
  // Asks the network: by the same questions that the heartbeat asks before it claims.
  {
    at: 'director/doctor/network',
    may: [
      ...['director/doctor', 'director/config', 'heartbeat/takeover'],
      ...['director/native', 'director/native/system-clock.ts'],
    ],
  },

  // The first set-up and pairing: what is asked and written, purely; around it the machine, its files, the one-time channel.
  { at: 'director/setup/core', may: [], pure: true },
  {
    at: 'director/setup',
    may: [
      ...['director/setup/core', 'director/config', 'director/config/file.ts'],
      ...['director/doctor', 'director/doctor/network', 'director/peer', 'heartbeat/link'],
      ...['director/native', 'director/native/system-clock.ts'],
    ],
  },

  // The processes. Pulse starts the others, so it knows their front doors; they do not know it.
  { at: 'director/sync/core', may: [], pure: true },
  {
    at: 'director/sync',
    may: [
      'director/sync/core',
      'director/engine',
      'director/engine/ebpf',
      'heartbeat/link',
      'director/native',
    ],
  },
  // What two supervisors say to each other.
  { at: 'director/peer', may: ['director/control', 'heartbeat/link'] },
  // Who is told what, decided purely; the process around it is a client of the control API.
  { at: 'director/notify/core', may: ['director/config'], pure: true },
  {
    at: 'director/notify',
    may: ['director/notify/core', 'director/control', 'director/config', 'director/native/system-clock.ts'],
  },
  {
    at: 'director/pulse',
    may: [
      ...[
        'director/control',
        'director/config',
        'director/config/file.ts',
        'director/store',
        'director/history',
        'director/history/core',
        'director/native',
        'director/native/system-clock.ts',
        'director/doctor',
        'director/accounts',
        'director/accounts/core',
      ],
      ...[
        'director/connections',
        'director/schedule',
        'director/backup',
        'director/reconcile',
        'director/reconcile/apply.ts',
        'director/engine',
        ...ENGINES,
      ],
      ...[
        'director/sync',
        'director/notify',
        'director/peer',
        'heartbeat',
        'heartbeat/core',
        'heartbeat/link',
        'heartbeat/takeover',
      ],
      ...['monitor', 'monitor/core'],
    ],
  },
  // The commands that need no running director (check, import) read configuration themselves; all else asks control.
  {
    at: 'director/cli',
    may: [
      ...['director/control', 'director/config', 'director/config/file.ts', 'director/backup'],
      ...['director/doctor', 'director/doctor/network', 'director/setup', 'director/setup/core'],
    ],
  },
  // `fairlead run` becomes pulse.
  { at: 'director/cli/main.ts', may: ['director/cli', 'director/control', 'director/pulse'] },

  { at: 'heartbeat/core', may: [], pure: true },
  { at: 'heartbeat/link', may: ['heartbeat/core', 'director/native'] },
  { at: 'heartbeat/takeover', may: ['heartbeat/core', 'director/native'] },
  {
    at: 'heartbeat',
    may: [
      ...['heartbeat/core', 'heartbeat/link', 'heartbeat/takeover'],
      ...['director/native', 'director/native/system-clock.ts'],
    ],
  },

  { at: 'monitor/core', may: [], pure: true },
  { at: 'monitor/probe', may: ['monitor/core', 'director/native'] },
  { at: 'monitor', may: ['monitor/core', 'monitor/probe'] },

  // What is measured, as Prometheus reads it.
  { at: 'webui/metrics/core', may: ['director/control'], pure: true },
  {
    at: 'webui',
    may: [
      ...['director/control', 'director/control/openapi.ts', 'director/native/system-clock.ts'],
      'webui/metrics/core',
    ],
  },

  // Manual pages and completion follow from the tables of commands and keys; nothing of the package runs while it is made.
  { at: 'packaging/man', may: ['director/cli'] },
  { at: 'packaging/deb', may: ['packaging/man', 'director/cli', 'director/config'] },
];

/** Packages and Node's modules that belong to certain rooms only; those not listed are open to every room that is not pure. */
export const RESERVED: Readonly<Record<string, readonly string[]>> = {
  koffi: ['director/native'],
  'better-sqlite3': ['director/database', 'director/store', 'director/history'],
  express: ['webui'],
  pino: ['director/pulse', 'director/sync', 'director/cli', 'monitor', 'webui'],
  yaml: ['director/config', 'director/control', 'director/cli'],
  'node-cron': ['director/pulse', 'director/history'],
  nodemailer: ['director/notify'],
  tar: ['director/backup'],
};

/** What a pure room may import from outside the project. */
export const PURE_IMPORTS: ReadonlySet<string> = new Set([
  'node:assert',
  'node:buffer',
  'ipaddr.js',
  'zod',
  'yaml',
]);

/** What a pure room may not name: a clock, a timer, chance, the process, the network. */
export const IMPURE_NAMES =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|crypto\.\w+|setTimeout|setInterval|setImmediate|queueMicrotask|process\.\w+|fetch)\b/;
