// The questions of a first set-up as a table: each is an option of the command too. A person is asked for what was not
// given, with what was found on the machine as the default; a script must give what has no default that is good anywhere.
// Pure: who asks, and how, is handed in.
import { parseEndpoint } from '../../model/address.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import type { Given, Read } from './answers.ts';
import * as read from './answers.ts';
import { type Facts, interfaceOf, likelyAddress, likelyName } from './facts.ts';

export interface Question {
  /** Of the option. */
  readonly name: string;
  /** Stands for the value in help. */
  readonly value: string;
  readonly ask: string;
  /** For the option's help. */
  readonly help: string;
  /** Only then it makes sense; `because` says which option it goes with. */
  readonly applies?: { readonly when: (given: Given) => boolean; readonly because: string };
  /** A script has to say it. */
  readonly needed?: true;
  /** What a person is offered, and what a script gets where it is not needed. Empty: nothing. */
  readonly suggest: (facts: Facts, given: Given) => string;
  /** Offered to people only. */
  readonly peopleOnly?: true;
  readonly check: (text: string) => Read<unknown>;
  /** An empty answer is an answer. */
  readonly optional?: true;
}

const isSet = (text: string | undefined): text is string =>
  text !== undefined && text !== '' && text !== 'none';
const withPeer = { when: (given: Given) => isSet(given.peer), because: '--peer' };
const withService = { when: (given: Given) => isSet(given.service), because: '--service' };
const withNat = {
  when: (given: Given) => isSet(given.service) && given.method === 'nat',
  because: '--service with --method nat',
};
const orNone =
  (check: (text: string) => Read<unknown>) =>
  (text: string): Read<unknown> =>
    isSet(text) ? check(text) : { value: undefined };
const constant = (text: string) => () => text;

export const QUESTIONS: readonly Question[] = [
  {
    name: 'cluster',
    value: 'NAME',
    ask: 'Name of the cluster',
    help: 'Name of the cluster, the same on both directors',
    needed: true,
    suggest: constant('web'),
    check: read.readName,
  },
  {
    name: 'node',
    value: 'NAME',
    ask: 'Name of this director',
    help: 'Name of this director',
    needed: true,
    suggest: (facts) => likelyName(facts) ?? 'lb1',
    check: read.readName,
  },
  {
    name: 'address',
    value: 'ADDRESS',
    ask: 'Its own address (not a virtual IP)',
    help: 'Its own address, at which the peer reaches it; not a virtual IP',
    needed: true,
    suggest: (facts) => likelyAddress(facts) ?? '',
    check: read.readAddress,
  },
  {
    name: 'peer',
    value: 'NAME',
    ask: 'Name of the second director (none: there is one director)',
    help: 'Name of the second director; without it there is one',
    suggest: constant('none'),
    optional: true,
    check: orNone(read.readName),
  },
  {
    name: 'peer-address',
    value: 'ADDRESS',
    ask: 'Address of the second director',
    help: 'Its address',
    applies: withPeer,
    needed: true,
    suggest: constant(''),
    check: read.readAddress,
  },
  {
    name: 'links',
    value: 'LIST',
    ask: 'Heartbeat links, best over different cables (eth1,eth0,/dev/ttyS0)',
    help: 'Heartbeat links: eth1,eth0,/dev/ttyS0; eth1=OWN/PEER with addresses',
    applies: withPeer,
    needed: true,
    suggest: (facts) => facts.interfaces.map((each) => each.name).join(','),
    check: (text) => {
      const links = read.readList(text, read.readLink);
      return 'value' in links && links.value.length === 0 ? { fault: 'write at least one' } : links;
    },
  },
  {
    name: 'witnesses',
    value: 'LIST',
    ask: 'Addresses of the network that answer pings and tell which side of a cut is alive',
    help: 'Addresses that answer pings, such as the gateway: which side of a cut is alive',
    applies: withPeer,
    suggest: (facts) => facts.gateway?.address ?? 'none',
    peopleOnly: true,
    optional: true,
    check: (text) => read.readList(text, read.readAddress),
  },
  {
    name: 'vip',
    value: 'LIST',
    ask: 'Virtual IPs with prefix length (10.0.0.100/24, or 10.0.0.100/24@eth0)',
    help: 'Virtual IPs: 10.0.0.100/24@eth0, separated by commas',
    needed: true,
    suggest: constant(''),
    check: (text) => {
      const vips = read.readList(text, read.readVip);
      return 'value' in vips && vips.value.length === 0 ? { fault: 'write at least one' } : vips;
    },
  },
  {
    name: 'service',
    value: 'NAME',
    ask: 'Name of the first service (none: later)',
    help: 'Name of the first service; without it there is none yet',
    suggest: constant('www'),
    peopleOnly: true,
    optional: true,
    check: orNone(read.readName),
  },
  {
    name: 'listen',
    value: 'WHERE',
    ask: 'Where it listens',
    help: 'Where it listens: tcp://10.0.0.100:80',
    applies: withService,
    needed: true,
    suggest: (_, given) => firstListen(given.vip ?? ''),
    check: read.readListen,
  },
  {
    name: 'method',
    value: 'METHOD',
    ask: 'Forwarding method (nat, route, tunnel, local)',
    help: 'nat (the default), route, tunnel or local',
    applies: withService,
    suggest: constant('nat'),
    check: read.readMethod,
  },
  {
    name: 'scheduler',
    value: 'NAME',
    ask: 'Scheduler (rr, wrr, lc, wlc)',
    help: 'rr, wrr, lc or wlc (the default)',
    applies: withService,
    suggest: constant('wlc'),
    check: read.readScheduler,
  },
  {
    name: 'servers',
    value: 'LIST',
    ask: 'Real servers (rs1=10.1.0.21:80,rs2=10.1.0.22:80*2)',
    help: 'Real servers: rs1=10.1.0.21:80,rs2=10.1.0.22*2 (name, port and weight if you like)',
    applies: withService,
    needed: true,
    suggest: constant(''),
    check: (text) => {
      const servers = read.readList(text, read.readServer);
      return 'value' in servers && servers.value.length === 0 ? { fault: 'write at least one' } : servers;
    },
  },
  {
    name: 'monitor',
    value: 'WHAT',
    ask: 'How it is watched (tcp, ping, http:/PATH, https:/PATH, none)',
    help: 'tcp, ping, http:/PATH, https:/PATH or none (default: tcp; of udp: ping)',
    applies: withService,
    suggest: (_, given) => (given.listen?.startsWith('udp:') ? 'ping' : 'tcp'),
    check: read.readMonitor,
  },
  {
    name: 'nat-gateway',
    value: 'VIP',
    ask: 'Virtual IP that real servers use as gateway (10.1.0.100/24; none: another address of this director)',
    help: 'Virtual IP inside that real servers of method nat use as gateway: 10.1.0.100/24@eth1',
    applies: withNat,
    suggest: constant('none'),
    optional: true,
    check: orNone(read.readVip),
  },
  {
    name: 'inside',
    value: 'IF',
    ask: 'Interface towards the real servers',
    help: 'Interface towards the real servers of method nat (default: the one in their network)',
    applies: withNat,
    suggest: (facts, given) => insideOf(facts, given) ?? 'none',
    optional: true,
    check: orNone(read.readInterface),
  },
  {
    name: 'console',
    value: 'WHERE',
    ask: 'Web console (address:port, or none)',
    help: 'Address and port of the web console, or none (default: 127.0.0.1:8443)',
    suggest: constant('127.0.0.1:8443'),
    check: read.readConsole,
  },
];

