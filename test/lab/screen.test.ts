import { describe, expect, it } from 'vitest';
import { clip, render, renderPlain } from './screen.ts';
import type { View } from './view.ts';

const VIEW: View = {
  elapsed_s: 12.3,
  limit_s: 20,
  engine: 'engine ebpf (tc)',
  directors: ['lb1'],
  runtime: '/run/lab/lb1/run',
  consoles: [{ url: 'https://127.0.0.1:8443/', password: 'abcd-efgh' }],
  services: [
    {
      name: 'www-nat',
      method: 'nat',
      address: '10.0.0.100:80',
      rate: 20,
      servers: [
        { name: 'rs1', health: 'up', share: 0.5 },
        { name: 'rs2', health: 'down', share: 0 },
        { name: 'rs3', health: 'up', share: 0.5 },
      ],
      active: 3,
      inactive: 14,
      held: 0,
      heldWanted: 0,
      errors: 2,
      p99_ms: 3.25,
    },
  ],
  servers: [
    { name: 'rs1', running: true, up: true, share: 0.5 },
    { name: 'rs2', running: false, up: false, share: 0 },
    { name: 'rs3', running: true, up: true, share: 0.5 },
  ],
  errors: 2,
  errorsExplained: 7,
  events: Array.from({ length: 40 }, (_, index) => `event ${index}`),
};
const STYLE = { columns: 120, rows: 30, colour: false, unicode: true };

describe('the live view', () => {
  it('shows shares as bars, the dead server as such, and the command for another terminal', () => {
    const text = render(VIEW, STYLE).join('\n');
    expect(text).toContain('0:12 of 0:20');
    expect(text).toMatch(/www-nat {5}nat {4}10\.0\.0\.100:80 +20\.0 ████░░░░ {2}50% down/);
    expect(text).toContain('[2] rs2 killed');
    expect(text).toContain('npm run -s fairlead -- status --runtime /run/lab/lb1/run');
  });

  it('never is higher or wider than the terminal, and keeps the latest events', () => {
    for (const style of [
      STYLE,
      { ...STYLE, columns: 78, rows: 16 },
      { ...STYLE, colour: true, columns: 80, rows: 24 },
    ]) {
      const lines = render(VIEW, style);
      expect(lines.length).toBeLessThan(style.rows);
      for (const line of lines) expect(visible(line).length).toBeLessThanOrEqual(style.columns);
    }
    expect(render(VIEW, STYLE).join('\n')).toContain('event 39');
    expect(render(VIEW, STYLE).join('\n')).not.toContain('event 0 ');
  });

  it('has no character beyond ASCII where the terminal has none', () => {
    const text = render(VIEW, { ...STYLE, unicode: false }).join('\n');
    expect([...text].every((character) => character.charCodeAt(0) < 127)).toBe(true);
    expect(text).toContain('####....');
  });

  it('cuts what is visible and keeps the escape sequences', () => {
    expect(clip('\x1b[31mabcdef\x1b[39m', 3)).toBe('\x1b[31mabc\x1b[39m');
    expect(clip('abc', 10)).toBe('abc');
  });
});

describe('the plain line', () => {
  it('has rate, shares, and errors of both kinds', () => {
    expect(renderPlain(VIEW)).toBe(
      '0:12  20 connections/s  rs1 50%  rs2 0% down  rs3 50%  held 0  errors 2 (+7 during detection)',
    );
  });
});

function visible(line: string): string {
  return line.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
}
