import { literal, Op } from 'sequelize';
import { isDuplicate } from '../../db/errors.ts';
import { insertOfUser } from '../../db/insert-of-user.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { integer, longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import { MAX_TRIES, type Purpose } from './challenge.ts';

export const CHALLENGES = table('challenges', {
  id: primaryKey(text(36)),
  purpose: text(32),
  latestOf: nullable(text(128)),
  userId: nullable(text(36)),
  address: nullable(text(254)),
  codeMac: nullable(text(43)),
  linkHash: nullable(text(64)),
  details: nullable(longText()),
  tries: integer(),
  createdAt: time(),
  expiresAt: time(),
  usedAt: nullable(time()),
});

export type ChallengeRow = RowOf<typeof CHALLENGES>;

const MAX_ATTEMPTS = 5;

/** Codes and links, in the table `challenges`. Each write is one statement, and the database decides every race. */
export function createChallengeStore(scope: Scope) {
  const { open, transaction, run, write } = scope;
  const challenges = open(CHALLENGES);

  /** Adds a challenge, which takes the place of the one with the same purpose and subject. */
  async function replace(row: ChallengeRow & { readonly latestOf: string }): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await endLatest(row.latestOf);
      try {
        return await add(row);
      } catch (error) {
        // Another request has inserted meanwhile, and this one replaces it.
        if (attempt === MAX_ATTEMPTS || !isDuplicate(error, 'latest_of')) throw error;
      }
    }
  }

  /** Adds a challenge beside all others. */
  function add(row: ChallengeRow): Promise<void> {
    return insertOfUser(scope, challenges, row);
  }

  async function endLatest(latestOf: string): Promise<void> {
    await write(() => challenges.update({ latestOf: null }, { where: { latestOf }, transaction }));
  }

  async function find(id: string): Promise<ChallengeRow | null> {
    return findOne({ id });
  }

  async function findByLink(linkHash: string): Promise<ChallengeRow | null> {
    return findOne({ linkHash });
  }

  async function findLatest(latestOf: string): Promise<ChallengeRow | null> {
    return findOne({ latestOf });
  }

  async function findOne(where: Partial<ChallengeRow>): Promise<ChallengeRow | null> {
    const row = await run(() => challenges.findOne({ where, transaction }));
    return row?.get() ?? null;
  }

  /** Counts a code that is about to be compared. False where the challenge has no tries left, or is not usable any more. */
  async function countTry(id: string, at: Date): Promise<boolean> {
    const change = { tries: literal('tries + 1') as unknown as number };
    const where = { id, tries: { [Op.lt]: MAX_TRIES }, ...usableAt(at) };
    const [affected] = await write(() => challenges.update(change, { where, transaction }));
    return affected === 1;
  }

  /** Uses a challenge up. Of concurrent callers exactly one gets true. */
  async function use(id: string, at: Date): Promise<boolean> {
    const where = { id, ...usableAt(at) };
    const change = { usedAt: at, latestOf: null };
    const [affected] = await write(() => challenges.update(change, { where, transaction }));
    return affected === 1;
  }

  /** Gives a challenge a code in place of its link. False where another request has used it. */
  async function turnIntoCode(id: string, codeMac: string, at: Date): Promise<boolean> {
    const where = { id, codeMac: null, ...usableAt(at) };
    const [affected] = await write(() => challenges.update({ codeMac }, { where, transaction }));
    return affected === 1;
  }

  /** Ends what a user has been sent for these purposes, all of it or what was sent since a time. */
  async function endAll(userId: string, purposes: readonly Purpose[], since?: Date): Promise<void> {
    const where = { userId, purpose: [...purposes], ...(since && { createdAt: { [Op.gte]: since } }) };
    await write(() => challenges.update({ latestOf: null }, { where, transaction }));
  }

  /** Removes those that expired before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { expiresAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => challenges.destroy({ where, limit, transaction })));
  }

  return {
    replace,
    add,
    endLatest,
    find,
    findByLink,
    findLatest,
    countTry,
    use,
    turnIntoCode,
    endAll,
    prune,
  };
}

function usableAt(at: Date) {
  return { latestOf: { [Op.ne]: null }, usedAt: null, expiresAt: { [Op.gt]: at } };
}