function firstListen(vips: string): string {
  const parsed = read.readList(vips, read.readVip);
  const address = 'value' in parsed ? parsed.value[0]?.address : undefined;
  if (address === undefined) return '';
  return address.includes(':') ? `tcp://[${address}]:80` : `tcp://${address}:80`;
}

/** Of the gateway that was given, else of the first server. */
function insideOf(facts: Facts, given: Given): string | undefined {
  const gateway = isSet(given['nat-gateway']) ? read.readVip(given['nat-gateway']) : undefined;
  if (gateway !== undefined && 'value' in gateway)
    return gateway.value.interface ?? interfaceOf(facts, gateway.value.address);
  const servers = read.readList(given.servers ?? '', read.readServer);
  const first = 'value' in servers ? servers.value[0]?.address : undefined;
  if (first === undefined) return undefined;
  const address = parseEndpoint(first)?.address ?? ('value' in read.readAddress(first) ? first : undefined);
  return address === undefined ? undefined : interfaceOf(facts, address as never);
}

/** Answers like a person would; undefined: there is nobody. */
export type Ask = (question: Question, suggestion: string, fault: string | undefined) => Promise<string>;

const ATTEMPTS_MAX = 20;

/** Every answer that applies. Throws a usage error that names the option. */
export async function answerAll(given: Given, facts: Facts, ask: Ask | undefined): Promise<Given> {
  const answers: Record<string, string | undefined> = { ...given };
  for (const question of QUESTIONS) {
    const { name, applies, check } = question;
    if (applies !== undefined && !applies.when(answers)) {
      if (given[name] !== undefined)
        throw usage(`--${name} goes with ${applies.because}.`, `Give that too, or leave --${name} out.`);
      answers[name] = undefined;
      continue;
    }
    if (given[name] !== undefined) {
      const checked = check(given[name]);
      if ('fault' in checked)
        throw usage(`--${name}: ${JSON.stringify(given[name])} cannot be used.`, sentence(checked.fault));
    } else if (ask === undefined) answers[name] = scripted(question, facts, answers);
    else answers[name] = await askUntilGood(question, question.suggest(facts, answers), ask);
  }
  return answers;
}

function scripted(question: Question, facts: Facts, answers: Given): string | undefined {
  if (question.needed === true)
    throw usage(
      `"fairlead setup" needs --${question.name} ${question.value}: there is no terminal to ask at.`,
      `${question.help}. "fairlead setup --help" lists the options.`,
    );
  return question.peopleOnly === true ? undefined : question.suggest(facts, answers);
}

async function askUntilGood(question: Question, suggestion: string, ask: Ask): Promise<string> {
  let fault: string | undefined;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const typed = (await ask(question, suggestion, fault)).trim();
    const text = typed === '' ? suggestion : typed;
    if (text === '' && question.optional !== true) {
      fault = 'This has to be answered.';
      continue;
    }
    const checked = question.check(text);
    if (!('fault' in checked)) return text;
    fault = sentence(checked.fault);
  }
  throw usage('There was no answer that can be used.', `Give --${question.name} ${question.value}.`);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function usage(message: string, remedy: string): FairleadError {
  return new FairleadError('usage', message, { remedy, exit: EXIT.usage });
}
