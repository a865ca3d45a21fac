// The show: polls the directors, follows the client, kills and revives real servers and directors on time or on a key, and
// hands what is known to whoever draws it. Ends by itself after the given time, or when told to.
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { ClientReport } from './client/traffic.ts';
import type { LabConsole } from './console.ts';
import { createDrill, type Story } from './drill.ts';
import type { Lab } from './lab.ts';
import { monotonic_ms } from './monotonic.ts';
import type { LabObserver } from './observer/observer.ts';
import { type DirectorView, viewPair } from './pair.ts';
import { createSchedule, type Turn } from './schedule.ts';
import { createTakeovers, type PairStory } from './takeovers.ts';
import { addReport, createTally, judge, type Summary } from './tally.ts';
import { type DirectorName, SERVER_NAMES, type ServerName } from './topology.ts';
import { pairView, type View, viewOf } from './view.ts';

const POLL_MS = 100;
const WINDOW_REPORTS = 12;
const EVENTS_KEPT = 100;
/** Datagrams that are given up late. */
const DRILL_AFTERMATH_MS = 1_500;
/** Answers on the wire that young tell who has the VIPs now. */
const NOW_MS = 60;

export interface ShowOptions {
  readonly seconds: number | undefined;
  readonly kill: boolean;
  /** Of a pair. */
  readonly observer?: LabObserver | undefined;
  readonly consoles?: readonly LabConsole[];
  readonly ended: AbortSignal;
  event(line: string): void;
  show(view: View): void;
}

export interface Show {
  /** A key was pressed: kill or revive this one. The automatic kills end with it. */
  toggle(name: ServerName | DirectorName): void;
  /** A drill has begun, and ended: it judges its own traffic, and nothing else is killed meanwhile. */
  drillBegan(name: string): void;
  drillEnded(name: string, ok: boolean | undefined): void;
  readonly done: Promise<Summary>;
}

