import { v7 as uuidv7 } from 'uuid';
import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import { type FactorCounts, MAX_TOTP_FACTORS, type TotpFactor } from '../../core/factors/factor.ts';
import { namesOf } from '../../core/passkeys/view.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import { after } from '../../core/sessions/ending.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import { createReauthenticate, type Reauthenticated } from '../../core/sign-in/reauthenticate.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';

/** An authenticator app that is being set up, with what its user needs for that. */
export interface Enrolment {
  readonly id: string;
  readonly secret: string;
  readonly uri: string;
  readonly qrSvg: string;
}

/** What a user has beside the first factor. */
export interface Overview extends FactorCounts {
  readonly totpFactors: readonly TotpFactor[];
}

/** An authenticator app that is set up. */
interface Confirmed {
  readonly factor: TotpFactor;
  /** Null where the account has some. */
  readonly recoveryCodes: readonly string[] | null;
  readonly raised: Reauthenticated;
}

type UserCaller = PrincipalCaller<UserPrincipal>;

/** How long the first code of an authenticator app may take. */
const ENROLMENT_SECONDS = 600;

export type Factors = ReturnType<typeof createFactors>;

/** Setting up and removing authenticator apps, recovery codes and remembered devices. */
export function createFactors(core: Core) {
  const { store, clock, outbox, totpCodes, factorSeal, factorCheck, mfaPolicy } = core;
  const { factorEnrolment, warnOwnerWithin } = core;
  const reauthenticate = createReauthenticate(core);
  const now = () => new Date(clock.now());

  async function overview(userId: string): Promise<Overview> {
    const totpFactors = await store.factors.listTotp(userId);
    const counts = await store.factors.countsOf(userId);
    return { ...counts, totpFactors: totpFactors.filter(({ confirmedAt }) => confirmedAt !== null) };
  }

  /**
   * Begins to set an authenticator app up. It counts once `confirm` has had a first code; another one that was begun before
   * is given up.
   * @throws AppError token_revoked, factor_not_allowed, too_many_factors
   */
  async function begin(caller: UserCaller, name: string | null): Promise<Enrolment> {
    if (!mfaPolicy.allowsNewTotp) throw new AppError('factor_not_allowed');
    const { userId } = caller.principal;
    const user = await requireActiveUser(store.users, userId);
    const { secret, uri } = await totpCodes.create(namesOf(user).name);
    const createdAt = now();
    const id = uuidv7({ msecs: createdAt.getTime() });
    await store.transaction(async (stores) => {
      await requireLiveSession(stores, caller, createdAt);
      await stores.factors.removeUnconfirmedTotp(userId);
      const { totp } = await stores.factors.countsOf(userId);
      if (totp >= MAX_TOTP_FACTORS) throw new AppError('too_many_factors');
      const sealed = factorSeal.seal(secret, id);
      const factor = {
        id,
        userId,
        name,
        secret: sealed,
        lastStep: null,
        confirmedAt: null,
        lastUsedAt: null,
      };
      await stores.factors.insertTotp([{ ...factor, createdAt }]);
    });
    const { renderSVG } = await import('uqr');
    return { id, secret, uri, qrSvg: renderSVG(uri) };
  }

  /**
   * Takes the first code of an authenticator app, which from then on is asked for at each sign-in. The session is
   * authenticated by two factors then. The first factor of an account brings recovery codes, which are shown this once.
   * @throws AppError token_revoked, factor_not_found, invalid_factor
   */
  async function confirm(caller: UserCaller, id: string, code: string): Promise<Confirmed> {
    const { userId } = caller.principal;
    const at = now();
    const begun = (await store.factors.listTotp(userId)).find((factor) => factor.id === id);
    if (begun === undefined || begun.confirmedAt !== null) throw new AppError('factor_not_found');
    if (after(begun.createdAt, ENROLMENT_SECONDS) <= at) throw new AppError('factor_not_found');
    const step = await factorCheck.stepOf(begun, code);
    if (step === undefined) throw new AppError('invalid_factor');
    let recoveryCodes: readonly string[] | null = null;
    const raised = await reauthenticate.byProof(caller, async (stores, user) => {
      if (!(await stores.factors.confirmTotp(id, userId, step, at))) throw new AppError('factor_not_found');
      await stores.audit.append(entryOf('factor.added', caller, userId, { factor: 'totp' }), at);
      const warning = { template: 'factor-added', data: {} } as const;
      await warnOwnerWithin(stores, user, caller.origin, warning, at);
      recoveryCodes = await factorEnrolment.addedWithin(stores, userId, caller, at);
      return ['otp'];
    });
    outbox.wake();
    const factor = { ...begun, confirmedAt: at, lastStep: step, lastUsedAt: at };
    return { factor, recoveryCodes, raised };
  }

  /** @throws AppError factor_not_found */
  async function rename({ principal }: UserCaller, id: string, name: string | null): Promise<TotpFactor> {
    const isThere = await store.factors.renameTotp(id, principal.userId, name);
    const factor = (await store.factors.listTotp(principal.userId)).find((each) => each.id === id);
    if (!isThere || factor === undefined) throw new AppError('factor_not_found');
    return factor;
  }

  /**
   * Removes an authenticator app. With the last second factor go recovery codes and remembered devices.
   * @throws AppError token_revoked, factor_not_found, last_factor where the operator requires one
   */
  async function remove(caller: UserCaller, id: string): Promise<void> {
    const { userId } = caller.principal;
    await store.transaction(async (stores) => {
      const at = now();
      // Locks the account: of two requests that each remove one, the second sees what the first has left.
      await requireLiveSession(stores, caller, at);
      const user = await requireActiveUser(stores.users, userId);
      if (!(await stores.factors.removeTotp(id, userId))) throw new AppError('factor_not_found');
      await factorEnrolment.removedWithin(stores, userId);
      await stores.audit.append(entryOf('factor.removed', caller, userId, { factor: 'totp' }), at);
      const warning = { template: 'factor-removed', data: {} } as const;
      await warnOwnerWithin(stores, user, caller.origin, warning, at);
    });
    outbox.wake();
  }

  /**
   * Makes other recovery codes, which are shown this once; those before are void.
   * @throws AppError token_revoked, factor_not_found without a second factor
   */
  async function renewRecoveryCodes(caller: UserCaller): Promise<readonly string[]> {
    const codes = await store.transaction(async (stores) => {
      const at = now();
      await requireLiveSession(stores, caller, at);
      const user = await requireActiveUser(stores.users, caller.principal.userId);
      if (user.secondFactorSince === null) {
        throw new AppError('factor_not_found', 'Recovery codes stand in for a second factor: add one first.');
      }
      const warning = { template: 'recovery-codes-renewed', data: {} } as const;
      await warnOwnerWithin(stores, user, caller.origin, warning, at);
      return factorEnrolment.makeRecoveryCodesWithin(stores, user.id, caller, at);
    });
    outbox.wake();
    return codes;
  }

  /** From now on the device is asked for a second factor again. @throws AppError device_not_found */
  async function forgetDevice(caller: UserCaller, id: string): Promise<void> {
    const { userId } = caller.principal;
    await store.transaction(async (stores) => {
      if (!(await stores.factors.forget(id, userId))) throw new AppError('device_not_found');
      await stores.audit.append(entryOf('device.forgotten', caller, userId), now());
    });
  }

  const housekeeping = () => store.factors.prune(now());

  return {
    overview,
    begin,
    confirm,
    rename,
    remove,
    renewRecoveryCodes,
    forgetDevice,
    housekeeping,
  };
}
