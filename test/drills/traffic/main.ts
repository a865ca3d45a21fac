// The drills' client: two processes of this program share the work, so that thousands of established connections do not
// disturb the clock of those who try new ones. Settings are its one argument, as JSON; commands and answers are JSON
// lines. The end of stdin ends it.
import { readLines, writeLine } from '../../lab/lines.ts';
import { monotonic_ms } from '../../lab/monotonic.ts';
import { Flows } from './flows.ts';
import { FreshTalks } from './fresh.ts';
import { LastingTalks } from './lasting.ts';
import type { ProcessResult, TrafficCommand, TrafficLine, TrafficSettings, TrafficState } from './types.ts';
import { startWheel, type Wheel } from './wheel.ts';

/** Connections opened at one turn of the wheel. */
const OPEN_AT_ONCE = 8;
const STATE_EVERY_MS = 100;

interface Part {
  begin(): void;
  end(fault_at: number): Promise<object>;
  state(): TrafficState;
}

function say(line: TrafficLine): void {
  writeLine(process.stdout, line);
}

function establishedPart(settings: TrafficSettings, wheel: Wheel): Part {
  const talks = new LastingTalks(settings.timeout_ms);
  const targets = settings.targets.filter(({ kind }) => kind === 'echo');
  let turn = 0;
  let refill = true;
  wheel.each((now) => {
    for (let count = 0; refill && count < OPEN_AT_ONCE && talks.size < settings.connections; count++)
      talks.open(targets[turn++ % targets.length]!);
    if (talks.size >= settings.connections) refill = false;
    talks.turn(now);
  });
  return {
    begin() {
      talks.begin();
      refill = true;
    },
    end: async () => ({ established: await talks.end() }),
    state: () => ({
      open: talks.working,
      wanted: settings.connections,
      failures: talks.failures,
      successes: 0,
      flowing: true,
    }),
  };
}

function freshPart(settings: TrafficSettings, wheel: Wheel): Part {
  const lasting = new LastingTalks(settings.timeout_ms);
  const fresh = new FreshTalks(settings, lasting, wheel);
  const flows = new Flows(settings, wheel);
  wheel.each((now) => lasting.turn(now));
  return {
    begin() {
      lasting.begin();
      fresh.begin();
      flows.begin();
    },
    async end(fault_at) {
      const rest = { ...fresh.end(fault_at), udp: flows.end(fault_at) };
      return { fresh: { ...rest, lasting: await lasting.end() } };
    },
    state: () => ({
      open: lasting.working,
      wanted: 0,
      failures: fresh.failures,
      successes: fresh.successes,
      flowing: flows.isFlowing(monotonic_ms()),
    }),
  };
}

function main(settings: TrafficSettings): void {
  const wheel = startWheel();
  const part =
    settings.part === 'established' ? establishedPart(settings, wheel) : freshPart(settings, wheel);
  let [cpu, since] = [process.cpuUsage(), monotonic_ms()];
  const account = (): ProcessResult => {
    const used = process.cpuUsage(cpu);
    const cpu_percent = (used.user + used.system) / 10 / Math.max(1, monotonic_ms() - since);
    return { late_max_ms: wheel.late_max_ms(), cpu_percent };
  };
  const obey = async (command: TrafficCommand): Promise<void> => {
    if (command.do === 'begin') {
      part.begin();
      account();
      [cpu, since] = [process.cpuUsage(), monotonic_ms()];
      return;
    }
    const spent = account();
    say({ end: command.id, ...(await part.end(command.fault_at)), process: spent } as TrafficLine);
  };
  process.stdout.on('error', () => process.exit(0)); // nobody listens any more
  readLines(
    process.stdin,
    (line) => void obey(line as TrafficCommand),
    () => process.exit(0),
  );
  setInterval(() => say({ state: part.state() }), STATE_EVERY_MS);
  say({ ready: true });
}

main(JSON.parse(process.argv[2] ?? '{}') as TrafficSettings);
