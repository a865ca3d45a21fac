// The command that becomes the web console.
import { formatEndpoint, parseEndpoint } from '../../model/address.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { INSTANCE_OPTIONS } from './common.ts';

const CERTIFICATES_FOLDER = '/var/lib/fairlead/console';
const LISTEN = '127.0.0.1:8443';

export const webConsole: Command = {
  name: 'console',
  summary: 'Runs the web console in the foreground, logging JSON lines to standard output',
  arguments: [],
  options: {
    config: {
      type: 'string',
      value: 'FILE',
      help: 'Listen as this configuration says under console',
      complete: 'file',
    },
    listen: {
      type: 'string',
      value: 'ADDRESS:PORT',
      help: `Where browsers find it, whatever the configuration says (default ${LISTEN})`,
    },
    certificates: {
      type: 'string',
      value: 'DIR',
      help: `NAME.crt and NAME.key; where there is none, one is made (${CERTIFICATES_FOLDER})`,
      complete: 'folder',
    },
    user: { type: 'string', value: 'USER[:GROUP]', help: 'Whom root becomes once the port is open' },
    'open-metrics': { type: 'boolean', help: 'Give /metrics to anybody; else it takes a token' },
    ...INSTANCE_OPTIONS,
  },
  details: [
    'It speaks to the director over the control socket only, so that socket must be open to its user or group.',
    'For the first time log in as admin with the password in the file console-password of the runtime folder.',
    'SIGHUP looks for a new certificate at once; otherwise it is noticed within a minute.',
  ].join('\n'),
  examples: [
    'fairlead console --config /etc/fairlead/fairlead.yaml --user fairlead-web:fairlead',
    'fairlead console --listen 10.0.0.11:8443',
  ],
  run: async (context) => {
    const user = text(context.values, 'user');
    const listen = text(context.values, 'listen') ?? (await configured(context)) ?? LISTEN;
    if (parseEndpoint(listen) === undefined)
      throw usage(`--listen ${listen} is no address and port.`, 'Write 10.0.0.11:8443 or [fd00::11]:8443.');
    return context.become('console', [
      ...['--socket', context.socket],
      ...['--listen', listen],
      ...['--certificates', text(context.values, 'certificates') ?? CERTIFICATES_FOLDER],
      ...['--version', context.version],
      ...(user === undefined ? [] : ['--user', user]),
      ...(flag(context.values, 'open-metrics') ? ['--open-metrics'] : []),
    ]);
  },
};

async function configured({ values }: CommandContext): Promise<string | undefined> {
  const file = text(values, 'config');
  if (file === undefined) return undefined;
  const { readConfigurationFile } = await import('../../config/file.ts');
  const listen = readConfigurationFile(file).configuration.console;
  return listen && formatEndpoint(listen.address, listen.port);
}
