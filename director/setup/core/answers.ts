// The answers of a first set-up: what each text means. Pure; a text that means nothing gives a sentence that says what to
// write instead. Whether the answers fit each other is for the configuration's own reader, which sees them all.
import { type Address, parseAddress, parseEndpoint } from '../../model/address.ts';
import { METHODS, type Method, SCHEDULERS, type SchedulerName } from '../../model/service.ts';

/** What was answered, by the names of the options. */
export type Given = Readonly<Record<string, string | undefined>>;

export interface Answers {
  readonly cluster: string;
  readonly node: string;
  readonly address: Address;
  readonly peer?: { readonly name: string; readonly address: Address };
  readonly links: readonly LinkAnswer[];
  readonly witnesses: readonly Address[];
  readonly vips: readonly VipAnswer[];
  /** Interface towards the real servers; needed where answers come back that way. */
  readonly inside?: string;
  readonly natGateway?: VipAnswer;
  readonly service?: ServiceAnswer;
  /** Address and port, or undefined: no console. */
  readonly console?: string;
}

export type LinkAnswer =
  | { readonly udp: string; readonly addresses?: { readonly own: Address; readonly peer: Address } }
  | { readonly serial: string };

export interface VipAnswer {
  readonly address: Address;
  readonly prefix_bits: number;
  /** Undefined: to be found by the subnet. */
  readonly interface: string | undefined;
}

export interface ServiceAnswer {
  readonly name: string;
  readonly listen: string;
  readonly scheduler: SchedulerName;
  readonly method: Method;
  readonly monitor: MonitorAnswer;
  readonly servers: readonly ServerAnswer[];
}

export type MonitorAnswer =
  | { readonly kind: 'none' | 'tcp' | 'ping' }
  | { readonly kind: 'http' | 'https'; readonly path: string };

export interface ServerAnswer {
  readonly name: string;
  /** With a port or without, as it was written. */
  readonly address: string;
  readonly weight: number | undefined;
}

/** A value, or why there is none. */
export type Read<T> = { readonly value: T } | { readonly fault: string };

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const INTERFACE = /^[^\s/:@=,]{1,15}$/;
const LIST_MAX = 64;

export function readName(text: string): Read<string> {
  return NAME.test(text)
    ? { value: text }
    : fault('write letters, digits, ".", "_" and "-", beginning with a letter or digit');
}

export function readAddress(text: string): Read<Address> {
  const value = parseAddress(text);
  return value === undefined ? fault('write an address such as 10.0.0.11 or fd00::11') : { value };
}

export function readInterface(text: string): Read<string> {
  return INTERFACE.test(text) && text !== '.' && text !== '..'
    ? { value: text }
    : fault('write an interface that "ip link" shows, such as eth0');
}

/** `10.0.0.100/24` or `10.0.0.100/24@eth0`. */
export function readVip(text: string): Read<VipAnswer> {
  const [prefixed = '', name, ...rest] = text.split('@');
  const match = /^([^/]+)\/(\d{1,3})$/.exec(prefixed);
  const address = match === null ? undefined : parseAddress(match[1]!);
  const prefix_bits = Number(match?.[2]);
  const most = address?.includes(':') ? 128 : 32;
  if (address === undefined || rest.length > 0 || prefix_bits < 1 || prefix_bits > most)
    return fault('write address, prefix length and, if you like, the interface: 10.0.0.100/24@eth0');
  if (name === undefined) return { value: { address, prefix_bits, interface: undefined } };
  const read = readInterface(name);
  return 'fault' in read ? read : { value: { address, prefix_bits, interface: read.value } };
}

/** `eth1`, `eth1=10.1.0.11/10.1.0.12` (own and the peer's address), or `/dev/ttyS0`. */
export function readLink(text: string): Read<LinkAnswer> {
  if (/^\/dev\/[\w./-]{1,200}$/.test(text)) return { value: { serial: text } };
  const [name = '', pair] = text.split('=', 2);
  const read = readInterface(name);
  if ('fault' in read)
    return fault('write an interface (eth1, or eth1=OWN/PEER with addresses) or /dev/ttyS0');
  if (pair === undefined) return { value: { udp: name } };
  const [own, peer, ...rest] = pair.split('/').map(parseAddress);
  if (own === undefined || peer === undefined || rest.length > 0)
    return fault('write the own address and the peer’s: eth1=10.1.0.11/10.1.0.12');
  return { value: { udp: name, addresses: { own, peer } } };
}

/** `rs1=10.1.0.21:80*2`: name, address, port and weight; all but the address may be left out. */
export function readServer(text: string, index: number): Read<ServerAnswer> {
  const match = /^(?:([^=]+)=)?([^*]+?)(?:\*(\d{1,5}))?$/.exec(text);
  const name = match?.[1] ?? `rs${index + 1}`;
  const address = match?.[2] ?? '';
  if (match === null || (parseAddress(address) ?? parseEndpoint(address)) === undefined)
    return fault('write name, address and, if you like, port and weight: rs1=10.1.0.21:80*2');
  const read = readName(name);
  if ('fault' in read) return read;
  const weight = match[3] === undefined ? undefined : Number(match[3]);
  return { value: { name, address, weight } };
}

export function readMonitor(text: string): Read<MonitorAnswer> {
  if (text === 'none' || text === 'tcp' || text === 'ping') return { value: { kind: text } };
  const match = /^(https?):(\/[\x21-\x7e]*)$/.exec(text);
  return match === null
    ? fault('write tcp, ping, none, http:/PATH or https:/PATH')
    : { value: { kind: match[1] as 'http' | 'https', path: match[2]! } };
}

export function readListen(text: string): Read<string> {
  const endpoint = parseEndpoint(/^(?:tcp|udp):\/\/(.*)$/.exec(text)?.[1] ?? '');
  return endpoint === undefined || endpoint.port === 0
    ? fault('write protocol, address and port: tcp://10.0.0.100:80 or udp://[fd00::100]:53')
    : { value: text };
}

export function readConsole(text: string): Read<string> {
  const endpoint = parseEndpoint(text);
  return text === 'none' || (endpoint !== undefined && endpoint.port > 0)
    ? { value: text }
    : fault('write address and port, 127.0.0.1:8443, or none');
}

export const readScheduler = (text: string): Read<SchedulerName> => readChoice(SCHEDULERS, text);
export const readMethod = (text: string): Read<Method> => readChoice(METHODS, text);

function readChoice<T extends string>(words: readonly T[], text: string): Read<T> {
  const value = words.find((word) => word === text);
  return value === undefined ? fault(`write one of ${words.join(', ')}`) : { value };
}

/** What stands between commas; `none` and nothing are an empty list. */
export function readList<T>(text: string, readOne: (item: string, index: number) => Read<T>): Read<T[]> {
  if (text === '' || text === 'none') return { value: [] };
  const items = text.split(',').map((item) => item.trim());
  if (items.length > LIST_MAX) return fault(`write at most ${LIST_MAX}; more can be added to the file later`);
  const values: T[] = [];
  for (const [index, item] of items.entries()) {
    const read = readOne(item, index);
    if ('fault' in read) return fault(`${JSON.stringify(item)}: ${read.fault}`);
    values.push(read.value);
  }
  return { value: values };
}

function fault(text: string): { readonly fault: string } {
  return { fault: text };
}
