// What checks found out, a line each, with what to do about it below.
import type { Finding } from '../doctor/finding.ts';
import { paint, plain } from './table.ts';

const TONES = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

export function findingLines(findings: readonly Finding[], color: boolean): string {
  const lines = findings.flatMap(({ check, level, detail, remedy }) => [
    `${paint(level.padEnd(4), TONES[level], color)}  ${check.padEnd(14)}${plain(detail)}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(20)}${paint(plain(remedy), 'quiet', color)}`]),
  ]);
  const count = (level: Finding['level']): number => findings.filter((each) => each.level === level).length;
  return `${[...lines, `${count('fail')} failed, ${count('warn')} warnings, ${count('ok')} ok`].join('\n')}\n`;
}
