import { ForeignKeyConstraintError, Op, QueryTypes } from 'sequelize';
import { isDuplicate } from '../../db/errors.ts';
import { insertRows } from '../../db/insert-rows.ts';
import type { Scope } from '../../db/scope.ts';
import { longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import { AppError } from '../errors.ts';
import type { IdentityKey, IdentityUse, StoredIdentity } from './identity.ts';

export const IDENTITIES = table('identities', {
  id: primaryKey(text(36)),
  userId: text(36),
  provider: text(32),
  issuer: text(255),
  subject: text(255),
  email: nullable(text(254)),
  tokens: nullable(longText()),
  refreshingUntil: nullable(time()),
  createdAt: time(),
  lastUsedAt: time(),
});

type IdentityRow = RowOf<typeof IDENTITIES>;

export type IdentityStore = ReturnType<typeof createIdentityStore>;

/** Accounts at providers, in the table `identities`. Each write is one statement, and the database decides every race. */
export function createIdentityStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const identities = open(IDENTITIES);

  const findByKey = ({ provider, issuer, subject }: IdentityKey) => findOne({ provider, issuer, subject });

  /** The identity with this id, where it is of this user. */
  const find = (id: string, userId: string) => findOne({ id, userId });

  async function findOne(where: Partial<IdentityRow>): Promise<StoredIdentity | null> {
    const row = await run(() => identities.findOne({ where, transaction }));
    return row && toIdentity(row.get());
  }

  /** Those of a user, the first one first. */
  async function list(userId: string): Promise<StoredIdentity[]> {
    const rows = await run(() =>
      identities.findAll({ where: { userId }, order: [['id', 'ASC']], transaction }),
    );
    return rows.map((row) => toIdentity(row.get()));
  }

  /** @throws AppError identity_taken where it is there already, or its user has been deleted since they were read */
  async function insert(identity: StoredIdentity): Promise<void> {
    try {
      await insertRows(scope, identities, [{ ...identity, refreshingUntil: null }]);
    } catch (error) {
      if (!isDuplicate(error, 'subject') && !(error instanceof ForeignKeyConstraintError)) throw error;
      throw new AppError('identity_taken', undefined, { cause: error });
    }
  }

  /** Notes a sign-in. False where the identity has been removed: until the end of the transaction it then cannot be. */
  async function use(id: string, change: IdentityUse): Promise<boolean> {
    const [affected] = await write(() => identities.update(change, { where: { id }, transaction }));
    return affected === 1;
  }

  /** False where another request was first. */
  async function remove(id: string, userId: string): Promise<boolean> {
    return (await write(() => identities.destroy({ where: { id, userId }, transaction }))) === 1;
  }

  /** Removes those of a user who has an address to sign in with. */
  async function removeAll(userId: string): Promise<void> {
    const sql = `DELETE FROM identities WHERE user_id = :userId
      AND EXISTS (SELECT 1 FROM users WHERE users.id = :userId AND users.email IS NOT NULL)`;
    await write(() =>
      sequelize.query(sql, { replacements: { userId }, type: QueryTypes.DELETE, transaction }),
    );
  }

  /** Has the caller refresh the tokens until a time. False where another does, or has done so since `tokens` were read. */
  async function beginRefresh(
    { id, tokens }: Pick<StoredIdentity, 'id' | 'tokens'>,
    at: Date,
    until: Date,
  ): Promise<boolean> {
    const where = { id, tokens, refreshingUntil: { [Op.or]: [null, { [Op.lte]: at }] } };
    const [affected] = await write(() =>
      identities.update({ refreshingUntil: until }, { where, transaction }),
    );
    return affected === 1;
  }

  /** Ends a refresh: with other tokens, or with null for those that the provider takes no more, or with the same ones. */
  async function endRefresh(id: string, from: string | null, to: string | null): Promise<void> {
    const change = { tokens: to, refreshingUntil: null };
    // A sign-in may have brought newer tokens meanwhile.
    await write(() => identities.update(change, { where: { id, tokens: from }, transaction }));
  }

  return { findByKey, find, list, insert, use, remove, removeAll, beginRefresh, endRefresh };
}

function toIdentity({ refreshingUntil, ...identity }: IdentityRow): StoredIdentity {
  return identity;
}
