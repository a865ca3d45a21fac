// Freeing entries by the sweep program: what has expired, a slice of the table each turn, and what is ordered.
import { testRun } from '../../native/libbpf.ts';
import type { FlushTarget } from '../engine.ts';
import * as layout from './layout.ts';
import type { Registry } from './registry.ts';
import type { Tables } from './tables.ts';

const { KIND, NONE, SWEEP } = layout;
/** A turn looks at all slots within this many, and at a small table as a whole. */
const SLICES = 10;
const SLICE_LEAST = 16_384;
/** SWEEP_MAX of director/bpf/sweep.h. */
const SLOTS_PER_CALL = 1_024;

interface Wanted {
  readonly kind: number;
  /** 1: expired or not. */
  readonly all: number;
  /** NONE: any. */
  readonly service: number;
  readonly server: number;
}

export class Sweeper {
  readonly #tables: Tables;
  readonly #registry: Registry;
  readonly #next = new Map<number, number>();

  constructor(tables: Tables, registry: Registry) {
    this.#tables = tables;
    this.#registry = registry;
  }

  /** Connections first: a template may outlive its time only as long as it controls some. */
  turn(): void {
    for (const kind of [KIND.connection, KIND.template]) {
      const high = this.#tables.slotsInUse;
      const from = this.#next.get(kind) ?? 0;
      const end = Math.min(high, from + Math.max(SLICE_LEAST, Math.ceil(high / SLICES)));
      this.#free(from, end, { kind, all: 0, service: NONE, server: NONE });
      this.#next.set(kind, end >= high ? 0 : end);
    }
  }

  /** Returns how many were freed. */
  flush(target: FlushTarget): number {
    const kind = target.what === 'templates' ? KIND.template : KIND.connection;
    let freed = 0;
    for (const which of this.#meant(target))
      freed += this.#free(0, this.#tables.slotsInUse, { kind, all: 1, ...which });
    return freed;
  }

  *#meant(target: FlushTarget): Generator<{ service: number; server: number }> {
    if (target.service === undefined && target.server === undefined) yield { service: NONE, server: NONE };
    else
      for (const server of this.#registry.servers) {
        if (target.service !== undefined && server.service.spec.name !== target.service) continue;
        if (target.server !== undefined && server.spec.name !== target.server) continue;
        yield { service: server.service.id, server: server.id };
      }
  }

  #free(from: number, end: number, wanted: Wanted): number {
    const context = Buffer.alloc(SWEEP.size);
    let freed = 0;
    for (let start = from; start < end; start += SLOTS_PER_CALL) {
      context.writeUInt32LE(start, SWEEP.from);
      context.writeUInt32LE(Math.min(SLOTS_PER_CALL, end - start), SWEEP.count);
      context.writeUInt32LE(wanted.kind, SWEEP.kind);
      context.writeUInt32LE(wanted.service, SWEEP.service);
      context.writeUInt32LE(wanted.server, SWEEP.server);
      context.writeUInt32LE(wanted.all, SWEEP.all);
      testRun(this.#tables.programs.sweep, { context });
      freed += context.readUInt32LE(SWEEP.freed);
    }
    return freed;
  }
}
