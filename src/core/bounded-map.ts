/**
 * A map that keeps a number of entries, those that were set last: with one more it forgets the one that was set the longest
 * ago. An entry that is set again counts as new.
 */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    super();
    this.#maxEntries = maxEntries;
  }

  override set(key: Key, value: Value): this {
    // Moved to the end: the entries are in the order in which they were set.
    this.delete(key);
    super.set(key, value);
    const [oldest] = this.size > this.#maxEntries ? this.keys() : [];
    if (oldest !== undefined) this.delete(oldest);
    return this;
  }
}
