// The console as root starts it: it listens, and then is somebody who may nothing.
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { start } from '../cli/support/instance.ts';
import { ConsoleSite } from './support/site.ts';

const NOBODY = 65_534;
let site: ConsoleSite;

beforeAll(async () => {
  site = await ConsoleSite.open({ user: `${NOBODY}:${NOBODY}` });
});
afterAll(() => site?.[Symbol.asyncDispose]());

describe('a console that steps down', () => {
  it('has no user, group or capability of root left', () => {
    const status = fs.readFileSync(`/proc/${site.pid()}/status`, 'utf8');
    for (const name of ['Uid', 'Gid'])
      expect(status).toMatch(new RegExp(`^${name}:\t${NOBODY}\t${NOBODY}\t${NOBODY}\t${NOBODY}$`, 'm'));
    expect(status).toMatch(/^Groups:\s*$/m);
    for (const name of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${name}:\t0+$`, 'm'));
  });

  it('works, and finds a new certificate by itself', async () => {
    const visitor = await site.visitor();
    expect((await visitor.get('/')).status).toBe(200);
    expect(fs.statSync(`${site.certificates}/self-signed.key`)).toMatchObject({ uid: NOBODY, gid: NOBODY });
    process.kill(site.pid(), 'SIGHUP');
    expect((await visitor.get('/')).status).toBe(200);
    expect(site.log()).not.toContain('EACCES');
  });

  it('says so when there is no such user', async () => {
    const { status, err } = await start([
      ...['console', '--runtime', site.instance.runtime, '--listen', '127.0.0.1:0'],
      ...['--certificates', `${site.instance.folder}/other`, '--user', 'no-such-user'],
    ]).ended;
    expect([status, err.includes('cannot run as no-such-user')]).toEqual([2, true]);
  });
});
