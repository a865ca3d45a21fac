// Which of the last 1 000 beats that should have come on a link did come. Fixed memory, whatever the sequences do.

const SPAN = 1_000;

export class LossWindow {
  readonly #came = new Uint8Array(SPAN);
  /** Beats that should have come so far; the newest has the place before it. */
  #expected = 0;
  #missing = 0;

  /** One came, the `steps`th after the one before it: 1 is the next. */
  arrived(steps: number): void {
    // Beyond the span nothing that was before counts.
    for (let gap = Math.min(steps - 1, SPAN); gap > 0; gap--) this.#push(0);
    this.#push(1);
  }

  /** One came after all, `behind` beats after its turn. */
  arrivedLate(behind: number): void {
    if (behind >= Math.min(this.#expected, SPAN)) return;
    const place = (this.#expected - 1 - behind) % SPAN;
    if (this.#came[place] === 0) this.#missing--;
    this.#came[place] = 1;
  }

  /** `overdue`: beats that are known to have been sent since the last one that came. */
  lost_permille(overdue: number): number {
    const expected = Math.min(this.#expected + overdue, SPAN);
    return expected === 0 ? 0 : Math.round((1_000 * Math.min(this.#missing + overdue, expected)) / expected);
  }

  #push(came: 0 | 1): void {
    const place = this.#expected % SPAN;
    if (this.#expected >= SPAN && this.#came[place] === 0) this.#missing--;
    if (came === 0) this.#missing++;
    this.#came[place] = came;
    this.#expected++;
  }
}
