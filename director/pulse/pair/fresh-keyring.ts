// The pair's key file as the peer channel uses it.
import { type Keyrings, readKeyFile } from '../../../heartbeat/link/keys.ts';
import type { PeerChannelOptions } from '../../peer/types.ts';

/** Read at each use, so that a changed file counts; one that has become unusable does not take the last good one away. */
export function freshKeyring(file: string): PeerChannelOptions['keyring'] {
  let last: Keyrings = readKeyFile(file);
  return {
    forPurpose(purpose) {
      try {
        last = readKeyFile(file);
      } catch {
        // doctor says what is wrong with it.
      }
      return last.forPurpose(purpose);
    },
  };
}
