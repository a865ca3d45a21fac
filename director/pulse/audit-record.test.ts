// What of a write gets into the audit: never too much, never a secret, and never an error.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AuditEntry } from '../control/backend.ts';
import { canonicalJson } from '../store/audit-chain.ts';
import { toAudit } from './audit-record.ts';
import { cutEnd } from './diagnostics.ts';

const ENTRY: AuditEntry = {
  who: 'ann',
  origin: 'cli',
  action: 'weight',
  target: 'www/rs1',
  outcome: 'done',
  detail: '',
};

it('keeps small values as they are, and cuts large ones with a mark', () => {
  const small = toAudit({ ...ENTRY, before: { admin: 'enabled' }, after: { weight: undefined, x: 1 } }, 7);
  expect(small).toEqual({ ...ENTRY, at: 7, before: { admin: 'enabled' }, after: { x: 1 } });
  const large = toAudit({ ...ENTRY, after: { changes: ['y'.repeat(10_000)] } }, 7).after;
  expect(large).toMatchObject({ of_chars: 10_016, cut: expect.stringMatching(/^\{"changes":\["yyy/) });
  expect(canonicalJson(large!).length).toBeLessThan(8_192);
  expect(toAudit({ ...ENTRY, target: 'z'.repeat(10_000), detail: 'd'.repeat(10_000) }, 7)).toMatchObject({
    target: expect.stringMatching(/^z{255}…$/),
    detail: expect.stringMatching(/^d{1023}…$/),
  });
});

it('keeps no secret', () => {
  const record = toAudit(
    {
      ...ENTRY,
      after: { user: 'ann', password: 'hunter2', list: [{ token: 'x' }] },
      detail: 'token=hunter3',
    },
    7,
  );
  expect(JSON.stringify(record)).not.toMatch(/hunter|"x"/);
});

it('takes whatever a handler notes', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true }), (value) => {
      const { after } = toAudit({ ...ENTRY, after: value }, 7);
      if (after !== undefined)
        expect(JSON.parse(canonicalJson(after))).toEqual(JSON.parse(JSON.stringify(after)));
    }),
  );
});

it('cuts a text of a report at a whole character, and says how much is missing', () => {
  expect(cutEnd('short')).toBe('short');
  const cut = cutEnd('é'.repeat(200_000));
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(256 << 10);
  expect(cut).toMatch(/^é+\n\(\d+ bytes are left out\)$/);
});
