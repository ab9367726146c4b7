// Plain JavaScript, since a worker thread starts this file without the loaders that the tests and `npm run dev` use.
import bcrypt from 'bcrypt';

/**
 * @typedef {{ readonly kind: 'hash', readonly text: string, readonly cost: number }} HashTask
 * `text` is what bcrypt gets to see, `cost` its log2 of rounds.
 *
 * @typedef {{
 *   readonly kind: 'compare',
 *   readonly text: string,
 *   readonly bcryptHash: string,
 *   readonly workCost: number,
 *   readonly mayMatch: boolean,
 * }} CompareTask
 * Where `mayMatch` is false the comparison is made for its time alone.
 */

/** Salt and hash of no password, to compare with for nothing. */
const DUMMY_HASH = 'C6UzMDM.H6dfI/f/IKcEeO7ZiYqqCmz8TS6YzGyQzVgmIgWQpN4Pa';

/**
 * What one worker thread does in one go: a bcrypt hash, or whether a text equals one.
 * @param {HashTask | CompareTask} task
 * @returns {string | boolean}
 */
export default function work(task) {
  if (task.kind === 'hash') return bcrypt.hashSync(task.text, task.cost);
  const matches = bcrypt.compareSync(task.text, task.bcryptHash) && task.mayMatch;
  if (!matches) spendDifference(costOf(task.bcryptHash), task.workCost);
  return matches;
}

/**
 * Also of a hash that bcrypt itself would not take.
 * @param {string} bcryptHash
 */
function costOf(bcryptHash) {
  return Number(bcryptHash.slice(4, 6));
}

/**
 * A bcrypt hash of the given cost that no password has.
 * @param {number} cost
 */
export function dummyHash(cost) {
  return `$2b$${String(cost).padStart(2, '0')}$${DUMMY_HASH}`;
}

/**
 * A hash at cost c and one each at c, c+1 ... work-1 add up to one at the work cost: 2^c + (2^work - 2^c).
 * @param {number} storedCost
 * @param {number} workCost
 */
function spendDifference(storedCost, workCost) {
  for (let cost = storedCost; cost < workCost; cost++) bcrypt.compareSync('', dummyHash(cost));
}
