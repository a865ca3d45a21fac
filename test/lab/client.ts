// The lab's client: keeps traffic of every kind going to every service and reports what came of it. The settings are
// its one argument, as JSON; reports and commands are JSON lines on stdout and stdin. The end of stdin ends it.
import type { Context } from './client/activity.ts';
import { startEcho } from './client/echo.ts';
import { startHttp, transferBulk } from './client/http.ts';
import { createLedger } from './client/ledger.ts';
import type { ClientCommand, ClientLine, ClientSettings } from './client/traffic.ts';
import { startUdp } from './client/udp.ts';
import { readLines, writeLine } from './lines.ts';

const START = { http: startHttp, echo: startEcho, udp: startUdp } as const;

function say(line: ClientLine): void {
  writeLine(process.stdout, line);
}

async function obey(command: ClientCommand, context: Context): Promise<void> {
  if (command.do === 'pause') context.paused = true;
  else if (command.do === 'resume') context.paused = false;
  else {
    const target = context.settings.targets.find((candidate) => candidate.service === command.service);
    const failed = target && (await transferBulk(target, context, command.bytes));
    say({ bulk: command.id, ...(failed ? { failed } : {}) });
  }
}

function main(settings: ClientSettings): void {
  const ledger = createLedger(settings.targets.map((target) => target.service));
  const seed = (): number => Math.floor(Math.random() * 0x7fffffff);
  const context: Context = { settings, ledger, paused: false, seed };
  process.stdout.on('error', () => process.exit(0)); // nobody listens any more
  readLines(
    process.stdin,
    (line) => void obey(line as ClientCommand, context),
    () => process.exit(0),
  );
  for (const target of settings.targets) START[target.kind](target, context);
  say({ ready: true });
  setInterval(() => say({ report: ledger.take(Date.now()) }), settings.report_ms);
}

main(JSON.parse(process.argv[2] ?? '{}') as ClientSettings);
