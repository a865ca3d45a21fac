// A set of entries by their two hashes; grows by doubling up to a limit, since it stands for a table that has one.

const LEAST = 1 << 10;

export class HashSet {
  #keys = new Uint32Array(LEAST);
  #wholes = new Uint32Array(LEAST);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: number, whole: number): boolean {
    return this.#wholes[this.#find(key, whole)] !== 0;
  }

  add(key: number, whole: number): void {
    const place = this.#find(key, whole);
    if (this.#wholes[place] !== 0) return;
    this.#keys[place] = key;
    this.#wholes[place] = whole;
    if (++this.#size * 2 > this.#keys.length) this.#grow();
  }

  clear(): void {
    this.#keys = new Uint32Array(LEAST);
    this.#wholes = new Uint32Array(LEAST);
    this.#size = 0;
  }

  /** Where it is, or the free place where it belongs. `whole` is never 0. */
  #find(key: number, whole: number): number {
    const mask = this.#keys.length - 1;
    let place = (key ^ Math.imul(whole, 0x9e37_79b1)) & mask;
    while (this.#wholes[place] !== 0 && (this.#wholes[place] !== whole || this.#keys[place] !== key))
      place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const keys = this.#keys;
    const wholes = this.#wholes;
    this.#keys = new Uint32Array(keys.length * 2);
    this.#wholes = new Uint32Array(keys.length * 2);
    for (let index = 0; index < keys.length; index++) {
      if (wholes[index] === 0) continue;
      const place = this.#find(keys[index]!, wholes[index]!);
      this.#keys[place] = keys[index]!;
      this.#wholes[place] = wholes[index]!;
    }
  }
}
