// What the documents show of a pair in service: two directors that forward, three real servers, a client, and everything at
// the paths of an installed machine. One pair for all of it, in the order of the documents' names.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { LabService } from '../lab/configuration.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { addressesOf, NETWORK, PORTS } from '../lab/topology.ts';
import { waitFor } from '../lab/wait.ts';
import { followSteps } from './follow.ts';
import { type Host, openHost } from './host.ts';

const START_MS = 60_000;
const CONSOLE = 'lb1.example.org';
const PASSWORD = 'a horse, a staple and no battery';

/** Of the names and addresses that the documents use. */
const SERVICES: readonly LabService[] = [
  { name: 'www', method: 'nat', vip: NETWORK.vip.nat, reach: 'inside' },
  { name: 'files', method: 'route', vip: NETWORK.vip.route, reach: 'front' },
  { name: 'video', method: 'tunnel', vip: NETWORK.vip.tunnel, reach: 'inside' },
].map(
  (item) => ({ ...item, kind: 'http', port: PORTS.http, scheduler: 'wlc', rate: 5, held: 0 }) as LabService,
);

let lab: Lab;
const hosts = new Map<string, Host>();
const lb1 = (): Host => hosts.get('lb1')!;

beforeAll(async () => {
  lab = await createLab({ directors: ['lb1', 'lb2'], services: SERVICES });
  const certificates = makeCertificate(lab.folder);
  const authority = join(certificates, 'console.crt');
  for (const label of ['lb1', 'lb2', 'client', 'rs1', 'rs2'])
    hosts.set(
      label,
      await openHost(lab.namespaces, {
        label,
        folder: lab.folder,
        prepare: label.startsWith('lb') ? asInstalled(lab.folder, label) : [],
        ...(label.startsWith('lb') ? { bpffs: join(lab.folder, 'bpf') } : {}),
        env: { CURL_CA_BUNDLE: authority },
      }),
    );
  layOut(lb1().folder, lab.folder);
  lb1().serve(`fairlead console --listen 10.0.0.11:8443 --certificates ${certificates}`);
  await waitFor('the console to be ready', START_MS, async () => {
    const { status } = await lb1().type(`curl -sSf https://${CONSOLE}:8443/readyz`);
    return status === 0;
  });
  const made = await lb1().type('fairlead user add docs --role admin --password-stdin < password');
  if (made.status !== 0) throw new Error(made.output);
}, 3 * START_MS);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
}, START_MS);

/** Where the packages put things. */
function asInstalled(folder: string, label: string): string[] {
  return [
    'mkdir -p /etc/fairlead /run/fairlead /var/lib/fairlead',
    `cp -p ${folder}/fairlead.yaml ${folder}/heartbeat.key /etc/fairlead/`,
    `echo FAIRLEAD_NODE=${label} > /etc/fairlead/node`,
    `mount --bind ${folder}/${label}/run /run/fairlead`,
    `mount --bind ${folder}/${label}/state /var/lib/fairlead`,
    `echo ${addressesOf('lb1').front} ${CONSOLE} >> /etc/hosts`,
  ];
}

/** The files that examples read. */
function layOut(desk: string, folder: string): void {
  const text = readFileSync(join(folder, 'fairlead.yaml'), 'utf8');
  writeFileSync(join(desk, 'site.yaml'), text.replace('scheduler: wlc', 'scheduler: wrr'));
  writeFileSync(join(desk, 'password'), `${PASSWORD}\n`);
  writeFileSync(join(desk, 'hook.secret'), 'a secret\n');
  writeFileSync(join(desk, 'body.json'), '{}');
}

function makeCertificate(folder: string): string {
  const place = join(folder, 'certificates');
  mkdirSync(place, { mode: 0o700 });
  const files = ['-keyout', join(place, 'console.key'), '-out', join(place, 'console.crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const name = ['-subj', `/CN=${CONSOLE}`, '-addext', `subjectAltName=DNS:${CONSOLE}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...name], { stdio: 'pipe' });
  return place;
}

describe('a pair', () => {
  followSteps('pair', (host, command, typed) => hosts.get(host)!.type(command, typed));
});
