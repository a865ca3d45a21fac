// Every command, in the order in which help lists them.
import type { Command } from './command.ts';
import { apply, check, rollback } from './commands/configure.ts';
import { doctor } from './commands/doctor.ts';
import { drill } from './commands/drill.ts';
import { events, revisions } from './commands/history.ts';
import { connections, explain, servers, services, status } from './commands/look.ts';
import { disable, drain, enable, weight } from './commands/order.ts';
import { hold, release, switchover } from './commands/pair.ts';
import { run, selfDescribing, version } from './commands/self.ts';
import { history } from './commands/series.ts';

const { help, completion } = selfDescribing(() => commands);

export const commands: readonly Command[] = [
  run,
  check,
  apply,
  rollback,
  revisions,
  status,
  services,
  servers,
  connections,
  events,
  history,
  drain,
  enable,
  disable,
  weight,
  switchover,
  hold,
  release,
  explain,
  drill,
  doctor,
  completion,
  version,
  help,
];
