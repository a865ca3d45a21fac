// Errors that a person or a script may meet: a stable code, one clear sentence, and what to do about it.

/** Exit status of the commands, a contract with scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notActive: 3, refused: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class FairleadError extends Error {
  /** Stable, kebab-case, never reworded. */
  readonly code: string;
  readonly remedy: string | undefined;
  readonly exit: ExitCode;

  constructor(
    code: string,
    message: string,
    options: { remedy?: string; exit?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'FairleadError';
    this.code = code;
    this.remedy = options.remedy;
    this.exit = options.exit ?? EXIT.failed;
  }
}

/** What a person is told of an error, line by line; what nobody foresaw comes with its stack. */
export function tellError(error: unknown): { readonly lines: readonly string[]; readonly exit: ExitCode } {
  if (!(error instanceof FairleadError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { lines: [`error: unexpected: ${text}`], exit: EXIT.failed };
  }
  const lines = error.message.split('\n').map((line) => `error: ${line}`);
  return {
    lines: error.remedy === undefined ? lines : [...lines, `remedy: ${error.remedy}`],
    exit: error.exit,
  };
}
