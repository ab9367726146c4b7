import { v7 as uuidv7 } from 'uuid';
import { entryOf } from '../../core/audit/audit.ts';
import type { Challenge } from '../../core/codes/challenge.ts';
import { countSend } from '../../core/codes/limits.ts';
import type { Core } from '../../core/core.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { GivenFactor } from '../../core/factors/check-factor.ts';
import type { FactorMethod } from '../../core/factors/factor.ts';
import type { FirstFactor } from '../../core/factors/second-factors.ts';
import type { Quota } from '../../core/limits/quota.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import type { RequestOptions } from '../../core/passkeys/fields.ts';
import { anonymousCaller, type RequestOrigin, userCaller } from '../../core/principal.ts';
import { after } from '../../core/sessions/ending.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import { deviceIdIn } from '../../core/sign-in/device-tokens.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import { factorNotAllowed } from '../../core/sign-in/second-factor-required.ts';
import { createWithFactor } from '../../core/sign-in/with-factor.ts';
import type { CoreStores } from '../../core/stores.ts';
import { parseEmail } from '../../core/users/identifiers.ts';
import type { User } from '../../core/users/user.ts';

/** A sign-in whose first factor was right. */
export interface PendingLogin {
  readonly challenge: Challenge;
  readonly first: FirstFactor;
}

/** How the second factor is proved, and what is wanted besides. */
export interface FactorRequest extends GivenFactor {
  readonly rememberDevice: boolean;
}

const DAY_SECONDS = 86_400;
/** What is wrong with a challenge, by what is wrong with its row. */
const CHALLENGE_ERRORS: Readonly<Partial<Record<ErrorCode, ErrorCode>>> = {
  invalid_link: 'invalid_challenge',
  code_replaced: 'invalid_challenge',
  code_expired: 'challenge_expired',
  code_used: 'challenge_used',
};

export type FactorLogin = ReturnType<typeof createFactorLogin>;

