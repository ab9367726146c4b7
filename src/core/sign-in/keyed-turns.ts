/** Runs the work of each key one after another, in the order in which it came. Keys do not wait for one another. */
export type KeyedTurns = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

interface Pending {
  /** Never rejects; resolves to the error that has to end the waiting ones as well, if any. */
  readonly over: Promise<{ readonly fatal: unknown } | undefined>;
}

/**
 * `isFatal` selects the errors after which all that wait fail too: while the database does not answer, each would find
 * that out for itself, and the last of many would wait as many times as long as the first.
 */
export function createKeyedTurns(isFatal: (error: unknown) => boolean): KeyedTurns {
  const last = new Map<string, Pending>();

  return (key, work) => {
    const before = last.get(key);
    const mine =
      before === undefined
        ? work()
        : before.over.then((ended) => {
            if (ended !== undefined) throw ended.fatal;
            return work();
          });
    const pending: Pending = {
      over: mine.then(
        () => undefined,
        (error) => (isFatal(error) ? { fatal: error } : undefined),
      ),
    };
    last.set(key, pending);
    void pending.over.then(() => {
      if (last.get(key) === pending) last.delete(key);
    });
    return mine;
  };
}
