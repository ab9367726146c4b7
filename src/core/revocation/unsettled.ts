import { firstIndexAbove } from './first-index-above.ts';

/** How many positions lie above each boundary, from the end: rows that appear late are mostly recent. */
const SECTION_ROWS = [4096, 512, 64];

/**
 * The positions of a table that have been read, above the one below which nothing can appear any more. They are
 * assigned at insert and become visible at commit, so a lower one may appear after a higher one. A cluster leaves gaps
 * between them by design (`auto_increment_increment`), and these cannot be told from rows that are still to come.
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

  /** Drops those above `from`, up to `to`, that are not among `kept`, since they have been removed. */
  function retain(from: number, to: number, kept: ReadonlySet<number>): void {
    for (let index = indexAbove(to) - 1; index >= 0 && (positions[index] ?? 0) > from; index--) {
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

  /**
   * The positions at which sections of the unsettled part begin: the first is its beginning, the last are near its end.
   */
  function boundaries(): number[] {
    return [settled, ...SECTION_ROWS.map((count) => positions.at(-count - 1) ?? settled)];
  }

  const highest = () => positions.at(-1) ?? settled;
  const indexAbove = (position: number) =>
    firstIndexAbove(positions.length, (index) => positions[index], position);
  const countAbove = (position: number) => positions.length - indexAbove(position);

  return { add, retain, settle, boundaries, countAbove, highest, settled: () => settled };
}
