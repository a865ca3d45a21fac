// The drills, in the order in which they are carried out when none is named.
import { clockStep } from './clock-step.ts';
import type { Drill, Stage, Timing } from './drill.ts';
import { cutAllLinks, dropBeats, dropBetween } from './faults.ts';
import { vipConflict } from './vip-conflict.ts';

/** A beat may have been sent just before the fault, and the next decision falls within an interval. */
const takeover_ms = ({ deadtime_ms, interval_ms }: Timing): number => deadtime_ms + interval_ms;
/** Who was cut off learns from the first beat that somebody else has claimed. */
const beat_ms = ({ interval_ms }: Timing): number => interval_ms;
/** What the observation itself costs where nothing must be lost at all. */
const NOTHING_MS = 20;
const nothing = (): number => NOTHING_MS;
/** A director that starts takes both cores of the machine that all hosts of the lab share. */
const STARTING_MS = 100;
const starting = (): number => STARTING_MS;
const PLANNED_MS = 20;
const planned = (): number => PLANNED_MS;

const THEIRS = {
  cutOff: '290-380 ms at 100 ms beats, 80-100 ms at 20 ms',
  killed: '40-50 ms and two owners',
  planned: '90-100 ms, 4 new connections lost',
  failback: '380-660 ms, up to 11 of 20 hung',
} as const;

/** All processes of the active die; the machine's kernel goes on as it was told. */
async function killAll(stage: Stage, dead_ms: number): Promise<void> {
  stage.fault(`every process of ${stage.active.name} is killed`);
  await stage.active.killEverything();
  await stage.ownedBy(stage.standby);
  stage.tell(`${stage.standby.name} has every VIP`);
  await stage.rest(dead_ms);
  stage.tell(`${stage.active.name} is started again`);
  await stage.active.start();
}

const kills: readonly Drill[] = [
  {
    name: 'kill-active',
    what: 'every process of the active director is killed, and started again as soon as its peer has taken over',
    expects: { owner: 'moves', outage_ms: takeover_ms, theirs: THEIRS.killed, orphans: true },
    run: (stage) => killAll(stage, 0),
  },
  {
    name: 'kill-everything',
    what: 'every process of the active director is killed and stays dead for a while; its kernel keeps address and tables',
    expects: { owner: 'moves', outage_ms: takeover_ms, theirs: THEIRS.killed, orphans: true },
    run: (stage) => killAll(stage, 2 * stage.pace.broken_ms),
  },
  {
    name: 'kill-heartbeat',
    what: 'the active director’s heartbeat is killed; its supervisor starts another, if the peer is not quicker',
    // A successor that is not back within the deadtime finds its peer active: that is a takeover like any other.
    expects: { owner: 'any', outage_ms: takeover_ms, theirs: THEIRS.killed },
    async run(stage) {
      stage.fault(`the heartbeat of ${stage.active.name} is killed`);
      stage.active.killOnly('heartbeat');
      await stage.rest(stage.pace.broken_ms);
    },
  },
  {
    name: 'kill-pulse',
    what: 'the active director’s supervisor is killed, and started again after a while',
    expects: { owner: 'stays', outage_ms: nothing, theirs: THEIRS.killed },
    async run(stage) {
      stage.fault(`the supervisor of ${stage.active.name} is killed`);
      await stage.active.kill();
      await stage.rest(stage.pace.broken_ms);
      stage.tell('it is started again');
      await stage.active.start();
    },
  },
  {
    name: 'power-off',
    what: 'the active director loses its processes and its carrier at once',
    expects: { owner: 'moves', outage_ms: takeover_ms, theirs: THEIRS.cutOff, orphans: true },
    async run(stage) {
      stage.fault(`${stage.active.name} has no power`);
      await stage.active.powerOff();
      await stage.ownedBy(stage.standby);
      stage.tell(`${stage.standby.name} has every VIP`);
      await stage.rest(stage.pace.broken_ms);
      stage.tell(`${stage.active.name} has power`);
      stage.active.powerOn();
      await stage.rest(2 * stage.deadtime_ms); // cables are up, nothing runs: it must keep silent
      await stage.active.start();
    },
  },
  {
    name: 'freeze-10s',
    what: 'every process of the active director is stopped (SIGSTOP) for 10 s, then goes on as if nothing had been',
    expects: { owner: 'moves', outage_ms: takeover_ms, theirs: THEIRS.cutOff, orphans: true },
    async run(stage) {
      stage.fault(`${stage.active.name} is frozen`);
      stage.active.freeze();
      await stage.ownedBy(stage.standby);
      stage.tell(`${stage.standby.name} has every VIP`);
      await stage.rest(stage.pace.freeze_ms);
      stage.tell(`${stage.active.name} thaws`);
      stage.active.thaw();
    },
  },
];

