// Finds out where real servers send what is for clients, by pings in the name of a stranger (stranger-frames.ts).
// Guarantees: ends within its time; a server that answers nothing to strangers is `elsewhere`, so whoever asks must know
// that it answers pings at all.
import type { Address } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { ETHERTYPE, openPacketSocket, type PacketSocket } from '../../native/packet-socket.ts';
import type { Link } from '../../native/rtnetlink.ts';
import type { Suspect } from './facts.ts';
import { readStrangerReply, strangerFilter, strangerPing } from './stranger-frames.ts';

const TIMEOUT_MS = 900;
const PINGS = 3;

export async function askInNameOfStranger(
  suspects: readonly Suspect[],
  links: readonly Link[],
  clock: Clock,
): Promise<Map<Address, 'here' | 'elsewhere'>> {
  const heard = new Map<Address, 'here' | 'elsewhere'>(suspects.map(({ server }) => [server, 'elsewhere']));
  const identifier = (process.pid + 1) & 0xffff;
  const done = Promise.withResolvers<void>();
  using resources = new DisposableStack();
  const ways = new Map<string, { readonly socket: PacketSocket; readonly mac: Uint8Array }>();
  for (const name of new Set(suspects.map((each) => each.interface))) {
    const link = links.find((each) => each.name === name);
    const mac = link?.mac;
    if (link === undefined || mac === undefined) continue;
    const socket = resources.use(openPacketSocket(link.index, ETHERTYPE.ipv4, strangerFilter()));
    ways.set(name, { socket, mac });
    const listening = socket.onFrame((frame) => {
      const server = readStrangerReply(frame, mac, identifier);
      if (server !== undefined && heard.has(server)) heard.set(server, 'here');
      if ([...heard.values()].every((where) => where === 'here')) done.resolve();
    });
    resources.use(listening);
  }
  const ask = (): void => {
    for (const { server, interface: name, mac } of suspects) {
      const way = ways.get(name);
      if (way === undefined || heard.get(server) === 'here') continue;
      const serverMac = Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
      try {
        way.socket.send(strangerPing({ server, serverMac, ownMac: way.mac, identifier }));
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error; // the interface is down
      }
    }
  };
  ask();
  for (let turn = 1; turn < PINGS; turn++) resources.use(clock.after((TIMEOUT_MS / PINGS) * turn, ask));
  resources.use(clock.after(TIMEOUT_MS, () => done.resolve()));
  if (heard.size > 0) await done.promise;
  return heard;
}
