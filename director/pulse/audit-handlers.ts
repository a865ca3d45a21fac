// Routes about the audit, and what the handlers of orders tell it: the state before and after, in the API's words.
import type { AuditNote, Handlers } from '../control/backend.ts';
import type { OrderRecord } from '../store/record.ts';
import type { Core } from './core.ts';

export function auditHandlers(core: Core): Pick<Handlers, 'audit' | 'auditVerify'> {
  return {
    audit: ({ query }) => {
      const { before, who, action, q, limit } = query;
      return core.store.audit.list({
        limit,
        ...(before === undefined ? {} : { before }),
        ...(who === undefined ? {} : { who }),
        ...(action === undefined ? {} : { action }),
        ...(q === undefined ? {} : { q }),
      });
    },
    auditVerify: () => core.store.audit.verify(),
  };
}

/** The order that stands for a server; without one it is enabled, with the configured weight. */
export function orderState(order: OrderRecord | undefined): Record<string, unknown> {
  if (order === undefined) return { admin: 'enabled' };
  const { admin, weight, deadline, atDeadline } = order;
  return {
    admin,
    ...(weight === undefined ? {} : { weight_ordered: weight }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(atDeadline === undefined ? {} : { at_deadline: atDeadline }),
  };
}

export function revisionState(revision: { readonly number: number; readonly hash: string }) {
  return { revision: revision.number, hash: revision.hash };
}

/** How a director stands in its pair. */
export function roleState(core: Core, hold: boolean | undefined): Record<string, unknown> {
  return { role: core.role.name, ...(hold === undefined ? {} : { hold }) };
}

export type Note = (change: AuditNote) => void;
