// A list of things that happen to an engine, and what comes of them as text: two engines that were given the same
// scenario must give the same trace, to the letter. Scenarios are plain data, so that a failing one can be shrunk.
import type { Engine, FlushTarget, PacketPort, PacketVerdict } from '../../../director/engine/engine.ts';
import { formatEndpoint } from '../../../director/model/address.ts';
import type { Protocol } from '../../../director/model/service.ts';
import type { ConnectionState } from '../../../director/model/state.ts';
import type { Step } from '../../../director/model/step.ts';
import { type IcmpErrorKind, icmpError, type TcpFields, tcp, udp } from './build.ts';
import { hex, u16 } from './bytes.ts';
import { decode, ipPart } from './decode.ts';
import { describeFrame } from './describe.ts';

/** A conversation as its client sees it: `address:port` of both ends. */
export interface Flow {
  readonly protocol: Protocol;
  readonly client: string;
  readonly virtual: string;
}

export type Action =
  | { readonly do: 'apply'; readonly steps: readonly Step[] }
  | { readonly do: 'inject'; readonly frame: Uint8Array }
  /** The real server's packet, from whichever server the flow's last packet was sent to. */
  | { readonly do: 'respond'; readonly flow: Flow; readonly fields: Omit<TcpFields, 'from' | 'to'> }
  /** An ICMP error from the real server's side about the packet that the flow's client sent. */
  | { readonly do: 'complain'; readonly flow: Flow; readonly kind: IcmpErrorKind; readonly ttl: number }
  | { readonly do: 'advance'; readonly by_ms: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'flush'; readonly target: FlushTarget }
  | { readonly do: 'timeouts'; readonly timeouts_ms: Readonly<Partial<Record<ConnectionState, number>>> };

export type Scenario = readonly Action[];

/** One action after it was carried out. */
export interface Observation {
  readonly action: Action;
  /** What was fed in, and what came of it. */
  readonly frame?: Uint8Array;
  readonly verdict?: PacketVerdict;
}

/** Away from 0, which an engine may take for a clock that was never set. */
const START_MS = 1000;

/** Carries everything out on a fresh engine. The trace has a line per action and ends with the dump. */
export function runScenario(
  engine: Engine & PacketPort,
  scenario: Scenario,
  watch: (observation: Observation) => void = () => {},
): string[] {
  const run = new Run(engine);
  const trace = scenario.map((action, index) => `${index} ${run.carryOut(action, watch)}`);
  return [...trace, ...engine.dump().split('\n')];
}

/** The scenario for people, one line per action. */
export function describeScenario(scenario: Scenario): string {
  return scenario
    .map((action) =>
      action.do === 'inject' ? `inject ${describeFrame(action.frame)}` : JSON.stringify(action),
    )
    .join('\n');
}

class Run {
  readonly #engine: Engine & PacketPort;
  /** Where each flow's last packet went. */
  readonly #servers = new Map<string, string>();
  #now_ms = START_MS;

  constructor(engine: Engine & PacketPort) {
    this.#engine = engine;
    engine.setClock(this.#now_ms);
  }

  carryOut(action: Action, watch: (observation: Observation) => void): string {
    const frame = this.#frameOf(action);
    if (frame) {
      const verdict = this.#engine.inject(frame);
      this.#follow(frame, verdict);
      watch({ action, frame, verdict });
      return `${describeFrame(frame)} => ${describeVerdict(verdict)}`;
    }
    const text = this.#change(action);
    watch({ action });
    return `${action.do} ${text}`;
  }

  #frameOf(action: Action): Uint8Array | undefined {
    if (action.do === 'inject') return action.frame;
    if (action.do !== 'respond' && action.do !== 'complain') return undefined;
    const { protocol, client } = action.flow;
    const server = this.#servers.get(flowKey(action.flow));
    if (server === undefined) return undefined;
    if (action.do === 'respond') {
      const fields = { ...action.fields, from: server, to: client };
      return protocol === 'tcp' ? tcp(fields) : udp(fields);
    }
    const about = protocol === 'tcp' ? tcp({ from: client, to: server }) : udp({ from: client, to: server });
    return icmpError({ kind: action.kind, from: host(server), to: host(client), about, ttl: action.ttl });
  }

  #change(action: Action): string {
    switch (action.do) {
      case 'apply':
        return this.#engine
          .apply(action.steps)
          .map((outcome) => `${outcome.service}:${outcome.ok ? 'ok' : outcome.code}`)
          .join(' ');
      case 'advance':
        this.#now_ms += action.by_ms;
        this.#engine.setClock(this.#now_ms);
        return `to ${this.#now_ms} ms`;
      case 'sweep':
        this.#engine.sweep();
        return '';
      case 'flush':
        return `${JSON.stringify(action.target)} freed ${this.#engine.flush(action.target)}`;
      case 'timeouts':
        this.#engine.setTimeouts(action.timeouts_ms);
        return JSON.stringify(action.timeouts_ms);
      default:
        return 'nobody: its server is not known or answers past the director';
    }
  }

  /** Remembers the server of a translated packet; the other methods' servers answer past the director. */
  #follow(frame: Uint8Array, verdict: PacketVerdict): void {
    if (verdict.outcome !== 'forward' || !verdict.frame) return;
    const [before, after] = [endsOf(frame), endsOf(verdict.frame)];
    if (!before || !after || before.source !== after.source || before.destination === after.destination)
      return;
    this.#servers.set(`${before.protocol} ${before.source} ${before.destination}`, after.destination);
  }
}

function endsOf(frame: Uint8Array) {
  const packet = decode(frame);
  if (packet.kind !== 'ip' || packet.fragment?.offset || packet.payload.length < 8) return undefined;
  if (packet.protocol !== 6 && packet.protocol !== 17) return undefined;
  return {
    protocol: packet.protocol === 6 ? 'tcp' : 'udp',
    source: formatEndpoint(packet.source, u16(packet.payload, 0)),
    destination: formatEndpoint(packet.destination, u16(packet.payload, 2)),
  };
}

function flowKey({ protocol, client, virtual }: Flow): string {
  return `${protocol} ${client} ${virtual}`;
}

/** Link addresses are each engine's own; everything from the IP header on is compared. */
function describeVerdict({ outcome, frame }: PacketVerdict): string {
  return frame ? `${outcome} ${describeFrame(frame)} ${hex(ipPart(frame))}` : outcome;
}

/** The address of `address:port`. */
export function host(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/[[\]]/g, '');
}
