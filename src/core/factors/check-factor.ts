import type { Logger } from 'pino';
import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { Codes } from '../codes/codes.ts';
import type { Assertion } from '../passkeys/fields.ts';
import type { PasskeyProof } from '../passkeys/passkey.ts';
import type { Passkeys } from '../passkeys/passkeys.ts';
import type { Caller } from '../principal.ts';
import type { WarnOwner } from '../sign-in/warn-owner.ts';
import type { CoreStores } from '../stores.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { Seal } from '../tokens/seal.ts';
import type { User } from '../users/user.ts';
import { type FactorMethod, FEW_RECOVERY_CODES } from './factor.ts';
import { macOfRecoveryCode } from './recovery-codes.ts';
import type { TotpCodes } from './totp.ts';

export interface FactorCheckDependencies {
  readonly store: CoreStores;
  readonly codes: Pick<Codes, 'findLatest' | 'check'>;
  readonly totpCodes: TotpCodes;
  readonly passkeys: Pick<Passkeys, 'verifyFactor' | 'useWithin'>;
  /** Seals the secrets of authenticator apps, each for the id of its row. */
  readonly seal: Seal;
  readonly secrets: readonly [SigningKey, ...SigningKey[]];
  readonly warnOwnerWithin: WarnOwner;
  readonly logger: Logger;
  readonly clock: Clock;
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

export type FactorCheck = ReturnType<typeof createFactorCheck>;

/** Checks the second factors that clients give. */
export function createFactorCheck(dependencies: FactorCheckDependencies) {
  const { store, codes, totpCodes, passkeys, seal, secrets, warnOwnerWithin, logger, clock } = dependencies;
  const now = () => new Date(clock.now());

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

  return { check, stepOf };
}
