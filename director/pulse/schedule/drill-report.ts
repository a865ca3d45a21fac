// What a scheduled drill has shown, and whether it is as it should be. Pure.
import type { DrillReport } from '../../control/drill-schema.ts';
import type { SwitchoverReply } from '../../control/ha-schema.ts';

export interface PeerAfter {
  readonly node: string;
  readonly role: 'active' | 'standby';
  readonly connections: number | undefined;
  readonly vips: number;
  /** Virtual IPs that are not up on it. */
  readonly down: readonly string[];
}

export interface DrillFacts {
  /** Of the schedule's entry. */
  readonly name: string;
  readonly drill: string;
  readonly at: number;
  readonly before: {
    readonly own: number;
    readonly peer: number | undefined;
    readonly lag_ms: number | undefined;
  };
  /** Why it was not begun. */
  readonly refusal?: string;
  readonly reply?: SwitchoverReply;
  readonly after?: {
    readonly own: number;
    readonly peer: PeerAfter | undefined;
    readonly role: 'active' | 'standby';
  };
}

/** Of the connections; some end by themselves meanwhile. */
const KNOWN_LEAST = 0.9;
const COMPLAINT_MAX_CHARS = 1_000;

export function drillReport(facts: DrillFacts): DrillReport {
  const complaints = complaintsOf(facts).map((each) => each.slice(0, COMPLAINT_MAX_CHARS));
  return {
    ...{ at: facts.at, name: facts.drill, scheduled: facts.name, ok: complaints.length === 0 },
    ...{ complaints, text: [...linesOf(facts), ...complaints.map((each) => `NOT WELL: ${each}`)].join('\n') },
  };
}

function complaintsOf({ refusal, reply, before, after }: DrillFacts): string[] {
  if (refusal !== undefined) return [refusal];
  if (reply === undefined || !reply.done || after === undefined)
    return ['the switchover did not come to its end'];
  const { peer, role } = after;
  const complaints: string[] = [];
  if (role === 'active') complaints.push(`${reply.from} takes itself for active still`);
  if (peer === undefined) return [...complaints, `${reply.to} could not be asked afterwards`];
  if (peer.role !== 'active') complaints.push(`${reply.to} does not take itself for active`);
  if (peer.down.length > 0) complaints.push(`not up on ${reply.to}: ${peer.down.slice(0, 8).join(', ')}`);
  if (peer.connections !== undefined && peer.connections < before.own * KNOWN_LEAST)
    complaints.push(`${reply.to} knows ${peer.connections} of ${before.own} connections`);
  return complaints;
}

function linesOf({ name, drill, refusal, reply, before, after }: DrillFacts): string[] {
  const peer = (count: number | undefined): string => (count === undefined ? 'unknown' : String(count));
  const lag = before.lag_ms === undefined ? 'not known' : `${ms(before.lag_ms)} (p99)`;
  const first = [`${drill}, scheduled as ${name}`, `sync lag before: ${lag}`];
  if (reply === undefined || after === undefined)
    return [
      ...first,
      `connections: ${before.own} here, ${peer(before.peer)} on the peer`,
      `refused: ${refusal ?? ''}`,
    ];
  return [
    `${first[0]}: ${reply.from} -> ${reply.to}`,
    first[1]!,
    ...reply.checks.map((check) => `check ${check.name}: ${check.ok ? 'ok' : 'NOT OK'}, ${check.detail}`),
    ...Object.entries(reply.phases_ms).map(([phase, took_ms]) => `phase ${phase}: ${ms(took_ms)}`),
    `connections before: ${before.own} on ${reply.from}, ${peer(before.peer)} on ${reply.to}`,
    `connections after: ${after.own} on ${reply.from}, ${peer(after.peer?.connections)} on ${reply.to}`,
    `virtual IPs up on ${reply.to}: ${after.peer === undefined ? 'unknown' : `${after.peer.vips - after.peer.down.length} of ${after.peer.vips}`}`,
    'How long clients waited is not measured: a drill on a serving pair sends no traffic of its own.',
  ];
}

function ms(value: number): string {
  return `${Math.round(value * 10) / 10} ms`;
}
