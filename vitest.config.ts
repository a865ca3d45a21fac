// Which files are tests, and how they run. `unit`: anywhere, in parallel. `root`: two files at a time, each in network
// namespaces of its own. `site`: one file at a time, as it runs whole sites that keep time. `browser`: one file at a time,
// the console in Debian's Chromium. `package`: the .deb. `appliance`: machines that it is installed on, under
// user-mode-linux. `guest`: what test/kernel/main.ts runs inside user-mode-linux.
// test/run.ts picks the suites; `npx vitest run PATH` runs whatever matches.

import fs from 'node:fs';
import { defineConfig } from 'vitest/config';

const insideGuest = process.env.FAIRLEAD_GUEST === '1';
const isRoot = process.getuid?.() === 0;

const outside = ['**/node_modules/**', 'build/**', 'dist/**'];

const unit = {
  name: 'unit',
  include: ['**/*.test.ts'],
  exclude: [...outside, '**/*.root.test.ts', '**/*.guest.test.ts'],
  maxWorkers: 3, // more than cores: the slowest files wait for processes that they start
  testTimeout: 120_000, // for what hangs: how long a test takes depends on what runs beside it
  hookTimeout: 120_000, // whole programs are started
  sequence: { groupOrder: 0 },
};

const patient = { testTimeout: 30_000, hookTimeout: 30_000 };
const sites = ['lab', 'drills', 'truth', 'docs'].map((room) => `test/${room}/**/*.root.test.ts`);
const browsers = ['test/browser/**/*.root.test.ts'];
const packages = ['test/package/**/*.root.test.ts'];
const appliances = ['test/appliance/**/*.root.test.ts'];

const root = {
  ...patient,
  name: 'root',
  include: isRoot ? ['**/*.root.test.ts'] : [],
  exclude: [...outside, ...sites, ...browsers, ...packages, ...appliances],
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
};

const oneByOne = {
  ...patient,
  exclude: outside,
  fileParallelism: false,
  maxWorkers: 1,
  sequence: { groupOrder: 2 },
};

const site = { ...oneByOne, name: 'site', include: isRoot ? sites : [] };
// As root for --no-sandbox: Chromium's sandbox takes a user namespace that containers rarely give.
const browser = {
  ...oneByOne,
  name: 'browser',
  include: isRoot && fs.existsSync('/usr/bin/chromium') ? browsers : [],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

// The .deb itself, and machines that it is installed on.
const slow = { testTimeout: 600_000, hookTimeout: 600_000 };
const packaged = { ...oneByOne, ...slow, name: 'package', include: isRoot ? packages : [] };
const appliance = { ...oneByOne, ...slow, name: 'appliance', include: isRoot ? appliances : [] };

const guest = {
  ...oneByOne,
  name: 'guest',
  // What depends on the kernel itself: the packet programs, and the engines under the one contract.
  include: [
    'test/kernel/**/*.guest.test.ts',
    'test/packet/**/*.root.test.ts',
    'test/contract/**/*.root.test.ts',
    'heartbeat/takeover/lease-program.root.test.ts',
  ],
  // One CPU in there: nothing races.
  exclude: [...outside, 'test/packet/race.root.test.ts'],
};

export default defineConfig({
  test: {
    pool: 'forks', // native add-ons (koffi, better-sqlite3) and process-wide state stay inside one file's process
    projects: (insideGuest ? [guest] : [unit, root, site, browser, packaged, appliance]).map((test) => ({
      extends: true as const,
      test,
    })),
  },
});
