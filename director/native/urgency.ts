// Keeping time on a busy machine: real-time scheduling for the calling thread, and memory that is not paged out.
// Guarantees: never throws; what the kernel refuses is told in words and the process goes on as an ordinary one.
import koffi from 'koffi';
import { errnoName } from './system-error.ts';

const library = koffi.load('libc.so.6');
const c = {
  sched_setscheduler: library.func('int sched_setscheduler(int pid, int policy, void *parameters)'),
  setpriority: library.func('int setpriority(int which, unsigned int who, int priority)'),
  mlockall: library.func('int mlockall(int flags)'),
};

const SCHED_RR = 2;
/** Children get ordinary scheduling (sched(7)); a fencing command or arping is not urgent. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PRIO_PROCESS = 0;
const NICE_MOST = -20;
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
/** V8 reserves far more than it uses: only what is touched is to stay (kernel 4.4 and newer). */
const MCL_ONFAULT = 4;

/** What was achieved, for people. `priority` 1 to 99, as in sched(7). */
export function becomeUrgent(priority: number): string {
  const parameters = new Int32Array([priority]);
  const achieved: string[] = [];
  if ((c.sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, parameters) as number) === 0)
    achieved.push(`real-time priority ${priority}`);
  else {
    const refused = errnoName(koffi.errno());
    const nice = (c.setpriority(PRIO_PROCESS, 0, NICE_MOST) as number) === 0;
    achieved.push(`${nice ? `nice ${NICE_MOST}` : 'ordinary priority'} (real time refused: ${refused})`);
  }
  if ((c.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) as number) === 0) achieved.push('memory locked');
  else achieved.push(`memory not locked (${errnoName(koffi.errno())})`);
  return achieved.join(', ');
}
