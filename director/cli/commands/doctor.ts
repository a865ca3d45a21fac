// `fairlead doctor`: what stands in the way of this machine being a director, running or not.

import type { Command } from '../command.ts';
import { READ_OPTIONS } from './common.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks this machine and says what to do about what it finds',
  arguments: [],
  options: {
    config: {
      type: 'string',
      value: 'FILE',
      help: 'Check for this configuration (default: the one in force)',
      complete: 'file',
    },
    ...READ_OPTIONS,
  },
  details: [
    'Works without a running director. Exit status 1 when something fails, else 0.',
    'It asks the kernel for its settings, and the network (as root) by ARP probes and pings: who answers for the virtual',
    'IPs, whether real servers send their answers back through here. Nothing is changed and no address is claimed.',
  ].join('\n'),
  examples: ['fairlead doctor', 'fairlead doctor --config new.yaml'],
  // What it takes is loaded by nobody else.
  run: async (context) => (await import('../examining.ts')).examineAll(context),
};