export function startShow(lab: Lab, options: ShowOptions): Show {
  const began = performance.now();
  const elapsed_s = (): number => (performance.now() - began) / 1_000;
  const tally = createTally(lab.services.map((service) => service.name));
  const events: string[] = [];
  const complaints: string[] = [];
  const window: ClientReport[] = [];
  let status: readonly ServiceStatus[] = [];
  let engine = '';
  let manual = false;
  let views: readonly DirectorView[] = [];
  let owners: readonly string[] = [];
  const drills: { from: number; to: number }[] = [];

  const tell = (line: string): void => {
    events.push(`${elapsed_s().toFixed(1).padStart(6)} s  ${line}`);
    if (events.length > EVENTS_KEPT) events.shift();
    options.event(events.at(-1)!);
  };
  const drill = createDrill(lab, (story) => tell(sentence(story)));
  const takeovers = options.observer
    ? createTakeovers(lab.directors, options.observer, (story) => tell(pairSentence(story)))
    : undefined;
  const disturbances = { outages: drill.outages, takeovers: takeovers?.list ?? [], drills };
  let since = Date.now();
  const following = lab.client.follow((report) => {
    addReport(tally, report, since, drill.outages);
    since = report.at;
    window.push(report);
    if (window.length > WINDOW_REPORTS) window.shift();
  });
  const carryOut = (turn: Turn | { what: 'director'; name: DirectorName }): void => {
    const action =
      turn.what === 'server'
        ? drill.toggle(turn.name)
        : takeovers?.toggle('name' in turn ? turn.name : 'active');
    action?.catch((error: unknown) => complaints.push(String(error)));
  };

  const poll = async (): Promise<void> => {
    try {
      status = await lab.status();
      engine ||= await describeEngine(lab);
      drill.observe(status, Date.now());
      if (takeovers && options.observer) {
        views = await viewPair(lab.directors);
        owners = await ownersNow(options.observer);
        await takeovers.observe(views);
      }
    } catch (error) {
      if (lab.directors.length === 1 && !complaints.some((complaint) => complaint.startsWith('the director')))
        complaints.push(`the director did not answer: ${error instanceof Error ? error.message : error}`);
    }
  };
  const known = (): View =>
    viewOf({
      elapsed_s: elapsed_s(),
      limit_s: options.seconds,
      engine,
      directors: lab.directors.map((director) => director.name),
      runtime: lab.director.runtime,
      consoles: (options.consoles ?? []).map((each) => ({ url: each.url, password: each.password() })),
      services: lab.services,
      status,
      window,
      window_s: Math.min(WINDOW_REPORTS * 0.25, elapsed_s()),
      tally,
      disturbances,
      pair: pairView(views, owners),
      running: Object.fromEntries(lab.servers.map((server) => [server.name, server.isRunning()])),
      events,
    });
  const runOut = async (): Promise<Summary> => {
    const plan = options.kill ? createSchedule(options.seconds, lab.directors.length) : () => undefined;
    while (!options.ended.aborted && elapsed_s() < (options.seconds ?? Infinity)) {
      await poll();
      const due = manual ? undefined : plan(elapsed_s());
      if (due) carryOut(due);
      options.show(known());
      if (!lab.client.isRunning()) {
        complaints.push(`the client ended: ${await lab.client.ended}`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    lab.client.pause();
    if (lab.client.isRunning()) await lab.client.nextReport();
    following[Symbol.dispose]();
    const summary = judge(tally, {
      ...disturbances,
      servers: SERVER_NAMES,
      byLoad: lab.services.filter(({ scheduler }) => scheduler.endsWith('lc')).map(({ name }) => name),
      dropped: await droppedBy(lab).catch(() => ({})), // a director that does not answer is complained of above
    });
    return {
      ...summary,
      ok: summary.ok && complaints.length === 0,
      complaints: [...complaints, ...summary.complaints],
    };
  };
  return {
    toggle(name) {
      manual = true;
      const server = SERVER_NAMES.find((one) => one === name);
      carryOut(server ? { what: 'server', name: server } : { what: 'director', name: name as DirectorName });
    },
    drillBegan(name) {
      manual = true;
      drills.push({ from: Date.now(), to: Infinity });
      tell(`drill ${name} begins`);
    },
    drillEnded(name, ok) {
      drills.at(-1)!.to = Date.now() + DRILL_AFTERMATH_MS;
      tell(`drill ${name}: ${ok === undefined ? 'not carried out' : ok ? 'ok' : 'not ok'}`);
    },
    done: runOut(),
  };
}

async function droppedBy(lab: Lab): Promise<Readonly<Record<string, number>>> {
  return (await (await lab.spokesman()).control.call('status')).engine.totals.dropped;
}

async function describeEngine(lab: Lab): Promise<string> {
  const { engine } = await (await lab.spokesman()).control.call('status');
  const hooks = new Set(engine.hooks.map((hook) => hook.hook));
  return `engine ${engine.kind}${hooks.size > 0 ? ` (${[...hooks].join(', ')})` : ''}`;
}

/** The names of those who answer for any VIP now. */
async function ownersNow(observer: LabObserver): Promise<string[]> {
  const { reigns } = await observer.report(monotonic_ms() - NOW_MS);
  return [...new Set(reigns.map(({ mac }) => observer.nameOf(mac)))].sort();
}

function pairSentence(story: PairStory): string {
  switch (story.kind) {
    case 'director-killed':
      return `${story.director}: every process killed (SIGKILL)`;
    case 'taken-over':
      return `${story.by} answers for the VIPs after ${story.after_ms} ms`;
    case 'director-revived':
      return `${story.director} started again`;
    case 'director-back':
      return `${story.director} could take over again after ${story.after_ms} ms`;
  }
}

function sentence(story: Story): string {
  switch (story.kind) {
    case 'killed':
      return `${story.server} killed (SIGKILL)`;
    case 'detected':
      return `${story.server} found dead after ${story.after_ms} ms`;
    case 'redistributed':
      return `new connections go to ${story.to.join(' and ') || 'nobody'}`;
    case 'revived':
      return `${story.server} started again`;
    case 'taken-back':
      return `${story.server} taken back after ${story.after_ms} ms, its weight grows`;
    case 'full-weight':
      return `${story.server} has its full weight after ${story.after_ms} ms`;
  }
}
