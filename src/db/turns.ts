/** Runs pieces of work one after another, in the order in which they came. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** No turns: where the database itself orders the writers, or a transaction has its turn already. */
export const atOnce: Turns = (work) => work();

/**
 * A queue in which waiting for one's turn costs nothing as long as it moves on. `isFatal` selects the errors after
 * which all that wait fail too instead of each finding out for itself.
 */
export function createTurns(isFatal: (error: unknown) => boolean): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let failure: { readonly at: number; readonly error: unknown } | undefined;

  return (work) => {
    const cameAt = performance.now();
    const mine = last.then(async () => {
      if (failure !== undefined && cameAt < failure.at) throw failure.error;
      try {
        return await work();
      } catch (error) {
        if (isFatal(error)) failure = { at: performance.now(), error };
        throw error;
      }
    });
    last = mine.catch(() => {});
    return mine;
  };
}
