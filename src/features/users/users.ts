import { v7 as uuidv7 } from 'uuid';
import {
  ADMIN_ROLE,
  assertRolesGrantable,
  confirmGranter,
  confirmGranterAbove,
  type Granter,
  requireHeldByName,
  requireOtherAdmin,
} from '../../core/access/grants.ts';
import { type EventType, entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import type { Purpose } from '../../core/codes/challenge.ts';
import { AppError, fieldError } from '../../core/errors.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import type { Session } from '../../core/sessions/session.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { CoreStore, CoreStores } from '../../core/stores.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import { passwordProblems } from '../../core/users/new-account.ts';
import type { User, UserChange, UserFilter } from '../../core/users/user.ts';

type AdministeredSessions = Pick<
  Sessions,
  | 'list'
  | 'endWithin'
  | 'revokeWithin'
  | 'revokeUserWithin'
  | 'revokeRightsWithin'
  | 'announce'
  | 'forgetCookies'
>;

export interface UserAdminDependencies {
  readonly store: CoreStore;
  readonly passwords: Passwords;
  readonly sessions: AdministeredSessions;
  readonly clock: Clock;
}

export interface NewAccount {
  readonly email: Identifier;
  readonly emailVerified: boolean;
  /** Absent for a user who logs in by other means. */
  readonly password?: string | undefined;
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
  readonly roles: readonly string[];
}

/** A user as administrators see them: with more than users see of themselves. */
export interface UserInFull {
  readonly user: User;
  readonly roles: readonly string[];
}

export type UserAdmin = ReturnType<typeof createUserAdmin>;

/** What is sent about an address of an account. */
const OF_THE_ADDRESS: readonly Purpose[] = ['email_change', 'email_undo', 'email_verification'];

/** The administration of users. Each change is recorded in its own transaction. */
export function createUserAdmin({ store, passwords, sessions, clock }: UserAdminDependencies) {
  const now = () => new Date(clock.now());

  /** A page of users in the order of their ids, which is that of their creation. */
  async function list(filter: UserFilter, limit: number, after: string | undefined): Promise<UserInFull[]> {
    const users = await store.users.list(filter, limit, after);
    const roles = await store.userRoles.rolesOf(users.map(({ id }) => id));
    return users.map((user) => ({ user, roles: roles.get(user.id) ?? [] }));
  }

  /** @throws AppError user_not_found */
  function read(userId: string): Promise<UserInFull> {
    return readWithin(store, userId);
  }

  /** @throws AppError email_taken, username_taken, unknown_role, insufficient_scope, validation_failed, overloaded */
  async function create(account: NewAccount, admin: PrincipalCaller): Promise<UserInFull> {
    const { email, emailVerified, password, username = null, name = null, roles } = account;
    const [problem] = passwordProblems(passwords, account);
    if (problem !== undefined) throw fieldError(problem.pointer, problem.code, problem.detail);
    const { network } = admin.origin;
    const passwordHash = password === undefined ? null : await passwords.hash(password, network);
    const createdAt = now();
    const id = uuidv7({ msecs: createdAt.getTime() });
    const emailVerifiedAt = emailVerified ? createdAt : null;
    return store.transaction(async (stores) => {
      const granter = await confirmGranter(stores, admin, createdAt);
      await stores.users.insert({ id, email, emailVerifiedAt, username, name, passwordHash, createdAt });
      await stores.userRoles.add(id, roles);
      await assertRolesGrantable(stores, granter, roles);
      await stores.audit.append(entryOf('user.created', admin, id, { roles }), createdAt);
      return readWithin(stores, id);
    });
  }

  /** @throws AppError user_not_found, insufficient_scope, email_taken, username_taken */
  function update(userId: string, change: UserChange, admin: PrincipalCaller): Promise<UserInFull> {
    const details = { fields: Object.keys(change) };
    return changeUser('user.updated', userId, admin, details, async (stores, granter) => {
      // The first proof of another address ends the second factors, as those of a stranger.
      if (change.email !== undefined && (await stores.users.findById(userId))?.secondFactorSince)
        requireHeldByName(granter, ['users:reset-factors']);
      // What was sent about the address before would undo this.
      if (change.email !== undefined) await stores.challenges.endAll(userId, OF_THE_ADDRESS);
      return (await stores.users.update(userId, change, now())) ? [] : null;
    });
  }

  /**
   * Shuts the account and ends its sessions. Its access tokens and keys are refused by the version of their rights and
   * not by their time, so that a login right after it is enabled again is valid.
   * @throws AppError user_not_found, insufficient_scope, last_admin
   */
  function disable(userId: string, admin: PrincipalCaller): Promise<UserInFull> {
    return changeUser('user.disabled', userId, admin, {}, async (stores) => {
      await requireOtherAdmin(stores, userId);
      if (!(await stores.users.disable(userId, now()))) return null;
      const ended = await sessions.revokeWithin(stores, { userId }, 'user_disabled');
      const version = await stores.userRoles.raiseVersion(userId, now());
      return [...ended, ...(await sessions.revokeRightsWithin(stores, userId, version))];
    });
  }

  /** @throws AppError user_not_found, insufficient_scope */
  function enable(userId: string, admin: PrincipalCaller): Promise<UserInFull> {
    return changeUser('user.enabled', userId, admin, {}, async (stores) =>
      (await stores.users.enable(userId, now())) ? [] : null,
    );
  }

  /** @throws AppError user_not_found, insufficient_scope, last_admin */
  async function remove(userId: string, admin: PrincipalCaller): Promise<void> {
    let cookieKeys: string[] = [];
    const revoked = await store.transaction(async (stores) => {
      await confirmGranterAbove(stores, admin, userId, now());
      await requireOtherAdmin(stores, userId);
      cookieKeys = await stores.sessions.listCookieKeys({ userId });
      if (!(await stores.users.removeAny(userId))) throw new AppError('user_not_found');
      await stores.loginFailures.clearAccount(userId);
      await stores.audit.append(entryOf('user.deleted', admin, userId), now());
      return sessions.revokeUserWithin(stores, userId);
    });
    await sessions.announce(revoked);
    await sessions.forgetCookies(cookieKeys);
  }

  /** Forgets wrong passwords, those that locked the account included. Whether there were any. */
  async function unlock(userId: string, admin: PrincipalCaller): Promise<boolean> {
    let devices = 0;
    await changeUser('user.unlocked', userId, admin, {}, async (stores) => {
      devices = await stores.loginFailures.clearAccount(userId);
      return devices > 0 ? [] : null;
    });
    return devices > 0;
  }

  /**
   * Ends all sessions, and the next login has to bring a new password along.
   * @throws AppError user_not_found, insufficient_scope
   */
  function forcePasswordChange(userId: string, admin: PrincipalCaller): Promise<UserInFull> {
    return changeUser('user.password_change_forced', userId, admin, {}, async (stores) => {
      await stores.users.requirePasswordChange(userId, now());
      return sessions.revokeWithin(stores, { userId }, 'password_changed');
    });
  }

  /**
   * Gives the user these roles and no others. Access tokens with the old ones are refused within a second; sessions go on
   * and refresh into the new ones.
   * @throws AppError user_not_found, insufficient_scope, unknown_role, last_admin, scope_too_large
   */
  function setRoles(userId: string, roles: readonly string[], admin: PrincipalCaller): Promise<UserInFull> {
    return changeUser('user.roles_changed', userId, admin, { roles }, async (stores, granter) => {
      if (!roles.includes(ADMIN_ROLE)) await requireOtherAdmin(stores, userId);
      const version = await stores.userRoles.replace(userId, roles, now());
      await assertRolesGrantable(stores, granter, roles);
      return sessions.revokeRightsWithin(stores, userId, version);
    });
  }

  /** @throws AppError user_not_found */
  async function listSessions(userId: string): Promise<Session[]> {
    await read(userId);
    return sessions.list(userId);
  }

  /**
   * Ends all sessions, or one. How many that were.
   * @throws AppError user_not_found, insufficient_scope
   */
  async function endSessions(
    userId: string,
    id: string | undefined,
    admin: PrincipalCaller,
  ): Promise<number> {
    const filter = id === undefined ? { userId } : { userId, id };
    const ended = await store.transaction(async (stores) => {
      await confirmGranterAbove(stores, admin, userId, now());
      return sessions.endWithin(stores, filter, 'ended_by_admin', admin);
    });
    await sessions.announce(ended);
    return ended.length;
  }

  /**
   * One change of a user who may not do more than the administrator, and its entry in the audit log. `work` returns
   * what it has revoked, or null where nothing had to be changed.
   */
  async function changeUser(
    type: EventType,
    userId: string,
    admin: PrincipalCaller,
    details: Readonly<Record<string, readonly string[]>>,
    work: (stores: CoreStores, granter: Granter) => Promise<Revocation[] | null>,
  ): Promise<UserInFull> {
    const { changed, revoked } = await store.transaction(async (stores) => {
      const granter = await confirmGranterAbove(stores, admin, userId, now());
      const revoked = await work(stores, granter);
      if (revoked !== null) {
        await stores.audit.append(entryOf(type, admin, userId, details), now());
      }
      return { changed: await readWithin(stores, userId), revoked: revoked ?? [] };
    });
    await sessions.announce(revoked);
    return changed;
  }

  return {
    passwordProblems: (fields: Partial<NewAccount>) => passwordProblems(passwords, fields),
    list,
    read,
    create,
    update,
    disable,
    enable,
    remove,
    unlock,
    forcePasswordChange,
    setRoles,
    listSessions,
    endSessions,
  };
}

async function readWithin({ users, userRoles }: CoreStores, userId: string): Promise<UserInFull> {
  const user = await users.findById(userId);
  if (user === null) throw new AppError('user_not_found');
  const roles = (await userRoles.rolesOf([userId])).get(userId) ?? [];
  return { user, roles };
}
