// Makes a failing schedule smaller: leaves out faults, one at a time, while the same code is still broken.
import { runSchedule } from './run.ts';
import type { Schedule } from './schedule.ts';

export function shrink(schedule: Schedule, code: string): Schedule {
  const fails = (candidate: Schedule): boolean =>
    runSchedule(candidate).violations.some((violation) => violation.code === code);
  let smallest = schedule;
  for (let i = 0; i < smallest.faults.length; ) {
    const candidate = { ...smallest, faults: smallest.faults.filter((_, j) => j !== i) };
    if (candidate.faults.length > 0 && fails(candidate)) smallest = candidate;
    else i++;
  }
  return smallest;
}
