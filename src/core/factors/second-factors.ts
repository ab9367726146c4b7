import type { Clock } from '../clock.ts';
import type { Codes } from '../codes/codes.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { SignInMethod, Transport } from '../sessions/session.ts';
import type { SignInEvidence } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import { FACTOR_METHODS, type FactorMethod, type RememberedDevice } from './factor.ts';
import type { MfaPolicy } from './policy.ts';

export interface SecondFactorDependencies {
  readonly store: CoreStores;
  readonly codes: Pick<Codes, 'issueWithin'>;
  readonly outbox: Pick<Outbox, 'has'>;
  readonly policy: MfaPolicy;
  readonly clock: Clock;
}

/** What a client gets whose first factor was right, where a second one is needed. */
export interface SecondFactorChallenge {
  readonly token: string;
  readonly methods: readonly FactorMethod[];
  readonly expiresInSeconds: number;
}

/** The first factor of a sign-in that waits for the second one. */
export interface FirstFactor {
  readonly method: SignInMethod;
  readonly provider?: string | undefined;
  readonly amr: readonly string[];
  /** Milliseconds. */
  readonly at: number;
  readonly isNewDevice: boolean;
  /** The device that was shown with the first factor, and has to be shown with the second one. */
  readonly deviceId: string | null;
  readonly transport: Transport;
  /** When the password was changed last, in milliseconds: another one since then ends what was begun. */
  readonly passwordChangedAt: number | null;
}

/** A code sent the same way as the first factor proves nothing new. */
const SAME_CHANNEL: Readonly<Partial<Record<SignInMethod, FactorMethod>>> = {
  email_code: 'email_code',
  email_link: 'email_code',
  phone_code: 'phone_code',
};

export type SecondFactors = ReturnType<typeof createSecondFactors>;

/** Decides whether a sign-in needs a second factor, and keeps what waits for it. */
export function createSecondFactors(dependencies: SecondFactorDependencies) {
  const { store, codes, outbox, policy, clock } = dependencies;
  const now = () => new Date(clock.now());

  /**
   * The ways to prove a second factor that this sign-in still needs; null where it needs none: the account has none, the
   * first factor counts as two, or the device is remembered. Where the operator requires one of an account that has none,
   * codes to a verified address will do, if they are allowed; else its session can only enrol one.
   */
  async function neededFor(
    stores: CoreStores,
    user: User,
    { authentication, method, deviceId }: SignInEvidence,
  ): Promise<readonly FactorMethod[] | null> {
    if (authentication.methods.includes('mfa')) return null;
    const hasFactor = user.secondFactorSince !== null;
    if (!hasFactor && !(await isRequiredOf(stores, user.id))) return null;
    if (hasFactor && deviceId !== null && (await stores.factors.isRemembered(user.id, deviceId, now())))
      return null;
    const methods = await methodsOf(stores, user, method);
    return !hasFactor && methods.length === 0 ? null : methods;
  }

  async function isRequiredOf(stores: CoreStores, userId: string): Promise<boolean> {
    if (!policy.isOn) return false;
    return policy.isRequiredOf((await stores.rights.rightsOf(userId)).roles);
  }

  /** The ways that the user has, but for what the first factor was. */
  async function methodsOf(
    stores: CoreStores,
    user: User,
    firstMethod?: SignInMethod,
  ): Promise<FactorMethod[]> {
    const counts = await stores.factors.countsOf(user.id);
    const there: Record<FactorMethod, boolean> = {
      totp: counts.totp > 0,
      passkey: counts.passkeys > 0 && firstMethod !== 'passkey',
      email_code: user.email !== null && user.emailVerifiedAt !== null && outbox.has('email'),
      phone_code: user.phone !== null && outbox.has('sms'),
      recovery_code: counts.recoveryCodes > 0,
    };
    return FACTOR_METHODS.filter(
      (method) =>
        there[method] &&
        policy.serves(method) &&
        (firstMethod === undefined || SAME_CHANNEL[firstMethod] !== method),
    );
  }

  /** Keeps the first factor for five minutes, and returns what the client sends with the second one. */
  async function challengeWithin(
    stores: CoreStores,
    user: User,
    evidence: SignInEvidence,
    methods: readonly FactorMethod[],
  ): Promise<SecondFactorChallenge> {
    const { method, provider, authentication, isNewDevice, deviceId, transport } = evidence;
    const details: FirstFactor = {
      method,
      provider,
      amr: authentication.methods,
      at: authentication.at.getTime(),
      isNewDevice,
      deviceId,
      transport,
      passwordChangedAt: user.passwordChangedAt?.getTime() ?? null,
    };
    const { token, expiresAt } = await codes.issueWithin(stores, {
      purpose: 'second_factor',
      userId: user.id,
      address: null,
      details,
      hasCode: false,
      hasLink: true,
    });
    return { token, methods, expiresInSeconds: Math.round((expiresAt.getTime() - clock.now()) / 1000) };
  }

  /** The devices on which a second factor is not asked for. */
  async function rememberedDevices(userId: string): Promise<RememberedDevice[]> {
    const user = await store.users.findById(userId);
    return store.factors.listRemembered(userId, { at: now(), since: user?.passwordChangedAt ?? null });
  }

  return { rememberedDevices, neededFor, methodsOf, challengeWithin };
}
