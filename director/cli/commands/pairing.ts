// `fairlead pair`: a second director joins the first one. With --invite on the first one, with its address on the second.
import { EXIT } from '../../model/error.ts';
import { PAIR_PORT } from '../../setup/pairing/wire.ts';
import type { Command, OptionSpec } from '../command.ts';
import { flag } from '../command.ts';
import { FIRST_OPTIONS } from '../first-steps.ts';
import { usage } from '../parse.ts';
import { INSTANCE_OPTIONS } from './common.ts';

export const INVITE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  listen: {
    type: 'string',
    value: 'ADDRESS',
    help: 'With --invite: where to wait (default: this director’s address)',
  },
  port: { type: 'string', value: 'N', help: `TCP port of the pairing (default ${PAIR_PORT})` },
  minutes: { type: 'string', value: 'N', help: 'With --invite: how long to wait, 1 to 10 (default 10)' },
};

export const pair: Command = {
  name: 'pair',
  summary: 'Joins this machine to a first director as the second one of its pair',
  arguments: [
    { name: 'HOST', help: 'the first director, where "fairlead pair --invite" waits', optional: true },
  ],
  options: {
    invite: {
      type: 'boolean',
      help: 'On the first director: wait for the second one, and print its command',
    },
    code: { type: 'string', value: 'CODE', help: 'The one-time code (default: it is asked for)' },
    'code-stdin': { type: 'boolean', help: 'Read the code from standard input' },
    node: { type: 'string', value: 'NAME', help: 'Which director this is (default: the other one)' },
    ...INVITE_OPTIONS,
    ...FIRST_OPTIONS,
    ...INSTANCE_OPTIONS,
  },
  details: [
    'The first director waits for ten minutes at most, for one success, and ends after five wrong codes. Over an encrypted',
    'channel that the code opens it gives the configuration in force and, once this machine has been checked, the key.',
    'Checked are: this kernel, its interfaces and addresses, whether somebody else has one of them, whether the first',
    'director answers on every link, the clocks. Then the files are written, all or none, and fairlead.target is started.',
    'This director stands by: no virtual IP moves.',
  ].join('\n'),
  examples: ['fairlead pair --invite', 'fairlead pair 10.0.0.11'],
  run: async (context) => {
    const [host] = context.args;
    if (flag(context.values, 'invite')) {
      if (host !== undefined) throw usage('--invite takes no HOST.', 'It waits on this director.');
      await (await import('../inviting.ts')).invite(context);
      return EXIT.ok;
    }
    if (host === undefined)
      throw usage(
        '"fairlead pair" needs HOST: the first director.',
        'On the first one it is: fairlead pair --invite',
      );
    await (await import('../joining.ts')).join(context, host);
    return EXIT.ok;
  },
};
