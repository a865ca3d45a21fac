// Every command, in the order in which help lists them.
import type { Command } from './command.ts';
import { session, token, user } from './commands/accounts.ts';
import { audit, diagnostics } from './commands/audit.ts';
import { backup, restore } from './commands/backup.ts';
import { apply, check, rollback } from './commands/configure.ts';
import { webConsole } from './commands/console.ts';
import { doctor } from './commands/doctor.ts';
import { drill } from './commands/drill.ts';
import { events, revisions } from './commands/history.ts';
import { connections, explain, servers, services, status } from './commands/look.ts';
import { monitors, probe } from './commands/monitors.ts';
import { notifications } from './commands/notifications.ts';
import { disable, drain, enable, weight } from './commands/order.ts';
import { hold, release, switchover } from './commands/pair.ts';
import { pair } from './commands/pairing.ts';
import { schedule } from './commands/schedule.ts';
import { run, selfDescribing, version, withdraw } from './commands/self.ts';
import { history } from './commands/series.ts';
import { setup } from './commands/setup.ts';

const { help, completion } = selfDescribing(() => commands);

export const commands: readonly Command[] = [
  setup,
  pair,
  run,
  webConsole,
  check,
  apply,
  rollback,
  revisions,
  status,
  services,
  servers,
  monitors,
  connections,
  events,
  audit,
  notifications,
  history,
  schedule,
  drain,
  enable,
  disable,
  weight,
  probe,
  switchover,
  hold,
  release,
  user,
  token,
  session,
  explain,
  drill,
  backup,
  restore,
  doctor,
  diagnostics,
  withdraw,
  completion,
  version,
  help,
];
