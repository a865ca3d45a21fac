// How notifications go, as the control API shows it. Pure.
import type { NotifyTarget } from '../control/notify-schema.ts';
import type { ReadonlyState } from './core/types.ts';
import type { NotifyStatus } from './protocol.ts';
import type { Way } from './settings.ts';

export function statusOf(
  state: ReadonlyState,
  ways: readonly Way[],
  notKept: string | undefined,
): NotifyStatus {
  return {
    position: state.position,
    ...(notKept === undefined ? {} : { not_kept: notKept }),
    targets: ways.map((way) => targetStatus(state, way)),
  };
}

function targetStatus(state: ReadonlyState, { key, number, name, config }: Way): NotifyTarget {
  const target = state.targets.get(key);
  const { kind, on, services } = config;
  return {
    ...{ number, kind, name, on: [...on] },
    ...(services === undefined ? {} : { services: [...services] }),
    sent: target?.sent ?? 0,
    failed: target?.failed ?? 0,
    waiting: target?.outbox.length ?? 0,
    held: target?.held?.count ?? 0,
    dropped: { ...target?.dropped },
    open: target?.told.size ?? 0,
    ...(target?.sent_at === undefined ? {} : { sent_at: target.sent_at }),
    ...(target?.failing_since === undefined ? {} : { failing_since: target.failing_since }),
    ...(target?.error === undefined ? {} : { last_error: target.error }),
  };
}
