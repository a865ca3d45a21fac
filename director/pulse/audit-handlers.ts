// Routes about the audit.
import type { Handlers } from '../control/backend.ts';

export function auditHandlers(): Pick<Handlers, 'audit' | 'auditVerify'> {
  return {
    audit: () => ({ records: [], more: false }),
    auditVerify: () => ({ ok: true, checked: 0, detail: 'nothing is recorded yet' }),
  };
}
