import type { Logger } from 'pino';
import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { Codes } from '../codes/codes.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { Assertion } from '../passkeys/fields.ts';
import type { PasskeyProof } from '../passkeys/passkey.ts';
import type { Passkeys } from '../passkeys/passkeys.ts';
import type { Caller } from '../principal.ts';
import type { SignInMethod, Transport } from '../sessions/session.ts';
import type { SignInEvidence } from '../sessions/sessions.ts';
import type { WarnOwner } from '../sign-in/warn-owner.ts';
import type { CoreStores } from '../stores.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { Seal } from '../tokens/seal.ts';
import type { User } from '../users/user.ts';
import { FACTOR_METHODS, type FactorMethod, FEW_RECOVERY_CODES, type RememberedDevice } from './factor.ts';
import type { MfaPolicy } from './policy.ts';
import { macOfRecoveryCode } from './recovery-codes.ts';
import type { TotpCodes } from './totp.ts';

export interface SecondFactorDependencies {
  readonly store: CoreStores;
  readonly codes: Codes;
  readonly outbox: Pick<Outbox, 'has'>;
  readonly totpCodes: TotpCodes;
  readonly passkeys: Pick<Passkeys, 'verifyFactor' | 'useWithin'>;
  /** Seals the secrets of authenticator apps, each for the id of its row. */
  readonly seal: Seal;
  readonly secrets: readonly [SigningKey, ...SigningKey[]];
  readonly policy: MfaPolicy;
  readonly warnOwnerWithin: WarnOwner;
  readonly logger: Logger;
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

/** A second factor as a client gives it. */
export interface GivenFactor {
  readonly method: FactorMethod;
  /** Empty with a passkey. */
  readonly code: string;
  /** Of a passkey. */
  readonly credential?: Assertion | undefined;
}

/** A second factor that is right. It stays unused until `useWithin`. */
export interface FactorProof {
  /** What it adds to the methods of RFC 8176. */
  readonly amr: readonly string[];
  /** False where another request has used it meanwhile. */
  readonly useWithin: (stores: CoreStores, caller: Caller) => Promise<boolean>;
}

/** A code sent the same way as the first factor proves nothing new. */
const SAME_CHANNEL: Readonly<Partial<Record<SignInMethod, FactorMethod>>> = {
  email_code: 'email_code',
  email_link: 'email_code',
  phone_code: 'phone_code',
};

export type SecondFactors = ReturnType<typeof createSecondFactors>;

/** Decides whether a sign-in needs a second factor, and checks those that are given. */
export function createSecondFactors(dependencies: SecondFactorDependencies) {
  const { store, codes, outbox, totpCodes, passkeys, seal, secrets, policy, warnOwnerWithin, logger, clock } =
    dependencies;
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

  /**
   * What a given factor proves; null where it is wrong. Codes by a message are those that were sent for `challengeId`; null
   * where none were.
   * @throws AppError as `codes.check`
   */
  async function check(
    user: User,
    { method, code, credential }: GivenFactor,
    challengeId: string | null,
    caller: Caller,
  ): Promise<FactorProof | null> {
    switch (method) {
      case 'totp':
        return checkTotp(user.id, code);
      case 'recovery_code':
        return checkRecoveryCode(user, code);
      case 'email_code':
      case 'phone_code':
        return challengeId === null ? null : checkSentCode(method, code, challengeId, caller);
      case 'passkey':
        return challengeId === null || credential === undefined
          ? null
          : checkPasskey(await passkeys.verifyFactor(user.id, challengeId, credential, caller.origin));
    }
  }

  function checkPasskey(proof: PasskeyProof): FactorProof {
    return {
      amr: proof.amr,
      async useWithin(stores) {
        await passkeys.useWithin(stores, proof);
        return true;
      },
    };
  }

  async function checkTotp(userId: string, code: string): Promise<FactorProof | null> {
    for (const factor of await store.factors.listTotp(userId)) {
      const step = factor.confirmedAt && (await stepOf(factor, code));
      if (typeof step !== 'number') continue;
      return { amr: ['otp'], useWithin: ({ factors }) => factors.useTotp(factor.id, step, now()) };
    }
    return null;
  }

  /** The time step of a code; undefined where it is not one of this factor. */
  async function stepOf(
    { id, secret }: { readonly id: string; readonly secret: string },
    code: string,
  ): Promise<number | undefined> {
    const opened = seal.open(secret, id);
    return typeof opened === 'string' ? totpCodes.stepOf(opened, code) : undefined;
  }

  /** Each use is told by mail. Wake the outbox after the commit. */
  async function checkRecoveryCode(user: User, code: string): Promise<FactorProof | null> {
    const userId = user.id;
    const macs = secrets.map((secret) => macOfRecoveryCode(secret, userId, code));
    if (!(await store.factors.hasRecoveryCode(userId, macs))) return null;
    return {
      amr: ['otp'],
      async useWithin(stores, caller) {
        if (!(await stores.factors.useRecoveryCode(userId, macs))) return false;
        const { recoveryCodes: left } = await stores.factors.countsOf(userId);
        const used = entryOf('recovery_code.used', caller, userId, { left });
        const few =
          left <= FEW_RECOVERY_CODES ? [entryOf('recovery_codes.few', caller, userId, { left })] : [];
        await stores.audit.appendMany([used, ...few], now());
        if (few.length > 0) {
          const event = { event: 'recovery_codes_few', user_id: userId, left };
          logger.warn(event, 'a user has few recovery codes left');
        }
        const warning = { template: 'recovery-code-used', data: { left } } as const;
        await warnOwnerWithin(stores, user, caller.origin, warning, now());
        return true;
      },
    };
  }

  async function checkSentCode(
    method: 'email_code' | 'phone_code',
    code: string,
    challengeId: string,
    caller: Caller,
  ): Promise<FactorProof | null> {
    const sent = await codes.findLatest('factor_code', `${challengeId} ${method}`);
    if (sent === null) return null;
    const challenge = await codes.check({ id: sent.id, code }, ['factor_code'], caller);
    return {
      amr: method === 'phone_code' ? ['otp', 'sms'] : ['otp'],
      async useWithin(stores) {
        return stores.challenges.use(challenge.id, now());
      },
    };
  }

  /** The devices on which a second factor is not asked for. */
  async function rememberedDevices(userId: string): Promise<RememberedDevice[]> {
    const user = await store.users.findById(userId);
    return store.factors.listRemembered(userId, { at: now(), since: user?.passwordChangedAt ?? null });
  }

  return { rememberedDevices, neededFor, methodsOf, challengeWithin, check, stepOf };
}
