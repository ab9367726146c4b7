/** Runs the work of each key one after another, in the order in which it came. Keys do not wait for one another. */
export type KeyedTurns = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

export function createKeyedTurns(): KeyedTurns {
  const last = new Map<string, Promise<unknown>>();

  return (key, work) => {
    const before = last.get(key);
    const mine = before === undefined ? work() : before.then(work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    last.set(key, settled);
    void settled.then(() => {
      if (last.get(key) === settled) last.delete(key);
    });
    return mine;
  };
}
