// What a command is: one entry of one table, from which parsing, help, completion and the manual page all follow.
import type { ControlClient } from '../control/client.ts';
import type { ExitCode } from '../model/error.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** Stands for the value in help: FILE, N, DURATION. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  readonly required?: boolean;
  /** For completion. */
  readonly complete?: Completion;
}

export interface ArgumentSpec {
  /** As in help: SERVICE. */
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Takes all that are left. */
  readonly rest?: boolean;
  readonly complete?: Completion;
}

export type Completion = 'file' | 'folder' | 'service' | 'server' | readonly string[];

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** More help, for --help and the manual page. */
  readonly details?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  readonly run: (context: CommandContext) => ExitCode | Promise<ExitCode>;
}

/** Values of options as parsed: by the names in the table. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface CommandContext {
  readonly args: readonly string[];
  readonly values: Values;
  readonly terminal: Terminal;
  /** The instance that --runtime, --socket or FAIRLEAD_RUNTIME picks. */
  readonly runtimeFolder: string;
  readonly socket: string;
  readonly client: ControlClient;
  readonly author: string;
  /** Goes on as another program, with these arguments. */
  readonly become: (program: 'pulse' | 'withdraw' | 'console', options: readonly string[]) => never;
  readonly version: string;
}

export interface Terminal {
  readonly color: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Standard output is a terminal. */
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Aborts at SIGINT and when standard output is closed. */
  readonly interrupted: AbortSignal;
}

/** A boolean option. */
export function flag(values: Values, name: string): boolean {
  return values[name] === true;
}

/** A string option. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
