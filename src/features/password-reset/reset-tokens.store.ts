import { Op } from 'sequelize';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { primaryKey, type RowOf, table, text, time } from '../../db/table.ts';

export const PASSWORD_RESET_TOKENS = table('password_reset_tokens', {
  userId: primaryKey(text(36)),
  hash: text(64),
  createdAt: time(),
  expiresAt: time(),
});

/** What is kept of a token: its SHA-256, never the token itself. */
export type ResetToken = RowOf<typeof PASSWORD_RESET_TOKENS>;

/** Tokens with which users choose another password, in the table `password_reset_tokens`: one for each user at most. */
export function createResetTokenStore({ open, transaction, run, write }: Scope) {
  const tokens = open(PASSWORD_RESET_TOKENS);

  /** In a transaction that keeps others from doing the same for this user. */
  async function replace(token: ResetToken): Promise<void> {
    await remove(token.userId);
    await write(() => tokens.create(token, { transaction }));
  }

  async function find(hash: string, at: Date): Promise<ResetToken | null> {
    const where = { hash, expiresAt: { [Op.gt]: at } };
    const row = await run(() => tokens.findOne({ where, transaction }));
    return row?.get() ?? null;
  }

  /** Uses the token up. Of concurrent callers exactly one gets true. */
  async function use(hash: string, at: Date): Promise<boolean> {
    const where = { hash, expiresAt: { [Op.gt]: at } };
    return (await write(() => tokens.destroy({ where, transaction }))) === 1;
  }

  async function remove(userId: string): Promise<void> {
    await write(() => tokens.destroy({ where: { userId }, transaction }));
  }

  /** Removes those that expired before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { expiresAt: { [Op.lte]: before } };
    await removeInPortions((limit) => write(() => tokens.destroy({ where, limit, transaction })));
  }

  return { replace, find, use, remove, prune };
}
