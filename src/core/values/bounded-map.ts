/**
 * A map of at most `maxEntries` entries. With one more it forgets the one that was set the longest ago. Setting an entry again
 * makes it the newest.
 */
export class BoundedMap<Key extends string, Value> extends Map<Key, Value> {
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    super();
    this.#maxEntries = maxEntries;
  }

  /** The value of a key, which is then the newest. */
  use(key: Key): Value | undefined {
    const value = this.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
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
