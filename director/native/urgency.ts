// Keeping time on a busy machine: real-time scheduling for the calling thread. Guarantees: never throws; what the kernel
// refuses is told in words and the process goes on as an ordinary one. Memory is not locked: V8 gives pages back by
// madvise(2), which fails on locked ones, and it takes that for the end. (Whoever starts the process can keep it from
// being paged out: cgroup's memory.swap.max.)
import koffi from 'koffi';
import { errnoName } from './system-error.ts';

const library = koffi.load('libc.so.6');
const c = {
  sched_setscheduler: library.func('int sched_setscheduler(int pid, int policy, void *parameters)'),
  setpriority: library.func('int setpriority(int which, unsigned int who, int priority)'),
};

const SCHED_RR = 2;
/** Children get ordinary scheduling (sched(7)); a fencing command or arping is not urgent. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PRIO_PROCESS = 0;
const NICE_MOST = -20;

/** What was achieved, for people. `priority` 1 to 99, as in sched(7). */
export function becomeUrgent(priority: number): string {
  const parameters = new Int32Array([priority]);
  if ((c.sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, parameters) as number) === 0)
    return `real-time priority ${priority}`;
  const refused = errnoName(koffi.errno());
  const nice = (c.setpriority(PRIO_PROCESS, 0, NICE_MOST) as number) === 0;
  return `${nice ? `nice ${NICE_MOST}` : 'ordinary priority'} (real time refused: ${refused})`;
}
