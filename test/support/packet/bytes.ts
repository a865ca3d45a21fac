// Small byte helpers for the frame builder: network order in, network order out.
import { type Address, addressBytes, familyOf } from '../../../director/model/address.ts';

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 255;
  bytes[at + 1] = value & 255;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 0x10000) & 0xffff);
  put16(bytes, at + 2, value & 0xffff);
}

/** 4 or 16 bytes, as the address stands in an IP header. */
export function wireAddress(address: Address): Uint8Array {
  const bytes = addressBytes(address);
  return familyOf(address) === 4 ? bytes.slice(12) : bytes;
}

/** Text becomes UTF-8, a number that many bytes of a pattern. */
export function payloadBytes(payload: string | number | Uint8Array): Uint8Array {
  if (typeof payload === 'string') return new TextEncoder().encode(payload);
  if (typeof payload === 'number')
    return Uint8Array.from({ length: payload }, (_, index) => (index * 7 + 1) & 255);
  return payload;
}

/** Zero bytes up to the next multiple. */
export function padTo(bytes: Uint8Array, multiple: number): Uint8Array {
  return concat(bytes, new Uint8Array((multiple - (bytes.length % multiple)) % multiple));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
