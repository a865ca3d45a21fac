// Whether an error means that the director is away, rather than that it said no.
import { FairleadError } from '../../director/model/error.ts';

const ABSENCE: ReadonlySet<string> = new Set([
  'not-running',
  'no-permission',
  'connection-lost',
  'no-answer',
]);

export function isAbsence(error: unknown): error is FairleadError {
  return error instanceof FairleadError && ABSENCE.has(error.code);
}
