// What the main thread and history's thread say to each other.
import type { Level, Metric } from '../model/metric.ts';
import type { SeriesQuestion } from './core/question.ts';
import type { Opening } from './file.ts';

export interface HistoryWorkerData {
  readonly file: string;
  readonly limit_bytes: number;
}

/** A point in time of all subjects that were named last. */
export interface SampleMessage {
  readonly kind: 'sample';
  readonly at: number;
  readonly span_ms: number;
  /** Row by row, METRICS.length numbers each; its memory is handed over. */
  readonly values: Float32Array;
}

export type HistoryRequest =
  | { readonly id: number; readonly kind: 'series'; readonly question: SeriesQuestion }
  | { readonly id: number; readonly kind: 'moment'; readonly at: number }
  | { readonly id: number; readonly kind: 'copy'; readonly file: string }
  | { readonly id: number; readonly kind: 'status' | 'upkeep' | 'close' };

export type ToWorker =
  | SampleMessage
  | { readonly kind: 'subjects'; readonly names: readonly string[] }
  | { readonly kind: 'limit'; readonly limit_bytes: number }
  | HistoryRequest;

export interface WorkerStatus {
  readonly state: 'ok' | 'behind' | 'memory';
  readonly detail?: string;
  readonly bytes: number;
  readonly bytes_max: number;
  readonly subjects: number;
  readonly levels: readonly {
    readonly level: Level;
    readonly keep_ms: number;
    readonly bytes: number;
    readonly oldest?: number;
    readonly newest?: number;
  }[];
  readonly dropped: number;
  /** CPU time of the thread. */
  readonly cpu_ms: number;
}

export interface SeriesReply {
  readonly level: Level;
  readonly step_ms: number;
  readonly start: number;
  readonly points: number;
  readonly values: ReadonlyMap<Metric, Float64Array>;
  readonly highs: ReadonlyMap<Metric, Float64Array>;
}

export interface MomentReply {
  readonly level: Level;
  readonly at: number;
  readonly names: readonly string[];
  readonly values: Float64Array;
}

export type HistoryReply = SeriesReply | MomentReply | WorkerStatus | undefined;

export type FromWorker =
  | ({ readonly kind: 'opened' } & Opening)
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string; readonly remedy?: string }
  /** Samples are counted out one by one, so that they cannot pile up. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'behind'; readonly detail: string }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'done'; readonly id: number; readonly reply: HistoryReply }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: string;
      readonly detail: string;
      readonly remedy?: string;
    };
