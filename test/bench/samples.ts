// Repeated measurements of several cases. Cases are measured in rounds, all of them in each round and each round
// beginning with another one, so that what else the machine does falls on all of them alike.

export class Samples {
  readonly #values: number[] = [];

  add(value: number): void {
    this.#values.push(value);
  }

  get count(): number {
    return this.#values.length;
  }

  /** In the order they were taken. */
  get values(): readonly number[] {
    return this.#values;
  }

  /** The least disturbed one, where a measurement can only be disturbed upwards. */
  get min(): number {
    return Math.min(...this.#values);
  }

  get max(): number {
    return Math.max(...this.#values);
  }

  get median(): number {
    const sorted = this.#values.toSorted((one, other) => one - other);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}

/** Each sample divided by the other's of the same round. */
export function ratios(of: Samples, to: Samples): Samples {
  const result = new Samples();
  for (const [round, value] of of.values.entries()) result.add(value / to.values[round]!);
  return result;
}

/** Measures every case once a round; `turn` lets the process notice signals, and throws to give up. */
export async function interleave<K>(
  rounds: number,
  cases: readonly K[],
  turn: () => Promise<void>,
  measure: (one: K) => number | Promise<number>,
): Promise<Map<K, Samples>> {
  const samples = new Map(cases.map((one) => [one, new Samples()]));
  for (let round = 0; round < rounds; round++)
    for (let step = 0; step < cases.length; step++) {
      const one = cases[(round + step) % cases.length]!;
      await turn();
      samples.get(one)!.add(await measure(one));
    }
  return samples;
}
