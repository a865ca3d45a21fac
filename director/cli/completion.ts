// Completion for bash from the table of commands. Names of services and servers are asked of the running director; if
// there is none, nothing is offered.
import type { Command, Completion } from './command.ts';
import { COMMON_OPTIONS } from './parse.ts';

export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map((command) => command.name).join(' ');
  return `# bash completion for fairlead
_fairlead_names() {
  "\${COMP_WORDS[0]}" servers --json 2>/dev/null | sed -n "s/^ *\\"$1\\": \\"\\([^\\"]*\\)\\".*/\\1/p" | sort -u
}
_fairlead() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names}" -- "$current"))
    return
  fi
  case "$command $previous" in
${commands.flatMap(optionCases).join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    case "$command" in
${commands.map(optionsCase).join('\n')}
    esac
    return
  fi
  local position=$((COMP_CWORD - 1))
  case "$command $position" in
${commands.flatMap(argumentCases).join('\n')}
  esac
}
complete -F _fairlead fairlead
`;
}

function offer(completion: Completion | undefined): string {
  if (completion === undefined) return 'return';
  if (completion === 'file') return 'COMPREPLY=($(compgen -f -- "$current")); return';
  if (completion === 'folder') return 'COMPREPLY=($(compgen -d -- "$current")); return';
  if (completion === 'service')
    return 'COMPREPLY=($(compgen -W "$(_fairlead_names service)" -- "$current")); return';
  if (completion === 'server')
    return 'COMPREPLY=($(compgen -W "$(_fairlead_names name)" -- "$current")); return';
  return `COMPREPLY=($(compgen -W "${completion.join(' ')}" -- "$current")); return`;
}

function optionCases(command: Command): string[] {
  return Object.entries(command.options)
    .filter(([, option]) => option.type === 'string')
    .map(([name, option]) => `    "${command.name} --${name}") ${offer(option.complete)} ;;`);
}

function optionsCase(command: Command): string {
  const names = Object.keys({ ...command.options, ...COMMON_OPTIONS }).map((name) => `--${name}`);
  return `      ${command.name}) COMPREPLY=($(compgen -W "${names.join(' ')}" -- "$current")) ;;`;
}

function argumentCases(command: Command): string[] {
  return command.arguments.map(
    (argument, index) => `    "${command.name} ${index + 1}") ${offer(argument.complete)} ;;`,
  );
}
