import { createHash } from 'node:crypto';
import { ForeignKeyConstraintError, QueryTypes } from 'sequelize';
import { isDuplicate } from '../../db/errors.ts';
import { insertRows } from '../../db/insert-rows.ts';
import type { Scope } from '../../db/scope.ts';
import { toSqlDate } from '../../db/sql-date.ts';
import {
  bigInteger,
  boolean,
  longText,
  nullable,
  primaryKey,
  type RowOf,
  table,
  text,
  time,
} from '../../db/table.ts';
import { AppError } from '../errors.ts';
import type { Passkey, PasskeyUse } from './passkey.ts';

export const PASSKEYS = table('passkeys', {
  id: primaryKey(text(36)),
  userId: text(36),
  name: text(100),
  credentialHash: text(43),
  credentialId: longText(),
  publicKey: longText(),
  counter: bigInteger(),
  transports: text(100),
  aaguid: text(36),
  isBackupEligible: boolean(),
  isBackedUp: boolean(),
  createdAt: time(),
  lastUsedAt: nullable(time()),
});

type PasskeyRow = RowOf<typeof PASSKEYS>;

/** Authenticators that do not count say 0 each time (WebAuthn section 6.1.1). */
const USE = `UPDATE passkeys SET counter = :counter, is_backed_up = :isBackedUp, last_used_at = :at
  WHERE id = :id AND (counter < :counter OR (counter = 0 AND :counter = 0))`;

export type PasskeyStore = ReturnType<typeof createPasskeyStore>;

/** Passkeys, in the table `passkeys`. Each write is one statement, and the database decides every race. */
export function createPasskeyStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const passkeys = open(PASSKEYS);

  async function findByCredential(credentialId: string): Promise<Passkey | null> {
    const where = { credentialHash: hashOf(credentialId) };
    const row = await run(() => passkeys.findOne({ where, transaction }));
    return row && toPasskey(row.get());
  }

  /** The passkey with this id, where it is of this user. */
  async function find(id: string, userId: string): Promise<Passkey | null> {
    const row = await run(() => passkeys.findOne({ where: { id, userId }, transaction }));
    return row && toPasskey(row.get());
  }

  /** Those of a user, the first one first. */
  async function list(userId: string): Promise<Passkey[]> {
    const rows = await run(() =>
      passkeys.findAll({ where: { userId }, order: [['id', 'ASC']], transaction }),
    );
    return rows.map((row) => toPasskey(row.get()));
  }

  /** The same without anything else, so that many of them take hardly longer than none. */
  async function listCredentialIds(userId: string): Promise<string[]> {
    const rows = await run(() =>
      passkeys.findAll({ where: { userId }, attributes: ['credentialId'], transaction, raw: true }),
    );
    return rows.map(({ credentialId }) => credentialId);
  }

  async function count(userId: string): Promise<number> {
    return run(() => passkeys.count({ where: { userId }, transaction }));
  }

  /** @throws AppError passkey_taken where its credential is there already, token_revoked where its user is gone */
  async function insert(passkey: Passkey): Promise<void> {
    try {
      const credentialHash = hashOf(passkey.credentialId);
      await insertRows(scope, passkeys, [
        { ...passkey, transports: passkey.transports.join(','), credentialHash },
      ]);
    } catch (error) {
      if (isDuplicate(error, 'credential_hash'))
        throw new AppError('passkey_taken', undefined, { cause: error });
      if (!(error instanceof ForeignKeyConstraintError)) throw error;
      throw new AppError('token_revoked', undefined, { cause: error });
    }
  }

  /** False where the user has no passkey of this id. */
  async function rename(id: string, userId: string, name: string): Promise<boolean> {
    const [affected] = await write(() => passkeys.update({ name }, { where: { id, userId }, transaction }));
    return affected === 1;
  }

  /** Records a sign-in. False where the counter has not moved on, or the passkey has been removed. */
  async function use(id: string, { counter, isBackedUp, at }: PasskeyUse): Promise<boolean> {
    const replacements = { id, counter, isBackedUp, at: toSqlDate(sequelize, at) };
    const [, affected] = await write(() =>
      sequelize.query(USE, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /** False where another request was first. */
  async function remove(id: string, userId: string): Promise<boolean> {
    return (await write(() => passkeys.destroy({ where: { id, userId }, transaction }))) === 1;
  }

  /** Removes those that were added since, of a user who has an address to sign in with. */
  async function removeAddedSince(userId: string, since: Date): Promise<void> {
    const sql = `DELETE FROM passkeys WHERE user_id = :userId AND created_at >= :since
      AND EXISTS (SELECT 1 FROM users WHERE users.id = :userId AND users.email IS NOT NULL)`;
    const replacements = { userId, since: toSqlDate(sequelize, since) };
    await write(() => sequelize.query(sql, { replacements, type: QueryTypes.DELETE, transaction }));
  }

  async function removeAll(userId: string): Promise<void> {
    await write(() => passkeys.destroy({ where: { userId }, transaction }));
  }

  return {
    findByCredential,
    find,
    list,
    listCredentialIds,
    count,
    insert,
    rename,
    use,
    remove,
    removeAddedSince,
    removeAll,
  };
}

function hashOf(credentialId: string): string {
  return createHash('sha256').update(credentialId).digest('base64url');
}

function toPasskey({ credentialHash, transports, ...passkey }: PasskeyRow): Passkey {
  return { ...passkey, transports: transports === '' ? [] : transports.split(',') };
}
