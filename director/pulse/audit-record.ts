// From what the control API tells of a write to what the audit keeps: limited in size, without secrets, and never an
// error, since the write itself has been carried out by then.
import type { AuditEntry } from '../control/backend.ts';
import { redactText, redactValue } from '../model/redact.ts';
import { canonicalJson } from '../store/audit-chain.ts';
import type { JsonValue, NewAudit } from '../store/record.ts';

const VALUE_MAX_CHARS = 4_096;
const TARGET_MAX_CHARS = 256;
const DETAIL_MAX_CHARS = 1_024;

export function toAudit(entry: AuditEntry, at: number): NewAudit {
  const before = limited(entry.before);
  const after = limited(entry.after);
  return {
    at,
    who: entry.who,
    origin: entry.origin,
    action: entry.action,
    target: cut(entry.target, TARGET_MAX_CHARS),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    outcome: entry.outcome,
    detail: cut(redactText(entry.detail), DETAIL_MAX_CHARS),
  };
}

/** What is too large is kept as the beginning of its JSON, with a mark. */
function limited(value: unknown): JsonValue | undefined {
  if (value === undefined) return undefined;
  try {
    const plain = JSON.parse(JSON.stringify(redactValue(value))) as JsonValue;
    const text = canonicalJson(plain);
    return text.length <= VALUE_MAX_CHARS
      ? plain
      : { cut: text.slice(0, VALUE_MAX_CHARS - 64), of_chars: text.length };
  } catch {
    return { cut: '', of_chars: 0 };
  }
}

function cut(text: string, chars_max: number): string {
  return text.length <= chars_max ? text : `${text.slice(0, chars_max - 1)}…`;
}
