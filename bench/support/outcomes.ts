import type { Outcome } from '../load/load.ts';

export function latenciesMilliseconds(outcomes: readonly Outcome[]): number[] {
  return outcomes.map(({ dueAt, endedAt }) => endedAt - dueAt);
}

/** Answers a second. Counts from answer to answer: what happens to fall into the time at an end would decide else. */
export function answersPerSecond(outcomes: readonly Outcome[], atOnce = 1): number {
  const ends = outcomes.map(({ endedAt }) => endedAt).sort((a, b) => a - b);
  // Answers that are made `atOnce` at a time come in bunches, and a bunch that was cut would count too much.
  const intervals = Math.floor((ends.length - 1) / atOnce) * atOnce;
  const seconds = ((ends[intervals] ?? Number.NaN) - (ends[0] ?? Number.NaN)) / 1000;
  return intervals / seconds;
}

/**
 * A refused request is answered faster than a served one, so a figure that counted it would flatter.
 * @throws Error where one of them has another status
 */
export function requireStatus(outcomes: readonly Outcome[], status: number): readonly Outcome[] {
  if (outcomes.length === 0) throw new Error('nothing was sent in time: the server was still busy');
  const other = outcomes.find((outcome) => outcome.status !== status);
  if (other !== undefined) {
    throw new Error(`expected ${status}, got ${other.status === 0 ? 'no answer' : other.status}`);
  }
  return outcomes;
}
