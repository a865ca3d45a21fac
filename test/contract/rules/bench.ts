// A short way to set up an engine and to say what it did: services and servers as lines of text, verdicts as lines of
// text. The rules beside this file hold for every engine that takes synthetic packets (docs/packet-path.md).
import { expect } from 'vitest';
import type { Engine, PacketPort } from '../../../director/engine/engine.ts';
import { type Address, address, parseEndpoint } from '../../../director/model/address.ts';
import type { RemovalPolicy, ServerSpec, ServiceSpec } from '../../../director/model/service.ts';
import type { Step, StepOutcome } from '../../../director/model/step.ts';
import { ipPart } from '../../support/packet/decode.ts';
import { checksumsOk, describeFrame } from '../../support/packet/describe.ts';

export interface EngineOptions {
  readonly capacity: number;
  /** MTU of the way to every server. */
  readonly mtu: number;
  /** The director's address on the way to every server. */
  readonly tunnelSource: { readonly 4: Address; readonly 6: Address };
}

/** Makes an engine for synthetic packets whose every server can be reached. */
export type EngineFactory = (options: EngineOptions) => Engine & PacketPort;

const START_MS = 1000;

export class Bench implements Disposable {
  readonly engine: Engine & PacketPort;
  #now_ms = START_MS;

  constructor(create: EngineFactory, options: Partial<EngineOptions> = {}) {
    const tunnelSource = { 4: address('10.1.0.11'), 6: address('fd00:1::11') };
    this.engine = create({ capacity: 1000, mtu: 1500, tunnelSource, ...options });
    this.engine.setClock(this.#now_ms);
  }

  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]();
  }

  /** `www tcp://10.0.0.100:80 rr 60s/32` and its servers, each `a 10.1.0.21:8000 nat 1`. */
  service(text: string, ...servers: string[]): ServiceSpec {
    const spec = readService(text);
    this.steps({ kind: 'add-service', service: spec });
    for (const server of servers) this.addServer(spec.name, server);
    return spec;
  }

  addServer(service: string, text: string): void {
    this.steps({ kind: 'add-server', service, server: readServer(text) });
  }

  editServer(service: string, text: string): void {
    this.steps({ kind: 'edit-server', service, server: readServer(text) });
  }

  removeServer(service: string, server: string, policy: RemovalPolicy = 'silent'): void {
    this.steps({ kind: 'remove-server', service, server, policy });
  }

  removeService(service: string, policy: RemovalPolicy = 'silent'): void {
    this.steps({ kind: 'remove-service', service, policy });
  }

  /** Steps that must succeed. */
  steps(...steps: Step[]): void {
    for (const outcome of this.engine.apply(steps))
      expect(outcome).toEqual({ service: outcome.service, ok: true });
  }

  /** The code of each service's outcome. */
  try(...steps: Step[]): string[] {
    return this.engine.apply(steps).map(codeOf);
  }

  /** What became of a frame: `forward 10.0.0.1:4000 > 10.1.0.21:80 tcp …`, `local`, or `drop no-server`. */
  send(frame: Uint8Array): string {
    const before = this.engine.snapshot().totals.dropped;
    const verdict = this.engine.inject(frame);
    const after = this.engine.snapshot().totals.dropped;
    const reasons = Object.entries(after).filter(
      ([reason, count]) => count > before[reason as keyof typeof before],
    );
    const reason = reasons.map(([name]) => ` ${name}`).join('');
    if (!verdict.frame) return `${verdict.outcome}${reason}`;
    if (checksumsOk(frame) && !checksumsOk(verdict.frame)) throw new Error(describeFrame(verdict.frame));
    return `${verdict.outcome}${reason} ${describeFrame(verdict.frame)}`;
  }

  /** The frame that goes out for this one. */
  output(frame: Uint8Array): Uint8Array {
    const verdict = this.engine.inject(frame);
    if (!verdict.frame) throw new Error(`${describeFrame(frame)} => ${verdict.outcome}`);
    return verdict.frame;
  }

  /** As output, without the link header. */
  outputIp(frame: Uint8Array): Uint8Array {
    return ipPart(this.output(frame));
  }

  /** The server, `address:port`, that a frame was forwarded to; the verdict if it was not. */
  target(frame: Uint8Array): string {
    const text = this.send(frame);
    return /^forward \S+ > (\S+)/.exec(text)?.[1] ?? text;
  }

  wait(by_ms: number): void {
    this.#now_ms += by_ms;
    this.engine.setClock(this.#now_ms);
  }

  /** Lines of the dump that begin with this word, leading spaces cut. */
  lines(word: 'totals' | 'service' | 'server' | 'connection' | 'template'): string[] {
    return this.engine
      .dump()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith(`${word} `));
  }

  /** State of each connection, in the order of the dump. */
  states(): string[] {
    return this.engine.connections({ kind: 'connection' }, 1000).map(({ state }) => state);
  }

  /** `active/inactive/templates` of a server. */
  load(service: string, server: string): string {
    const services = this.engine.snapshot().services.filter(({ spec }) => spec.name === service);
    const found = services.flatMap(({ servers }) => servers).find(({ spec }) => spec.name === server);
    return found ? `${found.active}/${found.inactive}/${found.templates}` : 'gone';
  }
}

export function codeOf(outcome: StepOutcome): string {
  return outcome.ok ? 'ok' : outcome.code;
}

export function readService(text: string): ServiceSpec {
  const [name = '', listen = '', scheduler = 'rr', lasting] = text.split(' ');
  const [protocol, end = ''] = listen.split('://');
  const at = parseEndpoint(end);
  if (!at) throw new TypeError(`not a place to listen on: ${listen}`);
  const [timeout = '', netmask = ''] = lasting?.split('s/') ?? [];
  const persistence = lasting
    ? { persistence: { timeout_s: Number(timeout), netmask_bits: Number(netmask) } }
    : {};
  return {
    name,
    listen: { protocol: protocol as ServiceSpec['listen']['protocol'], ...at },
    scheduler: scheduler as ServiceSpec['scheduler'],
    ...persistence,
  };
}

export function readServer(text: string): ServerSpec {
  const [name = '', end = '', method = 'nat', weight = '1'] = text.split(' ');
  const at = parseEndpoint(end);
  if (!at) throw new TypeError(`not address and port: ${end}`);
  return { name, ...at, method: method as ServerSpec['method'], weight: Number(weight) };
}
