// Every drill, short: fewer connections, shorter faults, one lab for all of them. What takes time here is what would take
// time on a busy machine; figures are `npm run drill`'s. Held against the limits is what does not depend on speed: what was
// lost, and how many owners there were.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRILL_SERVICES } from '../lab/configuration.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { DRILLS } from './catalogue.ts';
import type { DrillReport } from './report.ts';
import { runDrill } from './run.ts';
import { serveDrills } from './serve.ts';
import { openSite, type Site } from './stage.ts';

const CLI = join(import.meta.dirname, '../../director/cli/main.ts');
const PACE = { freeze_ms: 1_500, broken_ms: 400, steady_ms: 400, aftermath_ms: 1_100 };
const CONNECTIONS = 200;
const DRILL_MS = 60_000;
/** Two cores that others use as well give everybody such pauses. */
const BUSY_MS = 1_000;
const UNSENT_MS = 200;

let lab: Lab;
let site: Site;
beforeAll(async () => {
  lab = await createLab({ directors: ['lb1', 'lb2'], services: DRILL_SERVICES });
  site = await openSite(lab, CONNECTIONS, { fresh_every_ms: 25 });
}, 60_000);
afterAll(async () => {
  site?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
}, 30_000);

/** What a slow machine alone can bring about: pauses, and events that had not yet been sent when their process died. */
function isOfSpeed(complaint: string, { outage_ms, limit_ms, lost_examples }: DrillReport): boolean {
  if (complaint.startsWith('outage ')) return outage_ms <= limit_ms + BUSY_MS;
  if (!/young connections lost|new connections failed/.test(complaint)) return false;
  return lost_examples.every(({ kind, began }) => kind === 'reset' && began >= -UNSENT_MS);
}

describe('a drill', () => {
  it.for(DRILLS)('$name: $what', { timeout: DRILL_MS }, async (drill, { skip }) => {
    const why = drill.leftOut?.(lab);
    if (why !== undefined) skip(why);
    const report = await runDrill(site, drill, { pace: PACE, progress: () => {} });
    expect(report.complaints.filter((complaint) => !isOfSpeed(complaint, report))).toEqual([]);
    expect(report.established).toMatchObject({ of: CONNECTIONS, lost: 0 });
    expect(report.young.of).toBeGreaterThan(0);
  });
});

describe('fairlead drill', () => {
  it('has a running lab carry out a drill, and judges it', { timeout: DRILL_MS }, async () => {
    const began: string[] = [];
    await using _door = await serveDrills(lab, {
      began: ({ name }) => began.push(name),
      ended: (_drill, report) => began.push(report === undefined ? 'nothing' : 'report'),
    });
    const args = ['drill', 'planned-switchover', '--json', '--connections', '50'];
    const child = spawn(process.execPath, [CLI, ...args, '--runtime', lab.director.runtime]);
    const said = { out: '', err: '' };
    child.stdout.on('data', (piece) => {
      said.out += piece;
    });
    child.stderr.on('data', (piece) => {
      said.err += piece;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    const report = JSON.parse(said.out) as DrillReport;
    expect(report).toMatchObject({ drill: 'planned-switchover', established: { of: 50, lost: 0 } });
    expect(status).toBe(report.ok ? 0 : 1);
    expect(said.err).toContain('switchover is ordered');
    expect(began).toEqual(['planned-switchover', 'report']);
    // Both directors were told.
    for (const { control } of lab.directors) {
      const { drills } = await control.call('drills');
      expect(drills).toMatchObject([
        { name: 'planned-switchover', ok: report.ok, at: Date.parse(report.at) },
      ]);
    }
  });

  it('is refused where no lab runs', () => {
    const done = spawnSync(process.execPath, [CLI, 'drill', 'kill-active', '--runtime', '/nowhere/lb1/run'], {
      encoding: 'utf8',
    });
    expect(done.status).toBe(4);
    expect(done.stderr).toContain('fairlead switchover');
  });
});
