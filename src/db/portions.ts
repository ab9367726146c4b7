const PORTION_ROWS = 5_000;

/** Removes rows some thousands at a time, so that no statement locks a table for long. `remove` says how many went. */
export async function removeInPortions(remove: (limit: number) => Promise<number>): Promise<void> {
  while ((await remove(PORTION_ROWS)) === PORTION_ROWS);
}
