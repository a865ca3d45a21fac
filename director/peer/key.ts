// The pre-shared keys of the channel's TLS, and the identity by which an end names the one it uses. An identity is good
// for one cluster, one director, one key: a director that reaches itself, or a neighbour's pair, is turned away.
import { createHmac } from 'node:crypto';
import type { PeerKeyring } from './types.ts';

export interface PeerKey {
  readonly psk: Buffer;
  /** Tells keys apart, and nothing about them. */
  readonly id: string;
}

const IDENTITY = 'fairlead-peer-1';
const ID_BYTES = 8;
/** More lines than that nobody needs for a rotation. */
const KEYS_MAX = 8;

export function peerKeys(keyring: PeerKeyring, cluster: string): PeerKey[] {
  return keyring
    .forPurpose('peer')
    .keys.slice(0, KEYS_MAX)
    .map(({ secret }) => {
      const derive = (use: string): Buffer =>
        createHmac('sha256', secret).update(`${IDENTITY} ${use}\0${cluster}`).digest();
      return { psk: derive('psk'), id: derive('id').toString('hex', 0, ID_BYTES) };
    });
}

/** Names hold no slash. At most 160 bytes; OpenSSL takes 256. */
export function identityOf(cluster: string, director: string, key: PeerKey): string {
  return [IDENTITY, cluster, director, key.id].join('/');
}

export type KeyRefusal = 'foreign-identity' | 'other-cluster' | 'own-name' | 'other-director' | 'unknown-key';

export interface Expected {
  readonly node: string;
  readonly peer: string;
  readonly cluster: string;
  readonly keyring: PeerKeyring;
}

export function findKey(identity: string, expected: Expected): PeerKey | KeyRefusal {
  const [format, cluster, director, id, ...rest] = identity.split('/', 5);
  if (format !== IDENTITY || id === undefined || rest.length > 0) return 'foreign-identity';
  if (cluster !== expected.cluster) return 'other-cluster';
  if (director === expected.node) return 'own-name';
  if (director !== expected.peer) return 'other-director';
  return peerKeys(expected.keyring, cluster).find((key) => key.id === id) ?? 'unknown-key';
}
