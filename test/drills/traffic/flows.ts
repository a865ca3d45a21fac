// Flows of datagrams: numbered, one every few milliseconds from the same port. What does not come back is counted, and
// the longest time in which nothing came back.
import { createSocket, type Socket } from 'node:dgram';
import { monotonic_ms } from '../../lab/monotonic.ts';
import { fillPattern } from '../../lab/pattern.ts';
import { gapsAround } from './gaps.ts';
import type { FlowResult, TrafficSettings, TrafficTarget } from './types.ts';
import { paced, type Wheel } from './wheel.ts';

const PAYLOAD_BYTES = 64;
const TIMES_MAX = 100_000;
/** A datagram that was sent less than that ago may still be on its way. */
const UNDER_WAY_MS = 200;

class Flow {
  readonly #socket: Socket;
  readonly #seed: number;
  #connected = false;
  #next = 0;
  #sentAt: number[] = [];
  #first = 0;
  readonly #back = new Set<number>();
  times: number[] = [];
  wrong = 0;

  constructor(target: TrafficTarget, seed: number) {
    this.#seed = seed;
    this.#socket = createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
    this.#socket.on('error', () => {}); // what is not answered is counted
    this.#socket.on('message', (message) => this.#hear(message));
    this.#socket.connect(target.port, target.address, () => {
      this.#connected = true;
    });
  }

  send(): void {
    if (!this.#connected) return;
    const number = this.#next++;
    this.#sentAt.push(monotonic_ms());
    this.#socket.send(this.#datagram(number), () => {});
  }

  #datagram(number: number): Buffer {
    const bytes = fillPattern(this.#seed, number * PAYLOAD_BYTES, PAYLOAD_BYTES);
    bytes.writeUInt32BE(number, 0);
    return bytes;
  }

  /** The real server's name, a blank, the same bytes. */
  #hear(message: Buffer): void {
    const payload = message.subarray(message.indexOf(32) + 1);
    const number = payload.length >= 4 ? payload.readUInt32BE(0) : -1;
    if (number < 0 || number >= this.#next || !payload.equals(this.#datagram(number))) {
      this.wrong++;
      return;
    }
    if (number < this.#first || this.#back.has(number)) return;
    this.#back.add(number);
    if (this.times.length < TIMES_MAX) this.times.push(monotonic_ms());
  }

  begin(): void {
    this.#first = this.#next;
    this.#sentAt = [];
    this.#back.clear();
    this.times = [monotonic_ms()];
    this.wrong = 0;
  }

  count(): { sent: number; lost: number } {
    const until = monotonic_ms() - UNDER_WAY_MS;
    let [sent, lost] = [0, 0];
    for (const [index, at] of this.#sentAt.entries()) {
      if (at > until) continue;
      sent++;
      if (!this.#back.has(this.#first + index)) lost++;
    }
    return { sent, lost };
  }
}

export class Flows {
  readonly #flows: Flow[] = [];

  constructor(settings: TrafficSettings, wheel: Wheel) {
    for (const target of settings.targets.filter(({ kind }) => kind === 'udp'))
      for (let index = 0; index < settings.flows; index++) {
        const flow = new Flow(target, Math.floor(Math.random() * 0x3fff_ffff));
        this.#flows.push(flow);
        const first_at = monotonic_ms() + (index * settings.flow_every_ms) / settings.flows;
        wheel.each(paced(settings.flow_every_ms, first_at, () => flow.send()));
      }
  }

  isFlowing(now: number): boolean {
    return this.#flows.every((flow) => now - (flow.times.at(-1) ?? 0) < 1_000);
  }

  begin(): void {
    for (const flow of this.#flows) flow.begin();
  }

  end(fault_at: number): FlowResult {
    const counts = this.#flows.map((flow) => flow.count());
    const worst = this.#flows
      .map((flow) => gapsAround(flow.times, fault_at))
      .toSorted((one, other) => width(other) - width(one))[0];
    return {
      flows: this.#flows.length,
      sent: counts.reduce((total, { sent }) => total + sent, 0),
      lost: counts.reduce((total, { lost }) => total + lost, 0),
      wrong: this.#flows.reduce((total, { wrong }) => total + wrong, 0),
      ...worst,
    };
  }
}

function width({ after }: ReturnType<typeof gapsAround>): number {
  return after ? after.to - after.from : 0;
}
