// Commands whose first argument says what to do: `fairlead user add ann`. From one table of actions follow the checks of
// the arguments and options that each takes, and the lines of help.
import { nearest } from '../config/nearest.ts';
import type { ExitCode } from '../model/error.ts';
import type { ArgumentSpec, Command, CommandContext } from './command.ts';
import { usage } from './parse.ts';

export interface Action {
  readonly summary: string;
  /** Of arguments after the action, as in help. All are needed. */
  readonly arguments: readonly string[];
  /** Of the command's options, beside those that every action takes. */
  readonly options?: readonly string[];
  readonly run: (context: CommandContext, args: readonly string[]) => Promise<ExitCode>;
}

export type Actions = Readonly<Record<string, Action>>;

export function actionArgument(actions: Actions): ArgumentSpec {
  const names = Object.keys(actions);
  return { name: 'ACTION', help: names.join(', '), complete: names };
}

export function actionDetails(actions: Actions): string {
  const lines = Object.entries(actions).map(([name, action]): [string, string] => [
    [name, ...action.arguments].join(' '),
    action.summary,
  ]);
  const width = Math.max(...lines.map(([synopsis]) => synopsis.length)) + 2;
  return ['Actions:', ...lines.map(([synopsis, summary]) => `  ${synopsis.padEnd(width)}${summary}`)].join(
    '\n',
  );
}

/** `common`: options that every action takes. */
export function runAction(command: string, actions: Actions, common: Command['options']) {
  return (context: CommandContext): Promise<ExitCode> => {
    const [name = '', ...args] = context.args;
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    const hint = `See "fairlead ${command} --help".`;
    if (action === undefined) {
      const near = nearest(name, Object.keys(actions));
      throw usage(
        `"fairlead ${command}" has no action ${JSON.stringify(name)}.`,
        near === undefined ? hint : `Did you mean "fairlead ${command} ${near}"?`,
      );
    }
    const missing = action.arguments[args.length];
    if (missing !== undefined) throw usage(`"fairlead ${command} ${name}" needs ${missing}.`, hint);
    if (args.length > action.arguments.length)
      throw usage(
        `"fairlead ${command} ${name}" takes no argument ${JSON.stringify(args[action.arguments.length])}.`,
        hint,
      );
    for (const option of Object.keys(context.values))
      if (!Object.hasOwn(common, option) && option !== 'help' && !action.options?.includes(option))
        throw usage(`"fairlead ${command} ${name}" takes no --${option}.`, hint);
    return action.run(context, args);
  };
}
