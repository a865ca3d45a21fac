// Where commands of the documents run, as a table. A block names its setting in the marker before it; a block without
// one, or with one that is not here, fails test/docs/documents.test.ts, so there is no command that nobody runs.

export interface Setting {
  readonly what: string;
  /** Machines that a block may name; the first one is meant where it names none. */
  readonly hosts: readonly [string, ...string[]];
  /** The document whose blocks come before all others. */
  readonly first?: string;
  /** The test that runs them. */
  readonly test: string;
}

export const SETTINGS: Readonly<Record<string, Setting>> = {
  checkout: {
    what: 'in the checkout; what takes long is only held against the program’s own options',
    hosts: ['here'],
    test: 'test/docs/checkout.test.ts',
  },
  lab: {
    what: 'beside a lab of `npm start`',
    hosts: ['here'],
    first: 'docs/lab.md', // before a drill makes lb2 the active one
    test: 'test/docs/lab.root.test.ts',
  },
  director: {
    what: 'a director alone, with the configuration of README.md as site.yaml',
    hosts: ['lb1'],
    test: 'test/docs/director.root.test.ts',
  },
  pair: {
    what: 'a pair that forwards, everything at the paths of an installed machine',
    hosts: ['lb1', 'lb2', 'client', 'rs1', 'rs2'],
    test: 'test/docs/pair.root.test.ts',
  },
  realserver: {
    what: 'real servers that are not prepared yet, on a kernel with tunnels',
    hosts: ['rs1', 'rs2', 'lb1', 'client'],
    test: 'test/docs/realserver.root.test.ts',
  },
  appliance: {
    what: 'machines that boot, with the packages at hand',
    hosts: ['lb1', 'lb2', 'rs1', 'rs2', 'client'],
    first: 'docs/quick-start.md',
    test: 'test/appliance',
  },
};
