// What a check found out: one line for people, with what to do about it.

export interface Finding {
  /** Stable, kebab-case. */
  readonly check: string;
  /** fail: the director cannot work so. warn: it works, but something will surprise. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, level: 'ok', detail };
}

export function warn(check: string, detail: string, remedy: string): Finding {
  return { check, level: 'warn', detail, remedy };
}

export function fail(check: string, detail: string, remedy: string): Finding {
  return { check, level: 'fail', detail, remedy };
}
