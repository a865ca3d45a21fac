import { describe, expect, it } from 'vitest';
import { createSchedule } from './schedule.ts';

function turns(seconds: number | undefined, directors: number, until_s: number): string[] {
  const due = createSchedule(seconds, directors);
  const seen: string[] = [];
  for (let at = 0; at <= until_s; at++) {
    const turn = due(at);
    if (turn) seen.push(`${at} ${turn.what === 'server' ? turn.name : 'director'}`);
  }
  return seen;
}

describe('what the show does by itself', () => {
  it('has one real server away in the second third where there is one director', () => {
    expect(turns(9, 1, 9)).toEqual(['3 rs2', '6 rs2']);
  });

  it('has the active director away first, then a real server, where there are two and time enough', () => {
    expect(turns(20, 2, 20)).toEqual(['3 director', '5 director', '12 rs2', '15 rs2']);
    expect(turns(9, 2, 9)).toEqual(['3 rs2', '6 rs2']);
  });

  it('goes on in rounds without an end, with another real server in each', () => {
    expect(turns(undefined, 2, 55)).toEqual([
      ...['5 director', '8 director', '18 rs2', '23 rs2'],
      ...['35 director', '38 director', '48 rs3', '53 rs3'],
    ]);
  });
});
