// The show: polls the director, follows the client, kills and revives real servers on time or on a key, and hands what
// is known to whoever draws it. Ends by itself after the given time, or when told to.
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { ClientReport } from './client/traffic.ts';
import { createDrill, type Story } from './drill.ts';
import type { Lab } from './lab.ts';
import { addReport, createTally, judge, type Summary } from './tally.ts';
import { SERVER_NAMES, type ServerName } from './topology.ts';
import { type View, viewOf } from './view.ts';

const POLL_MS = 100;
const WINDOW_REPORTS = 12;
const EVENTS_KEPT = 100;
/** Without an end: one real server after the other, away for the second third of each round. */
const ROUND_S = 30;

export interface ShowOptions {
  readonly seconds: number | undefined;
  readonly kill: boolean;
  readonly ended: AbortSignal;
  event(line: string): void;
  show(view: View): void;
}

export interface Show {
  /** A key was pressed: kill or revive this server. The automatic kills end with it. */
  toggle(name: ServerName): void;
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

  const tell = (line: string): void => {
    events.push(`${elapsed_s().toFixed(1).padStart(6)} s  ${line}`);
    if (events.length > EVENTS_KEPT) events.shift();
    options.event(events.at(-1)!);
  };
  const drill = createDrill(lab, (story) => tell(sentence(story)));
  let since = Date.now();
  const following = lab.client.follow((report) => {
    addReport(tally, report, since, drill.outages);
    since = report.at;
    window.push(report);
    if (window.length > WINDOW_REPORTS) window.shift();
  });
  const toggle = (name: ServerName): void =>
    void drill.toggle(name).catch((error: unknown) => complaints.push(String(error)));

  const poll = async (): Promise<void> => {
    try {
      status = (await lab.director.control.call('services')).services;
      engine ||= await describeEngine(lab);
      drill.observe(status, Date.now());
    } catch (error) {
      if (!complaints.some((complaint) => complaint.startsWith('the director')))
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
      services: lab.services,
      status,
      window,
      window_s: Math.min(WINDOW_REPORTS * 0.25, elapsed_s()),
      tally,
      outages: drill.outages,
      running: Object.fromEntries(lab.servers.map((server) => [server.name, server.isRunning()])),
      events,
    });
  const runOut = async (): Promise<Summary> => {
    const plan = options.kill ? schedule(options.seconds) : () => undefined;
    while (!options.ended.aborted && elapsed_s() < (options.seconds ?? Infinity)) {
      await poll();
      const due = manual ? undefined : plan(elapsed_s());
      if (due) await drill.toggle(due);
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
      outages: drill.outages,
      servers: SERVER_NAMES,
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
      toggle(name);
    },
    done: runOut(),
  };
}

/** Tells at a time which server is to be killed or revived now; each only once. */
function schedule(seconds: number | undefined): (elapsed_s: number) => ServerName | undefined {
  const round_s = seconds ?? ROUND_S;
  let turned = 0;
  return (elapsed_s) => {
    const round = Math.floor(turned / 2);
    const at = (round + (turned % 2 === 0 ? 1 / 3 : 2 / 3)) * round_s;
    if (elapsed_s < at) return undefined;
    turned++;
    return SERVER_NAMES[(round + 1) % SERVER_NAMES.length];
  };
}

async function droppedBy(lab: Lab): Promise<Readonly<Record<string, number>>> {
  return (await lab.director.control.call('status')).engine.totals.dropped;
}

async function describeEngine(lab: Lab): Promise<string> {
  const { engine } = await lab.director.control.call('status');
  const hooks = new Set(engine.hooks.map((hook) => hook.hook));
  return `engine ${engine.kind}${hooks.size > 0 ? ` (${[...hooks].join(', ')})` : ''}`;
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
