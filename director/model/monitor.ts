// What it means for a real server to be up: probes, how often, and how many of them decide.
// One target and one check make one nanny, however many services share it: checkKey() is that identity.
import { type Address, formatEndpoint } from './address.ts';

/** One attempt's recipe. Every text is a literal unless said otherwise; patterns are JavaScript regular expressions. */
export type ProbeSpec =
  | { readonly kind: 'tcp' }
  | {
      readonly kind: 'http';
      readonly tls: boolean;
      readonly method: 'GET' | 'HEAD';
      readonly path: string;
      /** Host header (virtual host); default: the target. */
      readonly host?: string;
      /** TLS server name; default: host. */
      readonly sni?: string;
      /** Check the certificate against the system's authorities; default false, as real servers often have their own. */
      readonly verify: boolean;
      /** Accepted status codes, inclusive ranges. */
      readonly status: readonly { readonly from: number; readonly to: number }[];
      /** Pattern that the first 64 KiB of the body must match. */
      readonly body?: string;
    }
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'dns';
      readonly name: string;
      readonly type: 'A' | 'AAAA' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT' | 'PTR' | 'SRV';
      /** Pattern that one of the answers, as text, must match. */
      readonly answer?: string;
    }
  | {
      readonly kind: 'expect';
      readonly steps: readonly ExpectStep[];
      readonly tls: boolean;
      readonly sni?: string;
    }
  | {
      readonly kind: 'exec';
      /** Program and arguments; %a address, %p port, %s service name are replaced. Runs without a shell. */
      readonly command: readonly string[];
    };

export type ExpectStep =
  | { readonly do: 'expect'; readonly pattern: string }
  | { readonly do: 'send'; readonly text: string }
  | { readonly do: 'starttls' };

export interface MonitorSpec {
  readonly probe: ProbeSpec;
  readonly interval_ms: number;
  /** Interval while neither rise nor fall has been reached. */
  readonly fast_interval_ms: number;
  readonly timeout_ms: number;
  /** Successes in a row that bring a server up, failures in a row that take it down. */
  readonly rise: number;
  readonly fall: number;
  /** Part of the interval, 0 to 1, by which starts are scattered. */
  readonly jitter: number;
  /** Set only where the monitors of one service probe different ports: stands in for the server's probe port. */
  readonly port?: number;
}

export interface ProbeTarget {
  readonly address: Address;
  readonly port: number;
}

/** Where a monitor's probes of a server go; `probePort` is the server's. */
export function probeTarget(
  server: { address: Address; probePort: number },
  monitor: MonitorSpec,
): ProbeTarget {
  return { address: server.address, port: monitor.port ?? server.probePort };
}

/** Equal for monitors that one nanny can serve. */
export function checkKey(target: ProbeTarget, monitor: MonitorSpec, service: string): string {
  return targetKey(target, policyKey(monitor, service));
}

/** The part of checkKey() that all servers of a service share: large services ask for it once. */
export function policyKey(monitor: MonitorSpec, service: string): string {
  // The port has gone into the target already.
  const { port: _, ...rest } = monitor;
  const policy = tellsService(monitor.probe) ? { ...rest, service } : rest;
  return JSON.stringify(policy, Object.keys(flatKeys(policy)).sort());
}

export function targetKey(target: ProbeTarget, policy: string): string {
  return `${formatEndpoint(target.address, target.port)} ${policy}`;
}

/** What stands for something else in the words of a command. */
export const COMMAND_MARKS = /%[aps%]/g;

/** Whether a probe depends on the service for which it is made: one nanny cannot serve two of them then. */
export function tellsService(probe: ProbeSpec): boolean {
  return probe.kind === 'exec' && probe.command.some((word) => word.match(COMMAND_MARKS)?.includes('%s'));
}

/** JSON.stringify's replacer list names keys at every depth; this collects them. */
function flatKeys(value: unknown, keys: Record<string, true> = {}): Record<string, true> {
  if (value === null || typeof value !== 'object') return keys;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) keys[key] = true;
    flatKeys(inner, keys);
  }
  return keys;
}

export type Health = 'unknown' | 'up' | 'down';

/** What one nanny concludes; only changes travel. */
export interface Verdict {
  readonly key: string;
  readonly health: Health;
  /** The last probe's outcome in one sentence: `HTTP 200 in 3 ms`, `connection refused`. */
  readonly reason: string;
  readonly latency_ms: number | undefined;
  /** Wall clock, for people. */
  readonly at: number;
}
