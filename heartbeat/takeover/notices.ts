// Recording what is wrong once, not every second: again only when it was over in between, or for another reason.
// What is remembered is bounded.
export type Record = (
  event: string,
  subject: string,
  reason: string,
  evidence: Readonly<{ [name: string]: string | number | boolean }>,
) => void;

const NOTICES_MAX = 4_096;

export class Notices {
  readonly #record: Record;
  readonly #standing = new Map<string, string>();

  constructor(record: Record) {
    this.#record = record;
  }

  once(event: string, subject: string, reason: string): void {
    const name = `${event} ${subject}`;
    if (this.#standing.get(name) === reason) return;
    if (this.#standing.size >= NOTICES_MAX) this.#standing.clear();
    this.#standing.set(name, reason);
    this.#record(event, subject, reason, {});
  }

  over(event: string, subject: string): void {
    this.#standing.delete(`${event} ${subject}`);
  }
}
