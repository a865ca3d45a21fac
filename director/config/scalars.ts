// Single values of the configuration as zod schemas: text in, model value out, with what to write instead.
import { z } from 'zod';
import { type Address, familyOf, parseAddress, parseEndpoint } from '../model/address.ts';
import { LIMITS, type Listen, PROTOCOLS, type Protocol } from '../model/service.ts';
import { refuse } from './fields.ts';
import { quote } from './quote.ts';

import {
  DURATION_MAX_MS,
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
  parsePercent,
  parseSize,
} from './units.ts';

export interface OptionalPort {
  readonly address: Address;
  readonly port: number | undefined;
}

/** Names of clusters, directors, services, servers; the first character keeps them apart from options and from `..`. */
export function nameFault(text: string): string | undefined {
  if (Buffer.byteLength(text) > LIMITS.name_bytes)
    return `must not be longer than ${LIMITS.name_bytes} bytes`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text))
    return 'must be made of letters, digits, `.`, `_` and `-`, beginning with a letter or digit';
  return undefined;
}

export const name = z.unknown().transform((value, context) => {
  if (typeof value !== 'string')
    return refuse(context, { code: 'bad-name', message: 'expected a name', remedy: 'write it in quotes' });
  const fault = nameFault(value);
  return fault === undefined
    ? value
    : refuse(context, { code: 'bad-name', message: `${quote(value)} ${fault}` });
});

export function duration(min_ms: number, max_ms = DURATION_MAX_MS): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    const value_ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (value_ms === undefined) {
      const unitless = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
      return refuse(context, {
        code: 'bad-duration',
        message: unitless ? `${value} has no unit` : `${quote(value)} is not a duration`,
        remedy: unitless
          ? `write ${value}s or ${value}ms`
          : 'write a number and ms, s, m, h or d, such as 500ms',
      });
    }
    if (value_ms >= min_ms && value_ms <= max_ms) return value_ms;
    const [word, limit] = value_ms < min_ms ? ['least', min_ms] : ['most', max_ms];
    return refuse(context, { code: 'out-of-range', message: `must be at ${word} ${formatDuration(limit)}` });
  });
}

export function size(min: number, max: number): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    const number =
      typeof value === 'string' || typeof value === 'number' ? parseSize(String(value)) : undefined;
    if (number === undefined)
      return refuse(context, {
        code: 'bad-size',
        message: `${quote(value)} is not a count`,
        remedy: 'write a whole number, with Ki, Mi, Gi, k, M or G if you like, such as 256Ki',
      });
    if (number >= min && number <= max) return number;
    return refuse(context, { code: 'out-of-range', message: `must be between ${min} and ${max}` });
  });
}

/** 0, or at least `min` bytes. */
export function bytesOrNone(min: number, max: number): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    const bytes =
      typeof value === 'string' || typeof value === 'number' ? parseBytes(String(value)) : undefined;
    if (bytes === undefined)
      return refuse(context, {
        code: 'bad-size',
        message: `${quote(value)} is not a size`,
        remedy: 'write a whole number with KiB, MiB, GiB, kB, MB or GB, such as 256MiB, or 0',
      });
    if (bytes === 0 || (bytes >= min && bytes <= max)) return bytes;
    return refuse(context, {
      code: 'out-of-range',
      message: `must be between ${formatBytes(min)} and ${formatBytes(max)}, or 0`,
    });
  });
}

export const percent = z.unknown().transform((value, context) => {
  const part = typeof value === 'string' ? parsePercent(value) : undefined;
  if (part !== undefined) return part;
  return refuse(context, {
    code: 'bad-percentage',
    message: `${quote(value)} is not a percentage`,
    remedy: typeof value === 'number' && value <= 100 ? `write ${value}%` : 'write 0% to 100%',
  });
});

function whole(code: string, min: number, max: number): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const message = `expected a whole number from ${min} to ${max}, not ${quote(value)}`;
    return refuse(context, { code, message });
  });
}

