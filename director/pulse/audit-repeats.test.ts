import { expect, it } from 'vitest';
import type { AuditEntry } from '../control/backend.ts';
import { AuditRepeats } from './audit-repeats.ts';

const GUESS: AuditEntry = {
  who: 'ann',
  origin: 'console 192.0.2.7',
  action: 'login',
  target: '',
  outcome: 'refused',
  detail: 'too-many-attempts: Wait a minute.',
};

it('lets one record a minute through for each origin that makes too many attempts, with the number in between', () => {
  const repeats = new AuditRepeats();
  expect(repeats.admit(GUESS, 0)).toEqual(GUESS);
  for (let at = 1; at < 1_000; at++) expect(repeats.admit({ ...GUESS, who: `u${at}` }, at)).toBeUndefined();
  expect(repeats.admit({ ...GUESS, origin: 'console 192.0.2.8' }, 5)).toBeDefined();
  expect(repeats.admit(GUESS, 60_000)?.detail).toBe(
    'too-many-attempts: Wait a minute. (and 999 times since the last record of it)',
  );
  expect(repeats.admit(GUESS, 60_001)).toBeUndefined();
});

it('lets everything else through', () => {
  const repeats = new AuditRepeats();
  const others: AuditEntry[] = [
    { ...GUESS, detail: 'bad-credentials: No.' },
    { ...GUESS, outcome: 'done', detail: '' },
    { ...GUESS, outcome: 'failed' },
  ];
  for (let count = 0; count < 3; count++)
    for (const other of others) expect(repeats.admit(other, count)).toEqual(other);
});

it('keeps few of many origins in mind, and still lets few records through', () => {
  const repeats = new AuditRepeats();
  let recorded = 0;
  for (let index = 0; index < 100_000; index++)
    if (repeats.admit({ ...GUESS, origin: `console ${index}` }, index / 100) !== undefined) recorded++;
  expect(recorded).toBeLessThanOrEqual(257);
});
