// The drills' client as the drills hold it: two processes in the client's namespace, begun, watched, and asked for what
// they saw.
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { type Program, startProgram } from '../../lab/program.ts';
import { waitFor, within } from '../../lab/wait.ts';
import type {
  FreshResult,
  LastingResult,
  ProcessResult,
  TrafficCommand,
  TrafficLine,
  TrafficSettings,
  TrafficState,
  TrafficTarget,
} from './types.ts';

export interface DrillTrafficOptions {
  readonly connections: number;
  /** Between new connections to one service. */
  readonly fresh_every_ms?: number;
  /** Between datagrams of one flow. */
  readonly flow_every_ms?: number;
  /** What is silent for longer has failed. */
  readonly timeout_ms?: number;
}

export interface TrafficResult {
  readonly established: LastingResult;
  readonly fresh: FreshResult;
  readonly processes: Readonly<Record<'established' | 'fresh', ProcessResult>>;
}

export interface DrillTraffic extends Disposable {
  readonly settings: Omit<TrafficSettings, 'part'>;
  /** Forgets what was; what was lost before is opened again. Settles when all of it works. */
  begin(): Promise<void>;
  end(fault_at: number): Promise<TrafficResult>;
  /** New connections that succeeded since the start. */
  successes(): number;
}

const FRESH_EVERY_MS = 10;
const FLOW_EVERY_MS = 10;
const TIMEOUT_MS = 6_000;
const WHOLE_MS = 30_000;
const END_MS = 20_000;
/** New connections that have to succeed before anything is measured. */
const STEADY_SUCCESSES = 50;

/** What traffic needs of a site. */
type Place = Pick<Lab, 'namespaces' | 'services'>;

export function startTraffic(lab: Place, options: DrillTrafficOptions): DrillTraffic {
  const settings: DrillTraffic['settings'] = {
    targets: targetsOf(lab),
    connections: options.connections,
    fresh_every_ms: options.fresh_every_ms ?? FRESH_EVERY_MS,
    lasting_of: 20,
    lasting_ms: 4_000,
    flows: 4,
    flow_every_ms: options.flow_every_ms ?? FLOW_EVERY_MS,
    timeout_ms: options.timeout_ms ?? TIMEOUT_MS,
  };
  const established = startPart(lab, { ...settings, part: 'established' });
  const fresh = startPart(lab, { ...settings, part: 'fresh' });
  const isWhole = (): boolean => {
    const [held, tried] = [established.state(), fresh.state()];
    return held !== undefined && held.open >= held.wanted && tried?.flowing === true;
  };
  return {
    settings,
    async begin() {
      established.send({ do: 'begin' });
      await waitFor('all established connections of the drill', WHOLE_MS, isWhole);
      const from = fresh.state()?.successes ?? 0;
      await waitFor(
        'new connections to succeed',
        WHOLE_MS,
        () => (fresh.state()?.successes ?? 0) >= from + STEADY_SUCCESSES,
      );
      established.send({ do: 'begin' });
      fresh.send({ do: 'begin' });
    },
    async end(fault_at) {
      const [held, tried] = await Promise.all([established.end(fault_at), fresh.end(fault_at)]);
      if (!('established' in held) || !('fresh' in tried))
        throw new Error('the drill’s client mixed up its parts');
      return {
        established: held.established,
        fresh: tried.fresh,
        processes: { established: held.process, fresh: tried.process },
      };
    },
    successes: () => fresh.state()?.successes ?? 0,
    [Symbol.dispose]() {
      established.program.kill('SIGKILL');
      fresh.program.kill('SIGKILL');
    },
  };
}

type EndLine = Extract<TrafficLine, { end: number }>;

interface RunningPart {
  readonly program: Program;
  send(command: TrafficCommand): void;
  state(): TrafficState | undefined;
  end(fault_at: number): Promise<EndLine>;
}

function startPart(lab: Place, settings: TrafficSettings): RunningPart {
  const waiting = new Map<number, (line: EndLine) => void>();
  let state: TrafficState | undefined;
  let next = 0;
  const program = startProgram(lab.namespaces, {
    namespace: lab.namespaces.get('client'),
    node: [join(import.meta.dirname, 'main.ts'), JSON.stringify(settings)],
    signalAtParentDeath: 'KILL',
    urgent: true,
    line(value) {
      const line = value as TrafficLine;
      if ('state' in line) state = line.state;
      if (!('end' in line)) return;
      waiting.get(line.end)?.(line);
      waiting.delete(line.end);
    },
  });
  const send = (command: TrafficCommand): void => program.send(command);
  return {
    program,
    send,
    state: () => state,
    async end(fault_at) {
      const id = ++next;
      const answer = new Promise<EndLine>((resolve) => waiting.set(id, resolve));
      send({ do: 'end', id, fault_at });
      const ended = program.ended.then(({ complaint }): never => {
        throw new Error(`the drill’s client ended: ${complaint}`);
      });
      return within('what the drill’s client saw', END_MS, Promise.race([answer, ended]));
    },
  };
}

function targetsOf(lab: Place): TrafficTarget[] {
  return lab.services.flatMap(({ name, kind, vip, port }) =>
    kind === 'http' ? [] : [{ service: name, kind, address: vip, port }],
  );
}
