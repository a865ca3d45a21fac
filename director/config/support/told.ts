// For tests of what is told about bad configurations: `line:column code message (remedy)`, one line per problem.
import { parseConfiguration } from '../parse.ts';
import { formatProblem } from '../problem.ts';

export const HEAD = `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips: [{ address: 10.0.0.100/24, interface: eth0 }]
`;
export const LISTEN = 'listen: tcp://10.0.0.100:80';

/** Empty for a good one. */
export function problems(text: string): string[] {
  const result = parseConfiguration(text, 'f');
  if (!('problems' in result)) return [];
  if (result.problems.length === 0) throw new Error('refused without a problem');
  return result.problems.map((each) =>
    formatProblem(each).replace(/^f:/, '').replace(': ', ` ${each.code} `),
  );
}

/** The lines are the keys of one service of an otherwise good file and begin in line 6, column 5. */
export function serviceProblems(...lines: string[]): string[] {
  return problems(`${HEAD}services:\n  www:\n${lines.map((line) => `    ${line}\n`).join('')}`);
}

/** The text begins in line 3 of an otherwise good file. */
export function rootProblems(text: string): string[] {
  return problems(`cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\n${text}`);
}
