// IP addresses as values: one canonical text form (RFC 5952 for IPv6, dotted quad for IPv4) and one
// 16-byte wire form (IPv4 mapped, RFC 4291 2.5.5.2), so that nothing else needs to know about families.
import ipaddr from 'ipaddr.js';

/** Canonical text of an IPv4 or IPv6 address. Two addresses are equal exactly when their texts are. */
export type Address = string & { readonly __address: unique symbol };
export type Family = 4 | 6;

const ADDRESS_LENGTH_BYTES = 16;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Parses a literal address (no names, no zone, no prefix length). Returns undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (isFourPartDecimal(text)) return text as Address;
  // ipaddr.js tells bad text by an exception, which costs more than a thousand good addresses
  if (!/^[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/.test(text) || !ipaddr.IPv6.isValid(text))
    return undefined;
  const parsed = ipaddr.process(text);
  return (
    parsed.kind() === 'ipv6' ? (parsed as ipaddr.IPv6).toRFC5952String() : parsed.toString()
  ) as Address;
}

/** Without leading zeros, which some read as octal, so that such text is canonical. */
function isFourPartDecimal(text: string): boolean {
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text)) return false;
  return text.split('.').every((part) => Number(part) <= 255);
}

/** As parseAddress, for literals that the caller knows to be good. Throws TypeError otherwise. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`not an IP address: ${text}`);
  return parsed;
}

export function familyOf(value: Address): Family {
  return value.includes(':') ? 6 : 4;
}

/** The 16-byte form; IPv4 as ::ffff:a.b.c.d. */
export function addressBytes(value: Address): Uint8Array {
  if (familyOf(value) === 6) return Uint8Array.from(ipaddr.parse(value).toByteArray());
  const bytes = new Uint8Array(ADDRESS_LENGTH_BYTES);
  bytes.set(MAPPED_PREFIX);
  // canonical, so there are four decimal numbers; tables of many thousand addresses are filled through here
  for (const [index, part] of value.split('.').entries()) bytes[12 + index] = Number(part);
  return bytes;
}

/** Reads the 16-byte form at an offset. Throws RangeError when fewer than 16 bytes are left. */
export function addressFromBytes(bytes: Uint8Array, offset = 0): Address {
  if (offset + ADDRESS_LENGTH_BYTES > bytes.length) throw new RangeError('address is cut off');
  if (isMapped(bytes, offset))
    return `${bytes[offset + 12]}.${bytes[offset + 13]}.${bytes[offset + 14]}.${bytes[offset + 15]}` as Address;
  const slice = [...bytes.subarray(offset, offset + ADDRESS_LENGTH_BYTES)];
  return new ipaddr.IPv6(slice).toRFC5952String() as Address;
}

function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < MAPPED_PREFIX.length; index++)
    if (bytes[offset + index] !== MAPPED_PREFIX[index]) return false;
  return true;
}

/** Keeps the first `prefix_bits` bits of an address (of its own family) and clears the rest. */
export function maskAddress(value: Address, prefix_bits: number): Address {
  const mask = prefixMask(familyOf(value), prefix_bits);
  return addressFromBytes(addressBytes(value).map((byte, index) => byte & mask[index]!));
}

/** The 16-byte form's mask that keeps the first `prefix_bits` bits of an address of this family. */
export function prefixMask(family: Family, prefix_bits: number): Uint8Array {
  const kept = (family === 4 ? 96 : 0) + prefix_bits;
  return Uint8Array.from({ length: ADDRESS_LENGTH_BYTES }, (_, index) => {
    const bits = Math.min(8, Math.max(0, kept - index * 8));
    return (0xff << (8 - bits)) & 0xff;
  });
}

/** Bytes of the outer IP header that leads to this address (RFC 2003, RFC 2473). */
export function outerHeaderBytes(to: Address): number {
  return familyOf(to) === 4 ? 20 : 40;
}

/** `10.0.0.1:80` or `[fd00::1]:80`. */
export function formatEndpoint(value: Address, port: number): string {
  return familyOf(value) === 6 ? `[${value}]:${port}` : `${value}:${port}`;
}

/** Reverse of formatEndpoint. Returns undefined for anything that is not exactly address and port (0-65535). */
export function parseEndpoint(text: string): { address: Address; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const parsed = parseAddress(match[1] ?? match[2] ?? '');
  const port = Number(match[3]);
  if (parsed === undefined || port > 65535) return undefined;
  if ((match[1] !== undefined) !== (familyOf(parsed) === 6)) return undefined;
  return { address: parsed, port };
}
