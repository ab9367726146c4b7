import { Op, QueryTypes } from 'sequelize';
import { isDuplicate } from '../../db/errors.ts';
import { findAlike } from '../../db/find-alike.ts';
import { insertRows } from '../../db/insert-rows.ts';
import type { Scope } from '../../db/scope.ts';
import { nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import { AppError } from '../errors.ts';
import type { Identifier } from './identifiers.ts';
import { listUserIds } from './list-user-ids.store.ts';
import type { NewUser, ProfileChange, User, UserChange, UserFilter } from './user.ts';

export const USERS = table('users', {
  id: primaryKey(text(36)),
  email: nullable(text(254)),
  emailCanonical: nullable(text(254)),
  phone: nullable(text(16)),
  language: nullable(text(35)),
  username: nullable(text(32)),
  usernameCanonical: nullable(text(32)),
  name: nullable(text(200)),
  passwordHash: nullable(text(255)),
  passwordChangedAt: nullable(time()),
  emailVerifiedAt: nullable(time()),
  disabledAt: nullable(time()),
  passwordChangeRequiredAt: nullable(time()),
  secondFactorSince: nullable(time()),
  rightsVersion: nullable(time()),
  createdAt: time(),
  updatedAt: time(),
});

type UserRow = RowOf<typeof USERS>;

export type UserStore = ReturnType<typeof createUserStore>;

/** Users, in the table `users`. Each write is one statement, and the database decides every race. */
export function createUserStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const users = open(USERS);

  const findById = (id: string) => findOne({ id });
  const findByEmail = (canonical: string) => findOne({ emailCanonical: canonical });
  const findByPhone = (phone: string) => findOne({ phone });
  const findByUsername = (canonical: string) => findOne({ usernameCanonical: canonical });

  async function findOne(key: Partial<UserRow>): Promise<User | null> {
    const row = await findAlike(scope, users, key);
    return row && toUser(row);
  }

  /** In the order of their ids, those after the id `after` if that is given. */
  async function list(filter: UserFilter, limit: number, after: string | undefined): Promise<User[]> {
    const ids = await listUserIds(scope, filter, limit, after);
    if (ids.length === 0) return [];
    const rows = await run(() => users.findAll({ where: { id: ids }, order: [['id', 'ASC']], transaction }));
    return rows.map((row) => toUser(row.get()));
  }

  /** @throws AppError email_taken, username_taken */
  async function insert(user: NewUser): Promise<User> {
    const row = toRow(user);
    try {
      await insertRows(scope, users, [row]);
    } catch (error) {
      throw await refusalOf(error, [row]);
    }
    return toUser(row);
  }

  /** All or none. @throws AppError email_taken, username_taken */
  async function insertMany(added: readonly NewUser[]): Promise<void> {
    const rows = added.map(toRow);
    try {
      await insertRows(scope, users, rows);
    } catch (error) {
      throw await refusalOf(error, rows);
    }
  }

  /** Where both are taken, one database reports the one and another the other: the email comes first on all. */
  async function refusalOf(error: unknown, rows: readonly UserRow[]): Promise<unknown> {
    if (!isDuplicate(error, 'username')) return translateDuplicate(error);
    const { size } = await taken(
      rows.flatMap(({ emailCanonical }) => emailCanonical ?? []),
      [],
    );
    return new AppError(size > 0 ? 'email_taken' : 'username_taken', undefined, { cause: error });
  }

  /**
   * The changed user, or null where no active one has this id.
   * @throws AppError username_taken
   */
  async function updateProfile(id: string, change: ProfileChange, at: Date): Promise<User | null> {
    const changed = { ...toProfile(change), updatedAt: at };
    const where = { id, disabledAt: null };
    try {
      const [affected] = await write(() => users.update(changed, { where, transaction }));
      return affected === 0 ? null : findById(id);
    } catch (error) {
      throw translateDuplicate(error);
    }
  }

  /** Another hash of the same password. False where the stored hash is no longer `from`: another request was first. */
  async function replacePasswordHash(id: string, from: string, to: string): Promise<boolean> {
    return updateActive({ id, passwordHash: from }, { passwordHash: to });
  }

  /** The hash of another password. False where the stored hash is no longer `from`. */
  async function changePassword(id: string, from: string, to: string, at: Date): Promise<boolean> {
    return updateActive({ id, passwordHash: from }, newPassword(to, at));
  }

  /**
   * The hash of another password, whatever it is now. False where the account is disabled or has had another password
   * since `since`.
   */
  async function resetPassword(id: string, to: string, at: Date, since: Date): Promise<boolean> {
    const where = { id, disabledAt: null, passwordChangedAt: { [Op.or]: [null, { [Op.lte]: since }] } };
    const [affected] = await write(() => users.update(newPassword(to, at), { where, transaction }));
    return affected === 1;
  }

  /** The same for any account, disabled ones among them. */
  async function setPassword(id: string, to: string, at: Date): Promise<void> {
    await write(() => users.update(newPassword(to, at), { where: { id }, transaction }));
  }

  /** Removes the password, and with it the device tokens, which end with every change of it. */
  async function clearPassword(id: string, at: Date): Promise<void> {
    const change = {
      passwordHash: null,
      passwordChangedAt: at,
      passwordChangeRequiredAt: null,
      updatedAt: at,
    };
    await write(() => users.update(change, { where: { id }, transaction }));
  }

  /** From now on the first factor alone does not sign in. */
  async function beginSecondFactor(id: string, at: Date): Promise<void> {
    await write(() =>
      users.update({ secondFactorSince: at }, { where: { id, secondFactorSince: null }, transaction }),
    );
  }

  /** The first factor alone signs in again where none is left of the others. True where that is so. */
  async function endSecondFactor(id: string): Promise<boolean> {
    const sql = `UPDATE users SET second_factor_since = NULL
      WHERE id = :id AND second_factor_since IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM totp_factors WHERE user_id = :id AND confirmed_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = :id)`;
    const [, affected] = await write(() =>
      sequelize.query(sql, { replacements: { id }, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /** False where no active user has this id and this address. */
  async function verifyEmail(id: string, emailCanonical: string, at: Date): Promise<boolean> {
    return updateActive({ id, emailCanonical }, { emailVerifiedAt: at, updatedAt: at });
  }

  /** The first proof of an address. False also where another request was first. */
  async function verifyEmailFirst(id: string, emailCanonical: string, at: Date): Promise<boolean> {
    return updateActive(
      { id, emailCanonical, emailVerifiedAt: null },
      { emailVerifiedAt: at, updatedAt: at },
    );
  }

  /**
   * Another address, which has been verified. False where no active user has this id and the address `from`.
   * @throws AppError email_taken
   */
  async function changeEmail(id: string, from: string | null, to: Identifier, at: Date): Promise<boolean> {
    return setEmail({ id, emailCanonical: from }, to, at);
  }

  /**
   * Another address, which has been verified, whatever it is now. False where no active user has this id.
   * @throws AppError email_taken
   */
  async function restoreEmail(id: string, to: Identifier, at: Date): Promise<boolean> {
    return setEmail({ id }, to, at);
  }

  async function setEmail(where: Partial<UserRow>, to: Identifier, at: Date): Promise<boolean> {
    const change = { email: to.shown, emailCanonical: to.canonical, emailVerifiedAt: at, updatedAt: at };
    try {
      return await updateActive(where, change);
    } catch (error) {
      throw translateDuplicate(error);
    }
  }

  /** Removes the address, which is given back to another account. */
  async function clearEmail(id: string, emailCanonical: string, at: Date): Promise<void> {
    const change = { email: null, emailCanonical: null, emailVerifiedAt: null, updatedAt: at };
    await write(() => users.update(change, { where: { id, emailCanonical }, transaction }));
  }

  /**
   * Another phone number, which has been verified, or none. False where no active user has this id.
   * @throws AppError phone_taken
   */
  async function setPhone(id: string, phone: string | null, at: Date): Promise<boolean> {
    try {
      return await updateActive({ id }, { phone, updatedAt: at });
    } catch (error) {
      throw translateDuplicate(error);
    }
  }

  /** Removes the phone number where there is an address to sign in with. */
  async function clearPhone(id: string, at: Date): Promise<void> {
    const where = { id, phone: { [Op.ne]: null }, email: { [Op.ne]: null } };
    await write(() => users.update({ phone: null, updatedAt: at }, { where, transaction }));
  }

  /** The next login has to bring a new password along. */
  async function requirePasswordChange(id: string, at: Date): Promise<void> {
    await write(() => users.update({ passwordChangeRequiredAt: at }, { where: { id }, transaction }));
  }

  async function updateActive(which: Partial<UserRow>, change: Partial<UserRow>): Promise<boolean> {
    const where = { ...which, disabledAt: null };
    const [affected] = await write(() => users.update(change, { where, transaction }));
    return affected === 1;
  }

  /** False where no active user has this id. */
  async function disable(id: string, at: Date): Promise<boolean> {
    return updateActive({ id }, { disabledAt: at, updatedAt: at });
  }

  /** False where no disabled user has this id. */
  async function enable(id: string, at: Date): Promise<boolean> {
    const where = { id, disabledAt: { [Op.ne]: null } };
    const enabled = { disabledAt: null, updatedAt: at };
    const [affected] = await write(() => users.update(enabled, { where, transaction }));
    return affected === 1;
  }

  /** False where the user is disabled, or the stored hash, null where there is none, is no longer `passwordHash`. */
  async function remove(id: string, passwordHash: string | null): Promise<boolean> {
    const where = { id, passwordHash, disabledAt: null };
    return (await write(() => users.destroy({ where, transaction }))) === 1;
  }

  /** Whatever the password is. False where no user has this id. */
  async function removeAny(id: string): Promise<boolean> {
    return (await write(() => users.destroy({ where: { id }, transaction }))) === 1;
  }

  /**
   * Changes disabled users too. False where no user has this id.
   * @throws AppError email_taken, username_taken
   */
  async function update(
    id: string,
    { email, emailVerified, ...profile }: UserChange,
    at: Date,
  ): Promise<boolean> {
    // Another address is not verified because the former one was.
    if (email !== undefined && emailVerified === undefined) await forgetIfOther(id, email.canonical);
    const changed = {
      ...(emailVerified !== undefined && { emailVerifiedAt: emailVerified ? at : null }),
      ...toProfile(profile),
      ...(email && { email: email.shown, emailCanonical: email.canonical }),
      updatedAt: at,
    };
    try {
      const [affected] = await write(() => users.update(changed, { where: { id }, transaction }));
      return affected === 1;
    } catch (error) {
      throw translateDuplicate(error);
    }
  }

  /**
   * By hand, since Sequelize puts the values of a comparison into the text of an UPDATE that has bound ones as well.
   */
  async function forgetIfOther(id: string, emailCanonical: string): Promise<void> {
    const sql =
      'UPDATE users SET email_verified_at = NULL WHERE id = :id AND email_canonical <> :emailCanonical';
    const replacements = { id, emailCanonical };
    await write(() => sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }));
  }

  /** Those of these canonical identifiers that are in use. */
  async function taken(
    emails: readonly string[],
    usernames: readonly string[],
  ): Promise<ReadonlySet<string>> {
    // One after the other, since with OR the database has to merge two indexes, or reads the whole table.
    const found = new Set<string>();
    for (const [column, values] of [
      ['emailCanonical', emails],
      ['usernameCanonical', usernames],
    ] as const) {
      const where = { [column]: [...values] };
      if (values.length === 0) continue;
      const rows = await run(() => users.findAll({ where, attributes: [column], transaction, raw: true }));
      for (const row of rows) found.add(row[column] ?? '');
    }
    return found;
  }

  return {
    findById,
    findByEmail,
    findByUsername,
    findByPhone,
    list,
    taken,
    insert,
    insertMany,
    update,
    updateProfile,
    replacePasswordHash,
    changePassword,
    resetPassword,
    setPassword,
    clearPassword,
    beginSecondFactor,
    endSecondFactor,
    verifyEmail,
    verifyEmailFirst,
    changeEmail,
    restoreEmail,
    clearEmail,
    setPhone,
    clearPhone,
    requirePasswordChange,
    disable,
    enable,
    remove,
    removeAny,
  };
}

function newPassword(passwordHash: string, at: Date): Partial<UserRow> {
  return { passwordHash, passwordChangedAt: at, passwordChangeRequiredAt: null, updatedAt: at };
}

function toProfile({ username, name, language }: ProfileChange): Partial<UserRow> {
  return {
    ...(username !== undefined && {
      username: username?.shown ?? null,
      usernameCanonical: username?.canonical ?? null,
    }),
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
  };
}

/** A unique violation as an error of the domain; any other error as it is. */
function translateDuplicate(error: unknown): unknown {
  if (isDuplicate(error, 'email')) return new AppError('email_taken', undefined, { cause: error });
  if (isDuplicate(error, 'phone')) return new AppError('phone_taken', undefined, { cause: error });
  if (isDuplicate(error, 'username')) return new AppError('username_taken', undefined, { cause: error });
  return error;
}

function toRow(user: NewUser): UserRow {
  return {
    id: user.id,
    email: user.email?.shown ?? null,
    emailCanonical: user.email?.canonical ?? null,
    phone: user.phone ?? null,
    language: null,
    username: user.username?.shown ?? null,
    usernameCanonical: user.username?.canonical ?? null,
    name: user.name,
    passwordHash: user.passwordHash,
    passwordChangedAt: null,
    emailVerifiedAt: user.emailVerifiedAt ?? null,
    disabledAt: null,
    passwordChangeRequiredAt: null,
    secondFactorSince: user.secondFactorSince ?? null,
    rightsVersion: null,
    createdAt: user.createdAt,
    updatedAt: user.createdAt,
  };
}

function toUser({ emailCanonical, usernameCanonical, rightsVersion, ...user }: UserRow): User {
  return user;
}
