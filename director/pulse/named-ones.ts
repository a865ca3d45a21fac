// Lists in which things are found by name. Pure. Nearly always they are asked for in the order in which they stand, each name
// once; only where that is not so is an index made.

interface Named {
  readonly spec: { readonly name: string };
}

export class NamedOnes<T extends Named> {
  readonly #list: readonly T[];
  #next = 0;
  /** What has not been taken, once it was not in order. */
  #index: Map<string, T[]> | undefined;

  /** `unique`: no name stands twice. */
  constructor(list: readonly T[], unique: boolean) {
    this.#list = list;
    if (!unique) this.#index = indexByName(list);
  }

  take(name: string): readonly T[] {
    if (this.#index === undefined) {
      const next = this.#list[this.#next];
      if (next?.spec.name === name) {
        this.#next++;
        return [next];
      }
      this.#index = indexByName(this.#list.slice(this.#next));
    }
    const found = this.#index.get(name) ?? [];
    this.#index.delete(name);
    return found;
  }

  /** In the list's order. */
  left(): readonly T[] {
    const index = this.#index;
    if (index === undefined) return this.#list.slice(this.#next);
    return index.size === 0 ? [] : this.#list.filter(({ spec }) => index.has(spec.name));
  }
}

/** A name may stand for a present one and for leaving ones beside it. */
export function indexByName<T extends Named>(list: readonly T[]): Map<string, T[]> {
  const index = new Map<string, T[]>();
  for (const each of list) {
    const namesakes = index.get(each.spec.name);
    if (namesakes === undefined) index.set(each.spec.name, [each]);
    else namesakes.push(each);
  }
  return index;
}
