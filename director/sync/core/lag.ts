// How long it took from an event in the kernel to the peer's acknowledgement: a histogram by powers of 2^(1/4), of the last
// ten to twenty seconds.

const STEPS = 96;
const PER_OCTAVE = 4;
const LEAST_MS = 0.01;

export class Lag {
  #present = new Float64Array(STEPS);
  #past = new Float64Array(STEPS);
  #maxima = [0, 0];

  add(lag_ms: number, events: number): void {
    const step = Math.ceil(Math.log2(Math.max(lag_ms, LEAST_MS) / LEAST_MS) * PER_OCTAVE);
    this.#present[Math.min(STEPS - 1, step)]! += events;
    if (lag_ms > this.#maxima[0]!) this.#maxima[0] = lag_ms;
  }

  /** To be called every ten seconds. */
  turn(): void {
    [this.#present, this.#past] = [this.#past, this.#present];
    this.#present.fill(0);
    this.#maxima = [0, this.#maxima[0]!];
  }

  /** The upper bound of the step that the quantile is in; 0 when there was nothing. */
  quantile_ms(share: number): number {
    const counts = this.#present.map((count, step) => count + this.#past[step]!);
    const wanted = counts.reduce((sum, count) => sum + count, 0) * share;
    if (wanted === 0) return 0;
    let sum = 0;
    for (const [step, count] of counts.entries()) {
      sum += count;
      if (sum >= wanted) return Math.min(this.max_ms, LEAST_MS * 2 ** (step / PER_OCTAVE));
    }
    return this.max_ms;
  }

  get max_ms(): number {
    return Math.max(...this.#maxima);
  }
}
