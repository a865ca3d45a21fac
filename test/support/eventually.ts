// Waiting for what the kernel, or another process, does in its own time. A condition that holds is seen within some 50 ms;
// the bound is for a machine that is busy with other things, and no test may pass or fail by how long it took.
import { expect } from 'vitest';

const PATIENCE_MS = 10_000;

/** `await eventually(() => read()).toBe(…)` */
export function eventually<T>(read: () => T) {
  return expect.poll(read, { timeout: PATIENCE_MS });
}
