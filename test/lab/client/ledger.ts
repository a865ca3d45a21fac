// Collects what the client's activities see until the next report takes it away. All lists are limited.
import {
  type ClientReport,
  FAILURES_MAX,
  type Failure,
  type FailureKind,
  LATENCIES_MAX,
  type ServiceReport,
} from './traffic.ts';

interface Page {
  answered: Record<string, number>;
  latencies_ms: number[];
  verified_bytes: number;
  bulks: number;
  stall_ms: number;
}

export interface Ledger {
  answered(service: string, server: string, latency_ms: number, bytes: number): void;
  verified(service: string, bytes: number): void;
  bulk(service: string, bytes: number): void;
  stalled(service: string, silence_ms: number): void;
  failed(failure: Failure): void;
  /** A held connection came up (+1) or ended (-1). */
  held(service: string, server: string, change: 1 | -1): void;
  take(at: number): ClientReport;
}

export function createLedger(services: readonly string[]): Ledger {
  const pages = new Map<string, Page>();
  const held = new Map<string, Record<string, number>>();
  let failures: Failure[] = [];
  let failuresMore = 0;
  let answered_at: number | undefined;
  let gap: ClientReport['gap'];
  const page = (service: string): Page => {
    let found = pages.get(service);
    if (!found) {
      found = { answered: {}, latencies_ms: [], verified_bytes: 0, bulks: 0, stall_ms: 0 };
      pages.set(service, found);
    }
    return found;
  };
  return {
    answered(service, server, latency_ms, bytes) {
      const now = Date.now();
      if (answered_at !== undefined && (gap === undefined || now - answered_at > gap.to - gap.from))
        gap = { from: answered_at, to: now };
      answered_at = now;
      const to = page(service);
      to.answered[server] = (to.answered[server] ?? 0) + 1;
      to.verified_bytes += bytes;
      if (to.latencies_ms.length < LATENCIES_MAX) to.latencies_ms.push(Math.round(latency_ms * 100) / 100);
    },
    verified(service, bytes) {
      page(service).verified_bytes += bytes;
    },
    bulk(service, bytes) {
      const to = page(service);
      to.bulks++;
      to.verified_bytes += bytes;
    },
    stalled(service, silence_ms) {
      const to = page(service);
      to.stall_ms = Math.max(to.stall_ms, Math.round(silence_ms));
    },
    failed(failure) {
      if (failures.length < FAILURES_MAX) failures.push(failure);
      else failuresMore++;
    },
    held(service, server, change) {
      const to = held.get(service) ?? {};
      to[server] = (to[server] ?? 0) + change;
      held.set(service, to);
    },
    take(at) {
      const report: Record<string, ServiceReport> = {};
      for (const service of services)
        report[service] = { ...page(service), held: { ...(held.get(service) ?? {}) } };
      const taken = { at, services: report, failures, failuresMore, ...(gap ? { gap } : {}) };
      pages.clear();
      failures = [];
      failuresMore = 0;
      gap = undefined;
      return taken;
    },
  };
}

const KIND_BY_CODE: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

/** Socket errors by their code; whatever else is `other`, with its text kept. */
export function failureKind(error: Error & { code?: string }): FailureKind {
  return KIND_BY_CODE[error.code ?? ''] ?? 'other';
}
