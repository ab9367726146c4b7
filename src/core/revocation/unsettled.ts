/** How many positions lie above each mark, from the end: rows that appear late are mostly recent. */
const MARKS = [4096, 512, 64];

/**
 * The positions of a table that have been read, above the one below which nothing can appear any more. They are given out
 * at insert and appear at commit, so a lower one may appear after a higher one. A cluster leaves gaps between them by
 * design (`auto_increment_increment`), and these cannot be told from rows that are still to come.
 */
export function createUnsettled() {
  const positions: number[] = [];
  /** When each of these was first read. */
  const seenAt: number[] = [];
  let settled = 0;

  function add(position: number, at: number): void {
    const index = indexAbove(position);
    if (position <= settled || positions[index - 1] === position) return;
    positions.splice(index, 0, position);
    seenAt.splice(index, 0, at);
  }

  /** Drops those from behind `after` up to `upTo` that are not among `kept`, since they have been removed. */
  function retain(after: number, upTo: number, kept: ReadonlySet<number>): void {
    for (let index = indexAbove(upTo) - 1; index >= 0 && (positions[index] ?? 0) > after; index--) {
      if (kept.has(positions[index] ?? 0)) continue;
      positions.splice(index, 1);
      seenAt.splice(index, 1);
    }
  }

  /** Moves over positions that follow one another, and over gaps below what was read before `seenBefore`. */
  function settle(seenBefore: number): void {
    let index = 0;
    for (; index < positions.length; index++) {
      const position = positions[index] ?? 0;
      if (position !== settled + 1 && (seenAt[index] ?? 0) >= seenBefore) break;
      settled = position;
    }
    positions.splice(0, index);
    seenAt.splice(0, index);
  }

  /** Where the unsettled part begins, and marks within it, the last ones close to its end. */
  function marks(): number[] {
    return [settled, ...MARKS.map((count) => positions.at(-count - 1) ?? settled)];
  }

  const highest = () => positions.at(-1) ?? settled;
  const countAbove = (position: number) => positions.length - indexAbove(position);

  /** The index of the first one above `position`. */
  function indexAbove(position: number): number {
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return { add, retain, settle, marks, countAbove, highest, settled: () => settled };
}