/** The second step of a sign-in. */
export function createFactorLogin(core: Core) {
  const { store, codes, phoneCodes, outbox, clock, config, deviceTokens, passkeys } = core;
  const { secondFactors, completeSignIn, tellOfNewDevice } = core;
  const { rememberDays } = config.factors;
  const withFactor = createWithFactor(core);
  const now = () => new Date(clock.now());

  /** What waits for a second factor. @throws AppError invalid_challenge, challenge_expired, challenge_used */
  async function open(token: string): Promise<PendingLogin> {
    try {
      const challenge = await codes.open(token, ['second_factor']);
      return { challenge, first: challenge.details as FirstFactor };
    } catch (error) {
      throw error instanceof AppError ? new AppError(CHALLENGE_ERRORS[error.code] ?? error.code) : error;
    }
  }

  /**
   * Completes a sign-in by its second factor, and answers as the login would have without one. A try counts before it is
   * compared. The challenge, the factor and the session are one transaction: of concurrent requests one succeeds.
   * @throws AppError invalid_challenge, invalid_factor, rate_limited, and those of codes that were sent
   */
  async function complete(
    { challenge, first }: PendingLogin,
    given: FactorRequest,
    client: SignInClient,
  ): Promise<Login & { readonly quota: Quota | undefined }> {
    const { origin } = client;
    const user = await ownerOf(challenge, first);
    const deviceId = client.deviceToken === undefined ? null : deviceTokens.read(client.deviceToken, user);
    if (first.deviceId !== null && deviceId !== first.deviceId) throw invalidChallenge();
    await requireAtHand(user, first, given.method);

    const caller = anonymousCaller(origin);
    const deviceToken = deviceTokens.issue(user, deviceId ?? undefined);
    const { result: grant, quota } = await withFactor(
      { user, deviceId, given, challengeId: challenge.id, caller },
      (proof) =>
        store.transaction(async (stores) => {
          // First the factor: a code that was used before must not use the challenge up.
          if (!(await proof.useWithin(stores, userCaller(user.id, origin)))) return null;
          if (!(await stores.challenges.use(challenge.id, now()))) throw new AppError('challenge_used');
          if (given.rememberDevice) await rememberWithin(stores, user, deviceToken, origin);
          const methods = [...new Set([...first.amr, ...proof.amr, 'mfa'])];
          const evidence = {
            ...first,
            authentication: { methods, at: new Date(first.at) },
            // As it is now: where it has been changed since, the challenge is over.
            passwordHash: first.method === 'password' ? user.passwordHash : null,
            origin,
          };
          const outcome = await completeSignIn(user, evidence, { stores, earlier: [] });
          if (outcome === null || 'challenge' in outcome) throw invalidChallenge();
          return outcome.grant;
        }),
    );
    if (first.isNewDevice) await tellOfNewDevice(user, origin);
    outbox.wake();
    return { user, grant, deviceToken, quota };
  }

  /** The account, if nothing has ended the sign-in meanwhile. @throws AppError invalid_challenge */
  async function ownerOf({ userId }: Challenge, { passwordChangedAt }: FirstFactor): Promise<User> {
    const user = userId === null ? null : await store.users.findById(userId);
    const isCurrent = user !== null && (user.passwordChangedAt?.getTime() ?? null) === passwordChangedAt;
    if (!isCurrent || user.disabledAt !== null) throw invalidChallenge();
    return user;
  }

  /** @throws AppError factor_not_allowed */
  async function requireAtHand(user: User, first: FirstFactor, method: FactorMethod): Promise<void> {
    const methods = await secondFactors.methodsOf(store, user, first.method);
    if (methods.includes(method)) return;
    throw factorNotAllowed(methods);
  }

  /**
   * Sends a code that serves as the second factor to the verified address or number of the account. Returns the seconds for
   * which it is good.
   * @throws AppError invalid_challenge, factor_not_allowed, rate_limited
   */
  async function sendCode(
    { challenge, first }: PendingLogin,
    method: 'email_code' | 'phone_code',
    origin: RequestOrigin,
    count: Count,
  ): Promise<number> {
    const user = await ownerOf(challenge, first);
    await requireAtHand(user, first, method);
    const address =
      method === 'phone_code' ? (user.phone ?? '') : (parseEmail(user.email ?? '')?.canonical ?? '');
    const request = {
      purpose: 'factor_code',
      subject: `${challenge.id} ${method}`,
      caller: userCaller(user.id, origin),
      address,
      userId: user.id,
      language: user.language,
    } as const;
    if (method === 'phone_code') await phoneCodes.admit(address, count, user.id);
    else await countSend(count, codes, address, user.id);
    const { expiresInSeconds } = await store.transaction((stores) =>
      method === 'phone_code'
        ? phoneCodes.sendWithin(stores, request)
        : codes.sendWithin(stores, {
            ...request,
            channel: 'email',
            to: user.email ?? '',
            template: 'sign-in-code',
            data: ({ code, minutes }) => ({ code, minutes }),
            hasCode: true,
            hasLink: false,
          }),
    );
    outbox.wake();
    return expiresInSeconds;
  }

  /** The options to use a passkey as the second factor. @throws AppError invalid_challenge, factor_not_allowed */
  async function passkeyOptions({ challenge, first }: PendingLogin): Promise<RequestOptions> {
    const user = await ownerOf(challenge, first);
    await requireAtHand(user, first, 'passkey');
    return passkeys.factorOptions(user.id, challenge.id);
  }

  async function rememberWithin(
    stores: CoreStores,
    user: User,
    deviceToken: string,
    origin: RequestOrigin,
  ): Promise<void> {
    if (rememberDays === 0 || user.secondFactorSince === null) return;
    const createdAt = now();
    await stores.factors.remember({
      id: uuidv7({ msecs: createdAt.getTime() }),
      userId: user.id,
      deviceId: deviceIdIn(deviceToken),
      userAgent: origin.userAgent,
      ip: origin.ip,
      createdAt,
      expiresAt: after(createdAt, rememberDays * DAY_SECONDS),
    });
    await stores.audit.append(entryOf('device.remembered', userCaller(user.id, origin), user.id), createdAt);
  }

  return { open, complete, sendCode, passkeyOptions };
}

function invalidChallenge(): AppError {
  return new AppError('invalid_challenge');
}
