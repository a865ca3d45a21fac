// The observer, a process of its own so that it keeps time: asks every few milliseconds, on both networks, who has each
// VIP, and notes who answers and who announces. It believes nothing but the wire. Settings are its one argument, as JSON;
// commands and reports are JSON lines. The end of stdin ends it.
import { type Address, address, familyOf } from '../../../director/model/address.ts';
import { ETHERTYPE, openPacketSocket, type PacketSocket } from '../../../director/native/packet-socket.ts';
import { readLines, writeLine } from '../lines.ts';
import { monotonic_ms } from '../monotonic.ts';
import { type Asker, macBytes, question, readSighting } from './frames.ts';
import { type Ownership, OwnershipBook } from './ownership.ts';

export interface ObserverSettings {
  readonly networks: readonly {
    readonly interface_index: number;
    readonly mac: string;
    readonly address: string;
    readonly address6: string;
    readonly vips: readonly string[];
  }[];
  readonly every_ms: number;
  /** Between questions by neighbour discovery. */
  readonly every6_ms: number;
}

export type ObserverCommand =
  | { readonly do: 'report'; readonly id: number; readonly since: number }
  | { readonly do: 'trim'; readonly before: number };

export type ObserverLine =
  | { readonly ready: true }
  | { readonly began: { readonly vip: string; readonly mac: string; readonly at: number } }
  | { readonly report: number; readonly ownership: Ownership; readonly late_max_ms: number };

const book = new OwnershipBook();

/** Asks at a steady pace; returns how late it was at worst since it was asked last. */
function askEvery(every_ms: number, ask: () => void): () => number {
  let due = monotonic_ms() + every_ms;
  let late_max_ms = 0;
  const tick = (): void => {
    const now = monotonic_ms();
    late_max_ms = Math.max(late_max_ms, now - due);
    ask();
    due = Math.max(due + every_ms, now);
    setTimeout(tick, Math.max(1, due - monotonic_ms()));
  };
  setTimeout(tick, every_ms);
  return () => {
    const late = late_max_ms;
    late_max_ms = 0;
    return late;
  };
}

function hear(socket: PacketSocket, own: Address, vips: ReadonlySet<string>): Disposable {
  return socket.onFrame((frame) => {
    const sighting = readSighting(frame, own);
    if (sighting === undefined || !vips.has(sighting.vip)) return;
    const at = monotonic_ms();
    if (book.saw(sighting, at)) say({ began: { vip: sighting.vip, mac: sighting.mac, at } });
  });
}

function say(line: ObserverLine): void {
  writeLine(process.stdout, line);
}

function main(settings: ObserverSettings): void {
  const questions: { 4: (() => void)[]; 6: (() => void)[] } = { 4: [], 6: [] };
  const listening: Disposable[] = [];
  for (const network of settings.networks) {
    const vips = network.vips.map(address);
    for (const family of [4, 6] as const) {
      const own = vips.filter((vip) => familyOf(vip) === family);
      const asker: Asker = {
        mac: macBytes(network.mac),
        address: address(family === 4 ? network.address : network.address6),
      };
      const ethertype = family === 4 ? ETHERTYPE.arp : ETHERTYPE.ipv6;
      const socket = openPacketSocket(network.interface_index, ethertype);
      listening.push(hear(socket, asker.address, new Set(own)), socket);
      for (const vip of own) {
        const frame = question(vip, asker);
        questions[family].push(() => void socket.send(frame));
      }
    }
  }
  const lateness = askEvery(settings.every_ms, () => questions[4].forEach((ask) => void ask()));
  askEvery(settings.every6_ms, () => questions[6].forEach((ask) => void ask()));
  process.stdout.on('error', () => process.exit(0)); // nobody listens any more
  readLines(
    process.stdin,
    (line) => {
      const command = line as ObserverCommand;
      if (command.do === 'trim') book.trim(command.before);
      else say({ report: command.id, ownership: book.since(command.since), late_max_ms: lateness() });
    },
    () => {
      for (const open of listening) open[Symbol.dispose]();
      process.exit(0);
    },
  );
  say({ ready: true });
}

main(JSON.parse(process.argv[2] ?? '{}') as ObserverSettings);
