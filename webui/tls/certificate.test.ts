import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCertificate, makeCertificate, provideCertificate } from './certificate.ts';

let folder: string;
const told: string[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-cert-'));
  told.length = 0;
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const provide = () =>
  provideCertificate(folder, ['localhost', '127.0.0.1', '::1'], (text) => told.push(text));
/** Under another name, as somebody would bring it. */
async function bring(name: string): Promise<void> {
  const other = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-cert-'));
  await makeCertificate(other, [`${name}.example`]);
  for (const end of ['crt', 'key'])
    fs.copyFileSync(path.join(other, `self-signed.${end}`), path.join(folder, `${name}.${end}`));
  fs.rmSync(other, { recursive: true });
}

describe('the certificate', () => {
  it('is made once, for its own eyes, and kept', async () => {
    const first = await provide();
    expect(first.facts).toMatchObject({ self_signed: true, subject: 'CN=fairlead' });
    expect(fs.statSync(path.join(folder, 'self-signed.key')).mode & 0o077).toBe(0);
    expect((await provide()).cert.equals(first.cert)).toBe(true);
    expect(told).toEqual([]);
  });

  it('is what somebody has put there, before our own, and the newest of several', async () => {
    await provide();
    await bring('old');
    await bring('new');
    fs.utimesSync(path.join(folder, 'old.crt'), 1, 1);
    expect((await provide()).facts.file).toBe(path.join(folder, 'new.crt'));
  });

  it.each([
    ['no key', () => fs.rmSync(path.join(folder, 'site.key'))],
    ['garbage for a key', () => fs.writeFileSync(path.join(folder, 'site.key'), 'garbage')],
    ['garbage', () => fs.writeFileSync(path.join(folder, 'site.crt'), Buffer.from([0, 255, 1]))],
    ['an empty file', () => fs.writeFileSync(path.join(folder, 'site.crt'), '')],
    ['a huge file', () => fs.writeFileSync(path.join(folder, 'site.crt'), Buffer.alloc(2 ** 21))],
  ])('passes over a pair with %s, and says so', async (_, spoil) => {
    await bring('site');
    spoil();
    expect((await provide()).facts.file).toBe(path.join(folder, 'self-signed.crt'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('site.crt');
  });

  it('passes over a certificate with the key of another one', async () => {
    await bring('site');
    await bring('other');
    fs.copyFileSync(path.join(folder, 'other.key'), path.join(folder, 'site.key'));
    fs.rmSync(path.join(folder, 'other.crt'));
    const { certificate, complaints } = findCertificate(folder);
    expect(certificate).toBeUndefined();
    expect(complaints[0]).toContain('its key belongs to another certificate');
  });

  it('says what to do where none can be made', async () => {
    fs.writeFileSync(path.join(folder, 'file'), '');
    await expect(makeCertificate(path.join(folder, 'file', 'below'), ['a'])).rejects.toMatchObject({
      code: 'no-certificate',
    });
  });
});
