// `fairlead setup`: the first configuration of a machine, by questions or by options. Nothing is written before everything
// is checked.
import { QUESTIONS } from '../../setup/core/questions.ts';
import type { Command } from '../command.ts';
import { FIRST_OPTIONS } from '../first-steps.ts';
import { INSTANCE_OPTIONS } from './common.ts';
import { INVITE_OPTIONS } from './pairing.ts';

export const setup: Command = {
  name: 'setup',
  summary: 'Makes the first configuration of a director, by questions or options',
  arguments: [],
  options: {
    ...Object.fromEntries(
      QUESTIONS.map(({ name, value, help }) => [name, { type: 'string' as const, value, help }]),
    ),
    'dry-run': { type: 'boolean', help: 'Only print the configuration' },
    invite: { type: 'boolean', help: 'At the end wait for the second director, see "fairlead pair --help"' },
    ...INVITE_OPTIONS,
    ...FIRST_OPTIONS,
    ...INSTANCE_OPTIONS,
  },
  details: [
    'On a terminal it asks for what was not given, with what was found on this machine as defaults. A script gives at',
    'least --cluster, --node, --address and --vip; with --peer also --peer-address and --links; with --service also',
    '--listen and --servers. Before anything is written it is checked: the configuration, this kernel, whether somebody',
    'has one of the addresses already, whether the peer answers. It writes fairlead.yaml, heartbeat.key and node to',
    '/etc/fairlead, all or none, switches forwarding on, and starts fairlead.target.',
  ].join('\n'),
  examples: [
    'fairlead setup',
    'fairlead setup --cluster web --node lb1 --address 10.0.0.11 --vip 10.0.0.100/24@eth0 --service www --listen tcp://10.0.0.100:80 --servers rs1=10.1.0.21,rs2=10.1.0.22',
  ],
  run: async (context) => (await import('../setting-up.ts')).setUp(context),
};