export const port = whole('bad-port', 1, 65535);
export const weight = whole('bad-weight', 0, 65535);
export const number = (min: number, max: number) => whole('bad-number', min, max);

export function choice<const T extends readonly string[]>(words: T): z.ZodType<T[number]> {
  return z.unknown().transform((value, context) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    return refuse(context, {
      code: 'bad-choice',
      message: `${quote(value)} is not one of ${words.join(', ')}`,
    });
  });
}

/** One of a few numbers. */
export function rate(rates: readonly number[]): z.ZodType<number> {
  return z.unknown().transform((value, context) => {
    if (typeof value === 'number' && rates.includes(value)) return value;
    const message = `${quote(value)} is not one of ${rates.join(', ')}`;
    return refuse(context, { code: 'bad-choice', message });
  });
}

/** One line of text, such as a path of the file system. */
export function text(max_chars: number): z.ZodType<string> {
  return z.unknown().transform((value, context) => {
    if (typeof value !== 'string')
      return refuse(context, { code: 'not-text', message: 'expected text', remedy: 'write it in quotes' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes in quotes can still bring them in
    if (/[\x00-\x1f\x7f]/.test(value))
      return refuse(context, { code: 'bad-character', message: 'must not hold control characters' });
    if (value.length > 0 && value.length <= max_chars) return value;
    const message =
      value.length === 0 ? 'must not be empty' : `must not be longer than ${max_chars} characters`;
    return refuse(context, { code: 'bad-length', message });
  });
}

/** Only one host: nothing is sent to groups or to nobody. */
function hostFault(address: Address): string | undefined {
  const range = unfitRange(address);
  return range && `${address} is ${range === 'unspecified' ? 'the' : 'a'} ${range} address`;
}

/** Read off the canonical text, since every server of a large file comes by here. */
function unfitRange(address: Address): 'multicast' | 'broadcast' | 'unspecified' | undefined {
  if (familyOf(address) === 6) {
    if (/^ff[0-9a-f]{2}:/.test(address)) return 'multicast'; // ff00::/8 (RFC 4291, 2.4)
    return address === '::' ? 'unspecified' : undefined;
  }
  const first = Number(address.slice(0, address.indexOf('.')));
  if (first === 0) return 'unspecified'; // "this network", 0.0.0.0/8 (RFC 1122, 3.2.1.3)
  if (first >= 224 && first < 240) return 'multicast'; // 224.0.0.0/4 (RFC 1112, 4)
  return address === '255.255.255.255' ? 'broadcast' : undefined;
}

function hostAddress(value: string): Address | string {
  const address = parseAddress(value);
  if (address !== undefined) return hostFault(address) === undefined ? address : hostFault(address)!;
  return `${quote(value)} is not an IP address`;
}

const ADDRESS_REMEDY = 'write a literal such as 10.0.0.1 or fd00::1; names are not looked up';

export const ipAddress = z.unknown().transform((value, context): Address => {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  if (address !== undefined && hostFault(address) === undefined) return address;
  const message = typeof value === 'string' ? hostAddress(value) : `${quote(value)} is not an IP address`;
  return refuse(context, { code: 'bad-address', message, remedy: ADDRESS_REMEDY });
});

/** `10.0.0.1`, `10.0.0.1:80`, `fd00::1`, `[fd00::1]`, `[fd00::1]:80`. */
export const serverAddress = z.unknown().transform((value, context): OptionalPort => {
  const plain = typeof value === 'string' ? value : '';
  const bracketed = /^\[([^\]]*)\]$/.exec(plain)?.[1];
  const bare = parseAddress(bracketed?.includes(':') === true ? bracketed : plain);
  const found: OptionalPort | undefined = bare ? { address: bare, port: undefined } : parseEndpoint(plain);
  const fault =
    found === undefined
      ? `${quote(value)} is not an address with an optional port`
      : (hostFault(found.address) ?? (found.port === 0 ? 'a real server has no port 0' : undefined));
  if (found !== undefined && fault === undefined) return found;
  return refuse(context, {
    code: 'bad-address',
    message: fault ?? '',
    remedy: 'write 10.0.0.1:80, 10.0.0.1, [fd00::1]:80 or fd00::1; names are not looked up',
  });
});

/** Address and port that something of this host listens on. */
export const socketAddress = z.unknown().transform((value, context) => {
  const found = typeof value === 'string' ? parseEndpoint(value) : undefined;
  if (found !== undefined && found.port > 0) return found;
  return refuse(context, {
    code: 'bad-address',
    message: `${quote(value)} is not an address and a port`,
    remedy: 'write 127.0.0.1:8443 or [::1]:8443',
  });
});

/** `10.0.0.100/24`. */
export const addressWithPrefix = z.unknown().transform((value, context) => {
  const match = typeof value === 'string' ? /^([^/]*)\/(\d{1,3})$/.exec(value) : null;
  const address = match === null ? undefined : parseAddress(match[1]!);
  if (match === null || address === undefined) {
    const lone = typeof value === 'string' ? parseAddress(value) : undefined;
    return refuse(context, {
      code: 'bad-address',
      message: lone
        ? `${lone} has no prefix length`
        : `${quote(value)} is not an address with a prefix length`,
      remedy: lone
        ? `write ${lone}/${familyOf(lone) === 4 ? 24 : 64}, say`
        : 'write 10.0.0.100/24 or fd00::100/64',
    });
  }
  const bits = Number(match[2]);
  const most = familyOf(address) === 4 ? 32 : 128;
  if (bits < 1 || bits > most)
    return refuse(context, { code: 'bad-prefix', message: `the prefix length must be from 1 to ${most}` });
  const fault = hostFault(address);
  if (fault !== undefined) return refuse(context, { code: 'bad-address', message: fault });
  return { address, prefix_bits: bits };
});

/** `tcp://10.0.0.100:80`, `udp://[fd00::1]:53`. */
export const listen = z.unknown().transform((value, context): Listen => {
  if (isFirewallMark(value))
    return refuse(context, {
      code: 'not-supported-yet',
      message: 'services by firewall mark are not supported yet by the engine',
      remedy: 'write one service per address and port',
    });
  const match = typeof value === 'string' ? /^([a-z]+):\/\/(.*)$/i.exec(value) : null;
  const protocol = PROTOCOLS.find((each) => each === match?.[1]) as Protocol | undefined;
  const endpoint = match === null ? undefined : parseEndpoint(match[2]!);
  if (match === null || protocol === undefined || endpoint === undefined) {
    const unknown = match !== null && protocol === undefined;
    return refuse(context, {
      code: 'bad-listen',
      message: unknown
        ? `${quote(match[1])} is not a protocol that is balanced`
        : `${quote(value)} says no protocol, address and port`,
      remedy: unknown ? `write tcp:// or udp://` : 'write tcp://10.0.0.100:80 or udp://[fd00::1]:53',
    });
  }
  const fault = hostFault(endpoint.address);
  if (fault !== undefined) return refuse(context, { code: 'bad-address', message: fault });
  if (endpoint.port === 0)
    return refuse(context, {
      code: 'not-supported-yet',
      message: 'port 0 (every port) is not supported yet by the engine',
      remedy: 'write one service per port',
    });
  return { protocol, ...endpoint };
});

function isFirewallMark(value: unknown): boolean {
  if (typeof value === 'string') return /^fwmark:/.test(value);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'fwmark');
}

/** What the kernel takes as an interface name (dev_valid_name in net/core/dev.c). */
export const interfaceName = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && /^[^\s/:]{1,15}$/.test(value) && value !== '.' && value !== '..')
    return value;
  return refuse(context, {
    code: 'bad-interface',
    message: `${quote(value)} is not an interface name`,
    remedy: 'write a name that `ip link` shows, such as eth0',
  });
});
