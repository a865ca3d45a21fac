import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../../../director/model/error.ts';
import {
  DEADLINE_MAX_MS,
  readBack,
  readDrain,
  readRevision,
  readTargets,
  readWeight,
  TARGETS_MAX,
} from './form.ts';

const code = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error instanceof FairleadError ? error.code : error;
  }
};

describe('forms of the overview', () => {
  it('name servers, each once, and not too many', () => {
    expect(readTargets('www/rs1\nwww/rs1\nmail/mx1')).toEqual([
      { service: 'www', server: 'rs1' },
      { service: 'mail', server: 'mx1' },
    ]);
    const many = Array.from({ length: TARGETS_MAX + 1 }, (_, index) => `www/rs${index}`).join('\n');
    for (const text of [undefined, '', '\n', 'www', 'www/', '/rs1', 'a/b/c', many])
      expect(code(() => readTargets(text))).toBe('bad-request');
  });

  it('say for which revision they were made', () => {
    expect(readRevision({ revision: '12' })).toBe(12);
    for (const revision of ['', '*', '-1', '1.5', '9'.repeat(20)])
      expect(code(() => readRevision({ revision }))).toBe('bad-request');
    expect(code(() => readRevision({}))).toBe('bad-request');
  });

  it('lead back to the console and nowhere else', () => {
    expect(readBack({ back: '/?q=a&page=2' })).toBe('/?q=a&page=2');
    for (const back of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'javascript:1',
      '/a\nb',
      '',
    ])
      expect(readBack({ back })).toBe('/');
    expect(readBack({})).toBe('/');
  });

  it('give a weight or go back to the default', () => {
    expect([
      readWeight({ weight: '0' }),
      readWeight({ weight: ' 65535 ' }),
      readWeight({ weight: 'default' }),
    ]).toEqual([0, 65_535, null]);
    for (const weight of ['', '65536', '-1', '1.5', '1e3', '0x10', 'null'])
      expect(code(() => readWeight({ weight }))).toBe('bad-request');
  });

  it('give a deadline, and what happens at it', () => {
    expect(readDrain({ deadline: '', unit: 'minutes', left: 'keep' })).toEqual({});
    expect(readDrain({ deadline: '10', unit: 'minutes', left: 'cut' })).toEqual({
      deadline_ms: 600_000,
      at_deadline: 'cut',
    });
    expect(readDrain({ deadline: '30', unit: 'seconds' })).toEqual({
      deadline_ms: 30_000,
      at_deadline: 'keep',
    });
    const wrong = [
      { left: 'cut' },
      { deadline: '5' },
      { deadline: '5', unit: 'years' },
      { deadline: '5', unit: 'constructor' },
      { deadline: '-5', unit: 'hours' },
      { deadline: String(DEADLINE_MAX_MS), unit: 'hours' },
    ];
    for (const form of wrong) expect(code(() => readDrain(form))).toBe('bad-request');
  });

  it('take random text with no worse than a refusal', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (one, other, third) => {
        for (const act of [
          () => readTargets(one),
          () => readWeight({ weight: one }),
          () => readDrain({ deadline: one, unit: other, left: third }),
          () => readRevision({ revision: one }),
        ])
          expect(typeof code(act) === 'object' && code(act) instanceof Error).toBe(false);
      }),
    );
  });
});
