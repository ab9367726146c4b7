import { v7 as uuidv7 } from 'uuid';
import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { CreationOptions, NewCredential } from '../../core/passkeys/fields.ts';
import { amrOf, MAX_PASSKEYS, type Passkey } from '../../core/passkeys/passkey.ts';
import type { Answered } from '../../core/passkeys/passkeys.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import { createReauthenticate, type Reauthenticated } from '../../core/sign-in/reauthenticate.ts';
import type { CoreStores } from '../../core/stores.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import type { User } from '../../core/users/user.ts';
import { browserNameOf } from '../../core/values/browser-name.ts';

type Owner = PrincipalCaller<UserPrincipal>;

/** The passkeys of a user after something was done to them, and the user whom authenticators are told of. */
export interface OwnPasskeys {
  readonly user: User;
  readonly passkeys: readonly Passkey[];
}

/** The same with the passkey that it was done to. */
export interface OwnPasskey extends OwnPasskeys {
  readonly passkey: Passkey;
}

/** A passkey that was just added. */
export interface RegisteredPasskey extends OwnPasskey {
  /** Those of the first factor of an account; null where it has some. */
  readonly recoveryCodes: readonly string[] | null;
  readonly raised: Reauthenticated;
}

export type PasskeyManagement = ReturnType<typeof createPasskeyManagement>;

/** What users do with the passkeys of their own account. */
export function createPasskeyManagement(core: Core) {
  const { store, passkeys, clock, outbox, hasWayIn, factorEnrolment } = core;
  const reauthenticate = createReauthenticate(core);
  const now = () => new Date(clock.now());

  /** @throws AppError token_revoked */
  const list = ({ principal }: Owner): Promise<OwnPasskeys> => ownPasskeys(store, principal.userId);

  /** @throws AppError token_revoked, too_many_passkeys */
  async function options(
    caller: Owner,
  ): Promise<{ readonly challengeToken: string; readonly publicKey: CreationOptions }> {
    const { user, passkeys: existing } = await list(caller);
    if (existing.length >= MAX_PASSKEYS) throw new AppError('too_many_passkeys');
    return passkeys.registrationOptions(user, caller.principal, existing);
  }

  /**
   * Adds a passkey to the account, whose owner is told by mail.
   * @throws AppError insufficient_user_authentication, token_revoked, invalid_challenge, challenge_expired, challenge_used,
   * invalid_passkey, passkey_taken, too_many_passkeys
   */
  async function register(
    caller: Owner,
    answered: Answered<NewCredential>,
    name: string = browserNameOf(caller.origin.userAgent),
  ): Promise<RegisteredPasskey> {
    const { principal, origin } = caller;
    const { userId } = principal;
    const { registered, challenge } = await passkeys.verifyNew(answered, principal);
    let added: Omit<RegisteredPasskey, 'raised'> | undefined;
    // The user has just shown it, so the session is authenticated by it as well.
    const raised = await reauthenticate.byProof(caller, async (stores) => {
      const at = now();
      await passkeys.useChallengeWithin(stores, challenge);
      if ((await stores.passkeys.count(userId)) >= MAX_PASSKEYS) throw new AppError('too_many_passkeys');
      const id = uuidv7({ msecs: at.getTime() });
      const passkey = { id, userId, name, ...registered, createdAt: at, lastUsedAt: null };
      await stores.passkeys.insert(passkey);
      const recoveryCodes = await factorEnrolment.addedWithin(stores, userId, caller, at);
      await stores.audit.append(entryOf('passkey.added', caller, userId, detailsOf(passkey)), at);
      const own = await ownPasskeys(stores, userId);
      await passkeys.tellOfPasskeyWithin(stores, own.user, passkey, 'passkey-added', origin, at);
      added = { ...own, passkey, recoveryCodes };
      return amrOf(passkey, false);
    });
    if (added === undefined) throw new AppError('token_revoked');
    outbox.wake();
    return { ...added, raised };
  }

  /** @throws AppError token_revoked, passkey_not_found */
  async function rename(caller: Owner, id: string, name: string): Promise<OwnPasskey> {
    const { userId } = caller.principal;
    return store.transaction(async (stores) => {
      const at = now();
      await requireLiveSession(stores, caller, at);
      if (!(await stores.passkeys.rename(id, userId, name))) throw new AppError('passkey_not_found');
      const own = await ownPasskeys(stores, userId);
      const passkey = requirePasskey(own.passkeys, id);
      await stores.audit.append(entryOf('passkey.renamed', caller, userId, detailsOf(passkey)), at);
      return { ...own, passkey };
    });
  }

  /** @throws AppError token_revoked, passkey_not_found, last_sign_in_method, last_factor */
  async function remove(caller: Owner, id: string): Promise<OwnPasskeys> {
    const { userId } = caller.principal;
    const left = await store.transaction(async (stores) => {
      const at = now();
      // Locks the account: of two requests that each remove one, the second sees what the first has left.
      await requireLiveSession(stores, caller, at);
      const { user, passkeys: before } = await ownPasskeys(stores, userId);
      const removed = requirePasskey(before, id);
      const identities = await stores.identities.list(userId);
      if (!hasWayIn(user, identities, before.length - 1)) throw new AppError('last_sign_in_method');
      await stores.passkeys.remove(id, userId);
      await factorEnrolment.removedWithin(stores, userId);
      await stores.audit.append(entryOf('passkey.removed', caller, userId, detailsOf(removed)), at);
      await passkeys.tellOfPasskeyWithin(stores, user, removed, 'passkey-removed', caller.origin, at);
      return { user, passkeys: before.filter((passkey) => passkey !== removed) };
    });
    outbox.wake();
    return left;
  }

  return { list, options, register, rename, remove };
}

async function ownPasskeys(
  stores: Pick<CoreStores, 'users' | 'passkeys'>,
  userId: string,
): Promise<OwnPasskeys> {
  const user = await requireActiveUser(stores.users, userId);
  return { user, passkeys: await stores.passkeys.list(userId) };
}

/** @throws AppError passkey_not_found */
function requirePasskey(passkeys: readonly Passkey[], id: string): Passkey {
  const passkey = passkeys.find((one) => one.id === id);
  if (passkey === undefined) throw new AppError('passkey_not_found');
  return passkey;
}

function detailsOf({ id, name }: Passkey) {
  return { passkey_id: id, name };
}
