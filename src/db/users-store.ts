import type { WhereOptions } from 'sequelize';
import type { NewUser, ProfileChange, User, UserStore } from '../accounts/ports.ts';
import { AppError } from '../errors.ts';
import type { Database } from './connect.ts';
import { isDuplicate } from './errors.ts';
import type { UserRow } from './models.ts';

/** People in the table `users`. */
export function createUserStore({ models, run }: Database): UserStore {
  const { users } = models;

  async function findOne(where: WhereOptions<UserRow>): Promise<User | null> {
    const row = await run(() => users.findOne({ where }));
    return row === null ? null : toUser(row.get());
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
      emailVerifiedAt: null,
      disabledAt: null,
      createdAt: user.createdAt,
      updatedAt: user.createdAt,
    };
    await translatingDuplicates(run(() => users.create(row)));
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
    const [affected] = await translatingDuplicates(run(() => users.update(change, { where })));
    return affected === 0 ? null : findOne({ id });
  }

  async function replacePasswordHash(id: string, from: string, to: string, at: Date): Promise<boolean> {
    const where = { id, passwordHash: from };
    const [affected] = await run(() => users.update({ passwordHash: to, updatedAt: at }, { where }));
    return affected === 1;
  }

  return {
    insert,
    findById: (id) => findOne({ id }),
    findByEmail: (emailCanonical) => findOne({ emailCanonical }),
    findByUsername: (usernameCanonical) => findOne({ usernameCanonical }),
    updateProfile,
    replacePasswordHash,
    remove: async (id, passwordHash) =>
      (await run(() => users.destroy({ where: { id, passwordHash } }))) === 1,
  };
}

async function translatingDuplicates<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    if (isDuplicate(error, 'email')) throw new AppError('email_taken', undefined, { cause: error });
    if (isDuplicate(error, 'username')) throw new AppError('username_taken', undefined, { cause: error });
    throw error;
  }
}

function toUser({ emailCanonical, usernameCanonical, ...user }: UserRow): User {
  return user;
}
