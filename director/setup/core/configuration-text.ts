// The configuration file that follows from the answers, with comments that say what may be changed. Pure.
import type { Answers, LinkAnswer, MonitorAnswer, ServiceAnswer, VipAnswer } from './answers.ts';

/** Beside the configuration file. */
export const KEY_FILE_NAME = 'heartbeat.key';

export function configurationText(answers: Answers): string {
  return `${[
    '# Written by "fairlead setup". Every key is explained in fairlead.yaml(5).',
    '# After a change: fairlead check FILE, then fairlead apply FILE.',
    `cluster: ${scalar(answers.cluster)}`,
    '',
    ...directors(answers),
    '',
    ...heartbeat(answers),
    ...virtualIps(answers),
    ...engine(answers),
    ...services(answers.service),
    ...(answers.console === undefined
      ? []
      : [
          '',
          '# The web console; loopback only, unless you write another address.',
          `console: { listen: ${flow(answers.console)} }`,
        ]),
  ].join('\n')}\n`;
}

function directors({ node, address, peer }: Answers): string[] {
  const one = (name: string, its: string, priority: number): string =>
    `  ${scalar(name)}: { address: ${flow(its)}, priority: ${priority} }`;
  if (peer === undefined) return ['directors:', `  ${scalar(node)}: { address: ${flow(address)} }`];
  return [
    '# Of two that start together the one with the higher priority is active.',
    'directors:',
    one(node, address, 200),
    one(peer.name, peer.address, 100),
  ];
}

function heartbeat({ node, peer, links, witnesses }: Answers): string[] {
  if (peer === undefined) return [];
  return [
    'heartbeat:',
    '  interval: 100ms',
    '  deadtime: 500ms                 # silence on every link for so long is a takeover',
    `  key_file: ${KEY_FILE_NAME}         # shared secret, mode 0600, the same on both`,
    '  links:',
    ...links.map((link) => `    - ${linkText(link, node, peer.name)}`),
    ...(witnesses.length === 0
      ? []
      : [
          '  # One of them must answer pings for a takeover; an active that hears neither them nor its peer lets go.',
          `  witnesses: [${witnesses.map(flow).join(', ')}]`,
        ]),
    '  failback: manual                # a director that returns stands by',
    '',
  ];
}

function linkText(link: LinkAnswer, node: string, peer: string): string {
  if ('serial' in link) return `{ serial: ${flow(link.serial)}, baud: 115200 }`;
  if (link.addresses === undefined) return `{ udp: ${scalar(link.udp)} }`;
  const { own, peer: other } = link.addresses;
  return `{ udp: ${scalar(link.udp)}, addresses: { ${scalar(node)}: ${flow(own)}, ${scalar(peer)}: ${flow(other)} } }`;
}

function virtualIps({ vips, natGateway }: Answers): string[] {
  const one = (vip: VipAnswer, role: string): string =>
    `  - { address: ${flow(`${vip.address}/${vip.prefix_bits}`)}, interface: ${scalar(vip.interface ?? '')}${role} }`;
  return [
    '# Addresses that the active director holds.',
    'virtual_ips:',
    ...vips.map((vip) => one(vip, '')),
    ...(natGateway === undefined ? [] : [one(natGateway, ', role: nat-gateway')]),
    '',
  ];
}

/** Those of the virtual IPs are the default. */
function engine({ vips, natGateway, inside }: Answers): string[] {
  const known = [
    ...new Set(
      [...vips, ...(natGateway === undefined ? [] : [natGateway])].map((vip) => vip.interface ?? ''),
    ),
  ];
  if (inside === undefined || known.includes(inside)) return [];
  return [
    '# Where packets are taken: from clients, and the answers of real servers.',
    `engine: { interfaces: [${[...known, inside].map(scalar).join(', ')}] }`,
    '',
  ];
}

function services(service: ServiceAnswer | undefined): string[] {
  if (service === undefined) return ['services: {}'];
  return [
    'services:',
    `  ${scalar(service.name)}:`,
    `    listen: ${flow(service.listen)}`,
    `    scheduler: ${service.scheduler}`,
    `    method: ${service.method}`,
    `    monitor: ${monitorText(service.monitor)}`,
    '    servers:',
    ...service.servers.map(
      ({ name, address, weight }) =>
        `      ${scalar(name)}: { address: ${flow(address)}${weight === undefined ? '' : `, weight: ${weight}`} }`,
    ),
  ];
}

function monitorText(monitor: MonitorAnswer): string {
  switch (monitor.kind) {
    case 'none':
      return 'none';
    case 'tcp':
    case 'ping':
      return `{ ${monitor.kind}: true }`;
    default:
      return `{ ${monitor.kind}: ${flow(monitor.path)} }`;
  }
}

/** A plain word where YAML takes it for text, else in quotes. */
function scalar(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** Addresses and the like inside { } and [ ]. */
function flow(text: string): string {
  return /^[A-Za-z0-9/][A-Za-z0-9./_-]*(?::\/\/[A-Za-z0-9.]+)?(?::\d+)?$/.test(text) &&
    /[A-Za-z./]/.test(text)
    ? text
    : JSON.stringify(text);
}