const links: readonly Drill[] = [
  {
    name: 'cut-all-links',
    what: 'the active director is cut off from everything, silently, and comes back as it was',
    expects: { owner: 'moves', outage_ms: takeover_ms, theirs: THEIRS.cutOff, twoOwners_ms: beat_ms },
    async run(stage) {
      stage.fault(`${stage.active.name} is cut off`);
      using healing = cutAllLinks(stage);
      await stage.ownedBy(stage.standby);
      stage.tell(`${stage.standby.name} has every VIP`);
      await stage.rest(stage.pace.broken_ms);
      stage.tell('the cables are mended');
      healing[Symbol.dispose]();
    },
  },
  {
    name: 'cut-one-link',
    what: 'beats are lost in both directions on one of the links',
    expects: { owner: 'stays', outage_ms: nothing },
    async run(stage) {
      stage.fault('no beat gets through on the inside network');
      using _healing = dropBeats(stage, ['inside'], false);
      await stage.rest(stage.pace.broken_ms);
    },
  },
  {
    name: 'one-way-loss',
    what: 'the standby hears nothing of the active director, which hears it well, on every link',
    expects: { owner: 'any', outage_ms: takeover_ms, orphans: true },
    async run(stage) {
      stage.fault(`nothing that ${stage.active.name} sends reaches ${stage.standby.name}`);
      using _healing = dropBetween(stage, { permille: 1_000, oneWay: true, serial: true });
      await stage.rest(stage.pace.broken_ms);
    },
  },
  {
    name: 'loss-20',
    what: 'a fifth of what the directors send each other is lost on both networks, and there is no serial line',
    expects: { owner: 'stays', outage_ms: nothing },
    async run(stage) {
      stage.fault('20 % loss between the directors');
      using _healing = dropBetween(stage, { permille: 200, oneWay: false, serial: true });
      await stage.rest(2 * stage.pace.broken_ms);
    },
  },
  {
    name: 'sync-link-cut',
    what: 'the directors do not reach each other on the sync link for a while; once it is mended, a planned switchover',
    expects: { owner: 'moves', outage_ms: planned },
    async run(stage) {
      stage.fault('nothing gets through between the directors on the inside network');
      {
        using _healing = dropBetween(stage, { permille: 1_000, oneWay: false, nets: ['inside'] });
        await stage.rest(2 * stage.pace.broken_ms);
      }
      stage.tell('it is mended');
      await stage.settled();
      stage.tell('the tables are complete; a switchover shows whether they are');
      await stage.switchover();
    },
  },
  {
    name: 'both-active-heal',
    what: 'beats are lost on every link while all else works, so that both directors claim; then the links are mended',
    expects: { owner: 'any', outage_ms: takeover_ms, twoOwners_ms: () => Infinity, orphans: true },
    async run(stage) {
      stage.fault('no beat gets through on any link');
      {
        using _healing = dropBeats(stage, ['front', 'inside'], true);
        await stage.rest(stage.deadtime_ms + stage.pace.broken_ms);
      }
      stage.tell('the links are mended');
    },
  },
];

const orders: readonly Drill[] = [
  {
    name: 'planned-switchover',
    what: 'an operator orders the active director to hand over',
    expects: { owner: 'moves', outage_ms: planned, theirs: THEIRS.planned },
    async run(stage) {
      stage.fault('switchover is ordered');
      await stage.switchover();
    },
  },
  {
    name: 'failback',
    what: 'after a takeover, the VIPs go back to the director that had them first',
    expects: { owner: 'moves', outage_ms: planned, theirs: THEIRS.failback },
    async prepare(stage) {
      // Who is active when the drill begins has taken over from the other one.
      await stage.standby.killEverything();
      await stage.standby.start();
    },
    async run(stage) {
      stage.fault('failback is ordered');
      await stage.switchover();
    },
  },
  {
    name: 'standby-restart-under-load',
    what: 'the standby is killed and started again, fetches the table under load, and is then made the active one',
    expects: { owner: 'moves', outage_ms: starting },
    async run(stage) {
      stage.fault(`every process of ${stage.standby.name} is killed`);
      await stage.standby.killEverything();
      await stage.rest(stage.pace.broken_ms);
      stage.tell('it is started again');
      await stage.standby.start();
      await stage.settled();
      stage.tell('the tables are complete; a switchover shows whether they are');
      await stage.switchover();
    },
  },
];

export const DRILLS: readonly Drill[] = [...kills, ...links, ...orders, clockStep, vipConflict];
