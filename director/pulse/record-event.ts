// How the parts of the supervisor tell what happened: kept by the store, followed by whoever listens, and logged.
import type { JsonValue } from '../store/record.ts';

export type RecordEvent = (
  kind: string,
  subject: string,
  reason: string,
  evidence?: JsonValue,
  /** When it happened, by the wall clock; default: now. */
  at?: number,
) => void;
