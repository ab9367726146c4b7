/** What two samples of times tell about their difference. */
export interface Comparison {
  /** Welch's t. Beyond 4.5 either way the two do not take the same time. */
  readonly t: number;
  readonly meanDifference: number;
}

/** The slowest tenth of both together is left out: there the machine did something else. */
const KEPT = 0.9;

/**
 * Welch's t-test on cropped measurements, as dudect does it (Reparaz, Balasch, Verbauwhede: Dude, is my code constant
 * time?, 2017).
 */
export function compareTimes(one: readonly number[], other: readonly number[]): Comparison {
  const pooled = [...one, ...other].sort((a, b) => a - b);
  const longest = pooled[Math.ceil(pooled.length * KEPT) - 1] ?? 0;
  const [first, second] = [cropped(one, longest), cropped(other, longest)];
  const meanDifference = mean(second) - mean(first);
  return { t: meanDifference / Math.sqrt(squaredError(first) + squaredError(second)), meanDifference };
}

function cropped(times: readonly number[], longest: number): readonly number[] {
  return times.filter((time) => time <= longest);
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

/** Of the mean. */
function squaredError(times: readonly number[]): number {
  const middle = mean(times);
  const variance = times.reduce((sum, time) => sum + (time - middle) ** 2, 0) / (times.length - 1);
  return variance / times.length;
}

/** The same items in a random order, so that nothing that changes in the course of a run falls on one kind alone. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
