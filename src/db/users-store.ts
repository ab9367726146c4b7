import type { NewUser, ProfileChange, User, UserStore } from '../accounts/ports.ts';
import { AppError } from '../errors.ts';
import { isDuplicate } from './errors.ts';
import { findAlike } from './find-alike.ts';
import type { UserRow } from './models.ts';
import type { Scope } from './scope.ts';

/** People in the table `users`. */
export function createUserStore(scope: Scope): UserStore {
  const { models, transaction, write } = scope;
  const { users } = models;

  async function findOne(key: Partial<UserRow>): Promise<User | null> {
    const row = await findAlike(scope, users, key);
    return row && toUser(row);
  }

  async function insert(user: NewUser): Promise<User> {
    const row: UserRow = {
      id: user.id,
      email: user.email.shown,
      emailCanonical: user.email.canonical,
      username: user.username?.shown ?? null,
      usernameCanonical: user.username?.canonical ?? null,
      name: user.name,
      passwordHash: user.passwordHash,
      passwordChangedAt: null,
      emailVerifiedAt: null,
      disabledAt: null,
      createdAt: user.createdAt,
      updatedAt: user.createdAt,
    };
    try {
      await write(() => users.create(row, { transaction }));
    } catch (error) {
      // Where both are taken, SQLite reports the one and MySQL the other: the email comes first on both.
      const alsoEmail =
        isDuplicate(error, 'username') && (await findOne({ emailCanonical: row.emailCanonical }));
      throw alsoEmail ? new AppError('email_taken', undefined, { cause: error }) : translateDuplicate(error);
    }
    return toUser(row);
  }

  async function updateProfile(
    id: string,
    { username, name }: ProfileChange,
    at: Date,
  ): Promise<User | null> {
    const change: Partial<UserRow> = {
      ...(username && { username: username.shown, usernameCanonical: username.canonical }),
      ...(name !== undefined && { name }),
      updatedAt: at,
    };
    const where = { id, disabledAt: null };
    try {
      const [affected] = await write(() => users.update(change, { where, transaction }));
      return affected === 0 ? null : findOne({ id });
    } catch (error) {
      throw translateDuplicate(error);
    }
  }

  async function replacePasswordHash(id: string, from: string, to: string): Promise<boolean> {
    return update({ id, passwordHash: from }, { passwordHash: to });
  }

  async function changePassword(id: string, from: string, to: string, at: Date): Promise<boolean> {
    const change = { passwordHash: to, passwordChangedAt: at, updatedAt: at };
    return update({ id, passwordHash: from }, change);
  }

  async function update(which: Partial<UserRow>, change: Partial<UserRow>): Promise<boolean> {
    const where = { ...which, disabledAt: null };
    const [affected] = await write(() => users.update(change, { where, transaction }));
    return affected === 1;
  }

  async function disable(id: string, at: Date): Promise<boolean> {
    return update({ id }, { disabledAt: at, updatedAt: at });
  }

  return {
    insert,
    disable,
    findById: (id) => findOne({ id }),
    findByEmail: (emailCanonical) => findOne({ emailCanonical }),
    findByUsername: (usernameCanonical) => findOne({ usernameCanonical }),
    updateProfile,
    replacePasswordHash,
    changePassword,
    remove: async (id, passwordHash) =>
      (await write(() => users.destroy({ where: { id, passwordHash, disabledAt: null }, transaction }))) ===
      1,
  };
}

/** A unique violation in the words of the domain; any other error as it is. */
function translateDuplicate(error: unknown): unknown {
  if (isDuplicate(error, 'email')) return new AppError('email_taken', undefined, { cause: error });
  if (isDuplicate(error, 'username')) return new AppError('username_taken', undefined, { cause: error });
  return error;
}

function toUser({ emailCanonical, usernameCanonical, ...user }: UserRow): User {
  return user;
}
