import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Hasher } from './hasher.ts';
import { CHEAP } from './support/parts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const cheap = () => new Hasher({ cost: CHEAP });

describe('a password hash', () => {
  it('by default costs what OWASP and RFC 7914 ask for at least, and says so', async () => {
    const hasher = new Hasher();
    const hash = await hasher.hash('seven green kettles');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await hasher.verify('seven green kettles', hash)).toEqual({ ok: true, outdated: false });
    expect(await hasher.verify('seven green kettlet', hash)).toEqual({ ok: false, outdated: false });
  });

  it('is salted, and never contains the password', async () => {
    const hasher = cheap();
    const [one, other] = [await hasher.hash('kettles'), await hasher.hash('kettles')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('kettles');
  });

  it('made with other parameters is right and outdated', async () => {
    const old = await cheap().hash('kettles');
    const hasher = new Hasher({ cost: { ...CHEAP, ln: 5 } });
    expect(await hasher.verify('kettles', old)).toEqual({ ok: true, outdated: true });
    expect(await hasher.verify('kettle', old)).toEqual({ ok: false, outdated: false });
  });

  it('fits its password and no other, in every script', async () => {
    const hasher = cheap();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 100 }),
        fc.string({ unit: 'grapheme', maxLength: 100 }),
        async (password, other) => {
          const hash = await hasher.hash(password);
          expect((await hasher.verify(password, hash)).ok).toBe(true);
          const same = password.normalize('NFKC') === other.normalize('NFKC');
          expect((await hasher.verify(other, hash)).ok).toBe(same);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes a password as people see it, however it is encoded', async () => {
    const hasher = cheap();
    const hash = await hasher.hash('caf\u00e9');
    expect((await hasher.verify('cafe\u0301', hash)).ok).toBe(true);
  });

  it('is not fitted by half a surrogate pair, which has no bytes of its own', async () => {
    const hasher = cheap();
    const hash = await hasher.hash('kettles \ufffd');
    expect((await hasher.verify('kettles \ud800', hash)).ok).toBe(false);
  });

  it.each([
    '',
    'kettles',
    '$scrypt$ln=4,r=1,p=1$$',
    `$scrypt$ln=40,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=20,r=99,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=0,r=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=16,r=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$argon2id$ln=4,r=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  ])('%j is none, and fits nothing', async (hash) => {
    expect(await cheap().verify('kettles', hash)).toEqual({ ok: false, outdated: false });
  });
});

describe('without a hash to compare with', () => {
  it('the same work is done, and the same comparison in constant time', async () => {
    const hasher = cheap();
    const hash = await hasher.hash('kettles');
    const scrypt = vi.spyOn(crypto, 'scrypt');
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    for (const [password, stored] of [
      ['anvils', hash],
      ['anvils', undefined],
      ['anvils', 'no hash'],
      ['anvils \ud800', hash],
    ] as const)
      expect(await hasher.verify(password, stored)).toEqual({ ok: false, outdated: false });
    expect(scrypt).toHaveBeenCalledTimes(4);
    expect(new Set(scrypt.mock.calls.map((call) => JSON.stringify([call[2], call[3]]))).size).toBe(1);
    expect(compare).toHaveBeenCalledTimes(4);
    for (const [one, other] of compare.mock.calls) expect(one.byteLength).toBe(other.byteLength);
  });
});

describe('many passwords at once', () => {
  it('are hashed two at a time; beyond the queue it is busy', async () => {
    const hasher = new Hasher({ cost: CHEAP, queue_max: 3 });
    const all = await Promise.allSettled(Array.from({ length: 9 }, () => hasher.hash('kettles')));
    expect(all.filter((each) => each.status === 'fulfilled')).toHaveLength(5);
    for (const each of all)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'busy' });
    // And afterwards there is room again.
    expect(await hasher.hash('kettles')).toMatch(/^\$scrypt/);
    await Promise.all(Array.from({ length: 5 }, () => hasher.hash('kettles')));
  });
});
