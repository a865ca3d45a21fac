// How late the loop runs: what an operator looks at before he lowers a deadtime. A ring of the last turns.
const TURNS = 10_000;

export class Lateness {
  readonly #late_ms = new Float32Array(TURNS);
  #count = 0;

  note(late_ms: number): void {
    this.#late_ms[this.#count % TURNS] = Math.max(0, late_ms);
    this.#count++;
  }

  summary(): { readonly p99_ms: number; readonly max_ms: number } {
    const known = this.#late_ms.slice(0, Math.min(this.#count, TURNS)).sort();
    if (known.length === 0) return { p99_ms: 0, max_ms: 0 };
    const round = (value: number) => Math.round(value * 10) / 10;
    return { p99_ms: round(known[Math.floor(known.length * 0.99)]!), max_ms: round(known.at(-1)!) };
  }
}
