// The certificate of the console: one that somebody has put into the folder, else one that it makes for itself at its
// first start and keeps. A pair of files NAME.crt and NAME.key; the newest pair that fits together is taken, what does not
// fit is said and passed over. Looked at again every now and then, so that renewing needs no restart.
import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { FairleadError } from '../../director/model/error.ts';
import type { CertificateFacts } from '../page.ts';

const run = promisify(execFile);

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly facts: CertificateFacts;
}

const OWN = 'self-signed';
const DAYS = '3650';
const FILE_MAX_BYTES = 1024 * 1024;
const OPENSSL_MS = 20_000;

export interface Found {
  readonly certificate: Certificate | undefined;
  /** Files that do not fit, and why. */
  readonly complaints: readonly string[];
}

/** Others before our own, the newest first. */
export function findCertificate(folder: string): Found {
  const complaints: string[] = [];
  const candidates = listPairs(folder);
  for (const stem of candidates) {
    const read = readPair(folder, stem);
    if (typeof read === 'string') complaints.push(read);
    else return { certificate: read, complaints };
  }
  return { certificate: undefined, complaints };
}

function listPairs(folder: string): string[] {
  const found = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return found
    .filter((name) => name.endsWith('.crt'))
    .map((name) => name.slice(0, -'.crt'.length))
    .map((stem) => ({ stem, at: fs.statSync(path.join(folder, `${stem}.crt`)).mtimeMs }))
    .sort((left, right) => Number(left.stem === OWN) - Number(right.stem === OWN) || right.at - left.at)
    .map(({ stem }) => stem);
}

function readPair(folder: string, stem: string): Certificate | string {
  const file = path.join(folder, `${stem}.crt`);
  try {
    const [cert, key] = [readFile(file), readFile(path.join(folder, `${stem}.key`))];
    const parsed = new X509Certificate(cert);
    if (!parsed.checkPrivateKey(createPrivateKey(key)))
      return `${file}: its key belongs to another certificate`;
    return {
      cert,
      key,
      facts: {
        subject: parsed.subject.replaceAll('\n', ', '),
        issuer: parsed.issuer.replaceAll('\n', ', '),
        valid_from: parsed.validFromDate.getTime(),
        valid_to: parsed.validToDate.getTime(),
        fingerprint: parsed.fingerprint256,
        self_signed: parsed.checkIssued(parsed),
        file,
      },
    };
  } catch (error) {
    return `${file}: ${(error as Error).message}`;
  }
}

function readFile(file: string): Buffer {
  if (fs.statSync(file).size > FILE_MAX_BYTES) throw new Error('too large for a certificate or a key');
  return fs.readFileSync(file);
}

/** For these names and addresses. Written under other names first: a start that is cut off leaves no half pair. */
export async function makeCertificate(folder: string, hosts: readonly string[]): Promise<void> {
  const [key, cert] = [path.join(folder, `${OWN}.key`), path.join(folder, `${OWN}.crt`)];
  const names = hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`));
  const subject = ['-subj', '/CN=fairlead', '-addext', `subjectAltName=${names.join(',')}`];
  const usage = ['-addext', 'extendedKeyUsage=serverAuth', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', DAYS];
  const umask = process.umask(0o077);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    await run(
      'openssl',
      ['req', '-x509', ...kind, ...subject, ...usage, '-keyout', `${key}.new`, '-out', `${cert}.new`],
      { timeout: OPENSSL_MS },
    );
    fs.renameSync(`${key}.new`, key);
    fs.renameSync(`${cert}.new`, cert);
  } catch (cause) {
    throw new FairleadError(
      'no-certificate',
      `No certificate can be made in ${folder}: ${(cause as Error).message}`,
      {
        remedy: 'Install openssl and make the folder writable, or put NAME.crt and NAME.key there.',
        cause,
      },
    );
  } finally {
    process.umask(umask);
  }
}

/** The folder's certificate, made first where there is none. */
export async function provideCertificate(
  folder: string,
  hosts: readonly string[],
  tell: (complaint: string) => void,
): Promise<Certificate> {
  const first = findCertificate(folder);
  for (const complaint of first.complaints) tell(complaint);
  if (first.certificate !== undefined) return first.certificate;
  await makeCertificate(folder, hosts);
  const { certificate, complaints } = findCertificate(folder);
  if (certificate === undefined)
    throw new FairleadError(
      'no-certificate',
      `The certificate in ${folder} cannot be used: ${complaints.join('; ')}`,
    );
  return certificate;
}
