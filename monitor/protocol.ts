// What pulse and a monitor process say to each other over the child's IPC channel. Both ends check what they are told:
// they may be of different versions for a moment while a package is upgraded.
import { z } from 'zod';
import { type Address, parseAddress } from '../director/model/address.ts';
import type { MonitorSpec, ProbeSpec, ProbeTarget, Verdict } from '../director/model/monitor.ts';
import { faultOf, type ProbeColumns } from './probe-batch.ts';
import type { MonitorStats } from './stats.ts';

/** One nanny's task. */
export interface Check {
  /** checkKey() of target, monitor and service. */
  readonly key: string;
  readonly target: ProbeTarget;
  /** Name of the virtual service, for probes that pass it on. */
  readonly service: string;
  readonly monitor: MonitorSpec;
  /** What is known already, so that a new process goes on from there; default unknown. */
  readonly health?: 'up' | 'down';
}

export type ToMonitor =
  /**
   * The whole list each time; nannies of unchanged keys keep their state and their place in the schedule. `number`: probes are
   * wanted, and name checks by their place in the list of this number.
   */
  | { readonly kind: 'assign'; readonly checks: readonly Check[]; readonly number?: number }
  /** The outcome is told even if it changes nothing. */
  | { readonly kind: 'probe-now'; readonly key: string }
  /** Asks for a complete list of verdicts with the latest reasons and latencies. */
  | { readonly kind: 'report' };

export type FromMonitor =
  /** Changes; with `complete` every nanny, as the answer to an assignment or a report. */
  | { readonly kind: 'verdicts'; readonly complete?: boolean; readonly verdicts: readonly Verdict[] }
  | ({ readonly kind: 'stats' } & MonitorStats)
  | ({ readonly kind: 'probes' } & ToldProbes);

/** Outcomes since the last message, of checks by their place in the assignment of that number. */
export interface ToldProbes extends ProbeColumns {
  readonly assignment: number;
  /** Wall clock that ages count back from. */
  readonly at: number;
}

const CHECKS_LIMIT = 100_000;

const address = z.custom<Address>((value) => typeof value === 'string' && parseAddress(value) === value);
const port = z.int().min(0).max(65_535);
const duration_ms = z.number().positive().max(86_400_000);
const text = z.string().max(65_536);

const expectStep = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('expect'), pattern: text }),
  z.strictObject({ do: z.literal('send'), text }),
  z.strictObject({ do: z.literal('starttls') }),
]);

const probe: z.ZodType<ProbeSpec> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp') }),
  z.strictObject({
    kind: z.literal('http'),
    tls: z.boolean(),
    method: z.enum(['GET', 'HEAD']),
    path: text,
    host: text.exactOptional(),
    sni: text.exactOptional(),
    verify: z.boolean(),
    status: z.array(z.strictObject({ from: z.int(), to: z.int() })).max(64),
    body: text.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('ping') }),
  z.strictObject({
    kind: z.literal('dns'),
    name: text,
    type: z.enum(['A', 'AAAA', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'PTR', 'SRV']),
    answer: text.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('expect'),
    steps: z.array(expectStep).max(64),
    tls: z.boolean(),
    sni: text.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('exec'), command: z.array(text).min(1).max(256) }),
]);

const monitor: z.ZodType<MonitorSpec> = z.strictObject({
  probe,
  interval_ms: duration_ms,
  fast_interval_ms: duration_ms,
  timeout_ms: duration_ms,
  rise: z.int().min(1).max(1000),
  fall: z.int().min(1).max(1000),
  jitter: z.number().min(0).max(1),
  port: port.exactOptional(), // in the target already
});

const check: z.ZodType<Check> = z.strictObject({
  key: text,
  target: z.strictObject({ address, port }),
  service: text,
  monitor,
  health: z.enum(['up', 'down']).exactOptional(),
});

const toMonitor: z.ZodType<ToMonitor> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('assign'),
    checks: z.array(check).max(CHECKS_LIMIT),
    number: z.int().min(0).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('probe-now'), key: text }),
  z.strictObject({ kind: z.literal('report') }),
]);

const verdict: z.ZodType<Verdict> = z.strictObject({
  key: text,
  health: z.enum(['unknown', 'up', 'down']),
  reason: text,
  latency_ms: z.number().or(z.undefined()),
  at: z.number(),
});

const count = z.number().min(0);

const fromMonitor: z.ZodType<Exclude<FromMonitor, { kind: 'probes' }>> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verdicts'),
    complete: z.boolean().exactOptional(),
    verdicts: z.array(verdict).max(CHECKS_LIMIT),
  }),
  z.strictObject({
    kind: z.literal('stats'),
    probes: count,
    failures: count,
    inconclusive: count,
    lateness_p50_ms: count,
    lateness_p99_ms: count,
    inFlight: count,
    cpu_ms: count,
  }),
]);

export type Read<Message> = { readonly message: Message } | { readonly problem: string };

export function readToMonitor(value: unknown): Read<ToMonitor> {
  return read(toMonitor, value);
}

export function readFromMonitor(value: unknown): Read<FromMonitor> {
  return isProbes(value) ? readProbes(value) : read(fromMonitor, value);
}

function isProbes(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'probes';
}

/** By hand: zod would make an object of every number. */
function readProbes(value: Record<string, unknown>): Read<FromMonitor> {
  const { assignment, at, places } = value;
  if (!Number.isSafeInteger(assignment) || (assignment as number) < 0)
    return { problem: 'assignment: no number' };
  if (typeof at !== 'number' || !Number.isFinite(at)) return { problem: 'at: no time' };
  const fault = faultOf(value);
  if (fault !== undefined) return { problem: fault };
  if ((places as Uint32Array).length > CHECKS_LIMIT) return { problem: 'places: too many' };
  return { message: value as unknown as FromMonitor };
}

function read<Message>(schema: z.ZodType<Message>, value: unknown): Read<Message> {
  const result = schema.safeParse(value);
  if (result.success) return { message: result.data };
  const issue = result.error.issues[0];
  return { problem: `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not understood'}` };
}
