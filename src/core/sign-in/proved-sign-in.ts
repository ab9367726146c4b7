import type { AuditEntry } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { SecondFactorChallenge } from '../factors/second-factors.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { Revocation } from '../revocation/revocation.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { SignInClient } from './client.ts';
import type { CompleteSignIn } from './complete-sign-in.ts';
import type { DeviceTokens } from './device-tokens.ts';
import type { ExchangeCodes, Proved } from './exchange-codes.ts';
import type { Login } from './login-view.ts';
import type { NewDeviceNotice } from './new-device.ts';
import { secondFactorRequired } from './second-factor-required.ts';

export interface ProvedSignInDependencies {
  readonly store: CoreStore;
  readonly sessions: Pick<Sessions, 'announce'>;
  readonly outbox: Pick<Outbox, 'wake'>;
  readonly deviceTokens: DeviceTokens;
  readonly completeSignIn: CompleteSignIn;
  readonly tellOfNewDevice: NewDeviceNotice;
  readonly exchangeCodes: ExchangeCodes;
  readonly clock: Clock;
}

/** Whose account a proof opens. */
export interface Owner {
  readonly user: User;
  readonly isNew: boolean;
  /** For the audit log, before the entry of the sign-in. */
  readonly earlier: readonly AuditEntry[];
  /** To be announced after the commit. */
  readonly revoked: readonly Revocation[];
}

/** A proof, and whose account it opens. */
export interface OwnedProof extends Owner {
  readonly proved: Omit<Proved, 'userId' | 'isNew'>;
}

/** Uses a proof up in a transaction, which may run more than once. */
export type Redeem = (stores: CoreStores) => Promise<OwnedProof>;

/** A login that is not committed yet, or what it still needs. */
type Completed =
  | { readonly login: Login; readonly isNewDevice: boolean }
  | { readonly challenge: SecondFactorChallenge };

/**
 * How often a sign-in is tried where other requests change the account at the same time: one links the identity, the next
 * one deletes the account, and a third one makes another.
 */
const MAX_ATTEMPTS = 5;
const MADE_MEANWHILE: readonly ErrorCode[] = ['email_taken', 'phone_taken', 'identity_taken'];

export type ProvedSignIn = ReturnType<typeof createProvedSignIn>;

/** The end of every sign-in that proves something other than a password. It uses the proof up in the same transaction. */
export function createProvedSignIn(dependencies: ProvedSignInDependencies) {
  const { store, sessions, outbox, deviceTokens, completeSignIn, exchangeCodes, clock } = dependencies;
  const now = () => new Date(clock.now());

  /**
   * Begins a session of the user whose proof it is. `disabled` is the error for a user who is disabled by then.
   * @throws AppError what `redeem` throws, `disabled`, and second_factor_required
   */
  async function signIn(redeem: Redeem, client: SignInClient, disabled: ErrorCode): Promise<Login> {
    const { completed, revoked } = await whenAccountIsThere(() =>
      store.transaction(async (stores) => {
        const { user, isNew, proved, earlier, revoked } = await redeem(stores);
        const all = { ...proved, userId: user.id, isNew };
        return { completed: await complete(stores, user, all, client, earlier, disabled), revoked };
      }),
    );
    await sessions.announce(revoked);
    return finish(completed, client);
  }

  /**
   * Returns a code that the app exchanges for a session.
   * @throws AppError what `redeem` throws
   */
  async function signInLater(redeem: Redeem): Promise<string> {
    const { code, revoked } = await whenAccountIsThere(() =>
      store.transaction(async (stores) => {
        const { user, isNew, proved, earlier, revoked } = await redeem(stores);
        await stores.audit.appendMany(earlier, now());
        const code = await exchangeCodes.issueWithin(stores, { ...proved, userId: user.id, isNew });
        return { code, revoked };
      }),
    );
    await sessions.announce(revoked);
    outbox.wake();
    return code;
  }

  /**
   * Exchanges the code that a page has handed to its app for a session.
   * @throws AppError invalid_link, code_used, code_expired, code_replaced, second_factor_required, invalid_code where the
   * account is disabled
   */
  async function exchange(code: string, client: SignInClient, challengeId?: string): Promise<Login> {
    const { proved, useWithin } = await exchangeCodes.read(code, challengeId);
    const completed = await store.transaction(async (stores) => {
      await useWithin(stores);
      const user = await stores.users.findById(proved.userId);
      if (user === null) throw new AppError('invalid_link');
      return complete(stores, user, proved, client, [], 'invalid_code');
    });
    return finish(completed, client);
  }

  async function complete(
    stores: CoreStores,
    user: User,
    { method, provider, amr, at, isNew, isOfSession }: Proved,
    client: SignInClient,
    earlier: readonly AuditEntry[],
    disabled: ErrorCode,
  ): Promise<Completed> {
    const { transport, origin, deviceToken } = client;
    const isNewDevice = !isNew && !deviceTokens.isKnown(client, user);
    const deviceId = deviceToken === undefined ? null : deviceTokens.read(deviceToken, user);
    const evidence = {
      method,
      provider,
      authentication: { methods: amr, at },
      passwordHash: null,
      isNewDevice,
      deviceId,
      transport,
      origin,
      isOfSession,
    };
    const outcome = await completeSignIn(user, evidence, { stores, earlier });
    if (outcome === null) throw new AppError(disabled);
    if ('challenge' in outcome) return outcome;
    const login = {
      user,
      grant: outcome.grant,
      deviceToken: deviceTokens.issue(user, deviceId ?? undefined),
    };
    return { login, isNewDevice };
  }

  /** The login, once its user has been told of a new device. @throws AppError second_factor_required */
  async function finish(completed: Completed, { origin }: SignInClient): Promise<Login> {
    if ('challenge' in completed) {
      outbox.wake();
      throw secondFactorRequired(completed.challenge);
    }
    const { login, isNewDevice } = completed;
    if (isNewDevice) await dependencies.tellOfNewDevice(login.user, origin);
    outbox.wake();
    return login;
  }

  return { signIn, signInLater, exchange };
}

/** Two first sign-ins may run at once: one makes the account, and the other one finds it on its next try. */
export async function whenAccountIsThere<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isMade = error instanceof AppError && MADE_MEANWHILE.includes(error.code);
      if (!isMade || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
