// Loads decap.bpf.c, a real server's end of method tunnel, and attaches it to an interface of the namespace that the
// calling thread is in. It stays attached when this process ends; disposing takes it off.
import { type Address, addressBytes } from '../../model/address.ts';
import {
  attachTc,
  BpfObject,
  detachTc,
  lookUpElement,
  type TcPlace,
  updateElement,
} from '../../native/libbpf.ts';

/** Order and meaning are those of `enum outcome` in decap.bpf.c. */
export const DECAP_OUTCOMES = [
  'decapsulated',
  'foreign',
  'fragment',
  'malformed',
  'congested',
  'refused',
] as const;
export type DecapOutcome = (typeof DECAP_OUTCOMES)[number];

/** Packets from `peer` (undefined: from anybody) to `local` are taken apart. */
export interface DecapEnds {
  readonly local: Address;
  readonly peer?: Address;
}

/** As LIMITS of the map in decap.bpf.c. */
export const DECAP_ENDS_MAX = 1_024;
const ADDRESS_BYTES = 16;
const COUNTER_BYTES = 8;
const PROGRAM = 'decap';

export interface LoadedDecap extends Disposable {
  readonly programFd: number;
  /** Packets of tunnels that were met, by what became of them, since it was loaded. */
  counters(): Record<DecapOutcome, number>;
}

/** Loads without attaching. Throws FairleadError with the kernel's reason. */
export function loadDecap(objectFile: string, ends: readonly DecapEnds[]): LoadedDecap {
  if (ends.length > DECAP_ENDS_MAX) throw new RangeError(`at most ${DECAP_ENDS_MAX} pairs of tunnel ends`);
  const object = new BpfObject(objectFile);
  try {
    object.load();
    const endsFd = object.map('decap_ends').fd;
    for (const pair of ends) updateElement(endsFd, keyOf(pair), Uint8Array.of(1, 0, 0, 0));
    const countersFd = object.map('decap_counters').fd;
    return {
      programFd: object.programFd(PROGRAM),
      counters: () => readCounters(countersFd),
      [Symbol.dispose]: () => object[Symbol.dispose](),
    };
  } catch (error) {
    object[Symbol.dispose]();
    throw error;
  }
}

/** Puts it at the interface's ingress, in the place of what stood there before. */
export function attachDecap(loaded: LoadedDecap, interface_index: number): Disposable {
  const place: TcPlace = { interface_index, handle: 1, priority: 100 };
  attachTc(place, loaded.programFd);
  return { [Symbol.dispose]: () => void detachTc(place) };
}

function keyOf(ends: DecapEnds): Uint8Array {
  const key = new Uint8Array(2 * ADDRESS_BYTES);
  key.set(addressBytes(ends.local), 0);
  if (ends.peer !== undefined) key.set(addressBytes(ends.peer), ADDRESS_BYTES);
  return key;
}

function readCounters(fd: number): Record<DecapOutcome, number> {
  const counts = {} as Record<DecapOutcome, number>;
  const value = new Uint8Array(COUNTER_BYTES);
  DECAP_OUTCOMES.forEach((outcome, index) => {
    lookUpElement(fd, Uint8Array.of(index, 0, 0, 0), value);
    counts[outcome] = Number(new DataView(value.buffer).getBigUint64(0, true));
  });
  return counts;
}
