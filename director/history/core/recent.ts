// The last two minutes of a few metrics of every subject, in memory, for sparklines. Bounded: as many pictures as there are
// seconds in it, whatever a clock does.
import { METRICS, RECENT_METRICS, type RecentMetric } from '../../model/metric.ts';
import type { Subjects } from './open-block.ts';

export const RECENT_STEP_MS = 1_000;
const RECENT_STEPS = 120;

interface Picture {
  /** Seconds of the monotonic clock that it stands for, both included. */
  readonly first: number;
  readonly last: number;
  readonly subjects: Subjects;
  /** Row by row, RECENT_METRICS.length numbers each. */
  readonly values: Float32Array;
}

const WIDTH = RECENT_METRICS.length;
const COLUMNS = RECENT_METRICS.map((metric) => METRICS.indexOf(metric));

export class Recent {
  #pictures: Picture[] = [];

  /** `values`: METRICS.length numbers each; left as they are. */
  put(monotonic_ms: number, span_ms: number, subjects: Subjects, values: Float32Array): void {
    const last = Math.floor(monotonic_ms / RECENT_STEP_MS);
    const first = Math.min(last, Math.floor((monotonic_ms - span_ms) / RECENT_STEP_MS) + 1);
    const own = new Float32Array(subjects.names.length * WIDTH);
    for (let row = 0, from = 0, to = 0; row < subjects.names.length; row++, from += METRICS.length)
      for (let column = 0; column < WIDTH; column++) own[to++] = values[from + COLUMNS[column]!]!;
    this.#pictures.push({ first, last, subjects, values: own });
    while (this.#pictures.length > RECENT_STEPS || this.#pictures[0]!.last <= last - RECENT_STEPS)
      this.#pictures.shift();
  }

  /** Oldest first, NaN where nothing was sampled; undefined for a subject that is not there. */
  series(subject: string, metric: RecentMetric): Float32Array | undefined {
    const newest = this.#pictures.at(-1);
    if (newest === undefined) return undefined;
    const column = RECENT_METRICS.indexOf(metric);
    const series = new Float32Array(RECENT_STEPS).fill(Number.NaN);
    let found = false;
    for (const { first, last, subjects, values } of this.#pictures) {
      const row = subjects.index.get(subject);
      if (row === undefined) continue;
      found = true;
      for (let second = first; second <= last; second++) {
        const at = second - newest.last + RECENT_STEPS - 1;
        if (at >= 0) series[at] = values[row * WIDTH + column]!;
      }
    }
    return found ? series : undefined;
  }
}
