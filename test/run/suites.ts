// The suites as a table: what each is, what it needs, and the command that runs it and leaves a vitest JSON report.

import { existsSync } from 'node:fs';
import { whyNoMachine } from '../appliance/disk.ts';
import { whyNoGuest } from '../kernel/uml.ts';

export type Suite = {
  name: string;
  what: string;
  /** Runs only when it is named. */
  onRequest?: true;
  /** Suites of one turn run at the same time. */
  turn: number;
  /** Ends a suite that hangs; far beyond what it takes on a machine that is busy with other things. */
  limit_ms: number;
  /** Why this machine cannot run the suite, or undefined when it can. */
  leftOut(): string | undefined;
  /** Arguments for node; the report is a path that the command writes. */
  command(report: string): string[];
};

function vitest(project: string, report: string, more: readonly string[] = []): string[] {
  return [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...more,
  ];
}

/** Filters of vitest for tests on machines, which are slow: what every run can wait for, and the rest. */
const [APPLIANCE_SHORT, APPLIANCE_LONG] = [
  ['install'],
  ['quick-start', 'traffic', 'pair', 'upgrade', 'hardship'],
].map((names) => names.map((name) => `test/appliance/${name}.root.test.ts`)) as [string[], string[]];

export const SUITES: readonly Suite[] = [
  {
    name: 'unit',
    what: 'beside the code, without privilege',
    turn: 1,
    limit_ms: 1_500_000,
    leftOut: () => undefined,
    command: (report) => vitest('unit', report),
  },
  {
    name: 'root',
    what: "with this kernel's packet path and network namespaces",
    turn: 2,
    limit_ms: 1_000_000,
    leftOut: () => (process.getuid?.() === 0 ? undefined : 'needs root'),
    command: (report) => vitest('root', report),
  },
  {
    name: 'site',
    what: 'whole sites with traffic: the lab, every drill in a short form, consoles against the truth',
    turn: 3,
    limit_ms: 1_500_000,
    leftOut: () => (process.getuid?.() === 0 ? undefined : 'needs root'),
    command: (report) => vitest('site', report),
  },
  {
    name: 'browser',
    what: "the console in Debian's Chromium, one file at a time",
    turn: 4,
    limit_ms: 480_000,
    leftOut: () =>
      process.getuid?.() !== 0
        ? 'needs root'
        : existsSync('/usr/bin/chromium')
          ? undefined
          : 'needs chromium (apt-get install chromium)',
    command: (report) => vitest('browser', report),
  },
  {
    name: 'kernel',
    what: "inside a user-mode-linux guest, with the oldest supported kernel and the kernel's own IPVS",
    turn: 1,
    limit_ms: 1_000_000,
    leftOut: whyNoGuest,
    command: (report) => ['test/kernel/main.ts', '--report', report],
  },
  {
    name: 'package',
    what: 'the .deb: what is in it, the same bytes twice, its own runtime',
    turn: 5,
    limit_ms: 900_000,
    leftOut: () => (process.getuid?.() === 0 ? undefined : 'needs root'),
    command: (report) => vitest('package', report),
  },
  {
    name: 'appliance',
    what: 'the package on a machine that boots Debian 12: installed, removed, purged',
    turn: 6,
    limit_ms: 1_200_000, // the first one makes the machines' disk
    leftOut: whyNoMachine,
    command: (report) => vitest('appliance', report, APPLIANCE_SHORT),
  },
  {
    name: 'appliance-long',
    what: 'the rest of it: the quick start, traffic, a pair without power, upgrades, hard circumstances',
    onRequest: true,
    turn: 7,
    limit_ms: 3_600_000,
    leftOut: whyNoMachine,
    command: (report) => vitest('appliance', report, APPLIANCE_LONG),
  },
];
