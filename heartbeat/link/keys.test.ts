import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FairleadError } from '../../director/model/error.ts';
import { keyringsFrom, PURPOSES, readKeyFile } from './keys.ts';
import { KEY, OTHER_KEY } from './support/beats.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-keys-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function file(text: string, mode = 0o600): string {
  const name = path.join(folder, 'pair.key');
  fs.writeFileSync(name, text);
  fs.chmodSync(name, mode);
  return name;
}

const refusal = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    if (error instanceof FairleadError) return { code: error.code, helped: error.remedy !== undefined };
    throw error;
  }
  return undefined;
};

const bytes = Buffer.from('what is signed');

describe('the key file', () => {
  it('gives a key a line: the first signs', () => {
    const rings = readKeyFile(file(`  ${KEY} \r\n\n${OTHER_KEY}\n`));
    const expected = keyringsFrom([KEY, OTHER_KEY]);
    for (const purpose of PURPOSES) {
      expect(rings.forPurpose(purpose).keys).toEqual(expected.forPurpose(purpose).keys);
      expect(rings.forPurpose(purpose).keyId).toBe(keyringsFrom([KEY]).forPurpose(purpose).keyId);
    }
  });

  it.each([
    ['key-exposed', KEY, 0o640],
    ['key-exposed', KEY, 0o604],
    ['key-unusable', '', 0o600],
    ['key-unusable', `${KEY}\nshort\n`, 0o600],
    ['key-unusable', `${KEY}\n`.repeat(9), 0o600],
    ['key-unreadable', 'x'.repeat(70_000), 0o600],
  ])('is refused: %s', (code, text, mode) => {
    expect(refusal(() => readKeyFile(file(text, mode)))).toEqual({ code, helped: true });
  });

  it('must be there, and be a file', () => {
    expect(refusal(() => readKeyFile(path.join(folder, 'none')))).toEqual({
      code: 'key-missing',
      helped: true,
    });
    expect(refusal(() => readKeyFile(folder))).toEqual({ code: 'key-unreadable', helped: true });
    expect(refusal(() => readKeyFile('/dev/null'))).toEqual({ code: 'key-unreadable', helped: true });
  });
});

describe('a keyring', () => {
  const ring = keyringsFrom([KEY]).forPurpose('beat');

  it('knows what it signed, and nothing else', () => {
    const mac = ring.sign(bytes);
    expect(mac.length).toBe(16);
    expect(ring.verify(bytes, ring.keyId, mac)).toBe('authentic');
    expect(ring.verify(Buffer.from('what was signed'), ring.keyId, mac)).toBe('bad-signature');
    expect(ring.verify(bytes, ring.keyId, mac.subarray(1))).toBe('bad-signature');
    expect(ring.verify(bytes, ring.keyId ^ 1, mac)).toBe('unknown-key');
  });

  it('verifies by every key, and signs by the first', () => {
    const [old, both, other] = [[KEY], [OTHER_KEY, KEY], [OTHER_KEY]].map((keys) =>
      keyringsFrom(keys).forPurpose('beat'),
    );
    expect(both!.verify(bytes, old!.keyId, old!.sign(bytes))).toBe('authentic');
    expect(other!.verify(bytes, both!.keyId, both!.sign(bytes))).toBe('authentic');
    expect(old!.verify(bytes, both!.keyId, both!.sign(bytes))).toBe('unknown-key');
  });

  it('tries every key of one id', () => {
    const id = (key: string) => keyringsFrom([key]).forPurpose('beat').keyId;
    const names = Array.from({ length: 5_000 }, (_, index) => `a key with the number ${index}`);
    const twin = names.find((name) => id(name) === id(KEY))!;
    const ofTwin = keyringsFrom([twin]).forPurpose('beat');
    const both = keyringsFrom([KEY, twin]).forPurpose('beat');
    expect(both.verify(bytes, ofTwin.keyId, ofTwin.sign(bytes))).toBe('authentic');
  });

  it('does not take what was signed for one purpose for another', () => {
    const rings = keyringsFrom([KEY]);
    for (const purpose of PURPOSES)
      for (const other of PURPOSES) {
        const signer = rings.forPurpose(purpose);
        const verdict = rings.forPurpose(other).verify(bytes, signer.keyId, signer.sign(bytes));
        expect(verdict).toBe(purpose === other ? 'authentic' : 'bad-signature');
      }
  });
});
