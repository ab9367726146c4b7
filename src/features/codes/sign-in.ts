import { v7 as uuidv7 } from 'uuid';
import type { Challenge } from '../../core/codes/challenge.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { RequestOrigin } from '../../core/principal.ts';
import type { SignInMethod } from '../../core/sessions/session.ts';
import type { ProvingClient } from '../../core/sign-in/claim-account.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import type { OwnedProof, Owner } from '../../core/sign-in/proved-sign-in.ts';
import type { CoreStores } from '../../core/stores.ts';
import { createAccountWithin } from '../../core/users/create-account.ts';
import { parseEmail } from '../../core/users/identifiers.ts';

/** What a code or a link for an address proves. */
interface AddressProof {
  readonly method: SignInMethod;
  readonly amr: readonly string[];
}

export type CodeSignIn = ReturnType<typeof createCodeSignIn>;

/** Signing in, or up, by proving that one reads what is sent to an address. */
export function createCodeSignIn(core: Core) {
  const { codes, clock, provedSignIn, claimWithin } = core;
  const { mayCreateAccounts } = core.config.codes;
  const now = () => new Date(clock.now());

  /**
   * Uses a challenge up and begins a session of the account whose address it proves.
   * @throws AppError code_used, invalid_code where the account is disabled or has another address by now
   */
  function signIn(challenge: Challenge, client: SignInClient): Promise<Login> {
    const redeem = (stores: CoreStores) => redeemWithin(stores, challenge, client);
    return provedSignIn.signIn(redeem, client, 'invalid_code');
  }

  /**
   * Uses a challenge up, and returns a code that the app exchanges for a session.
   * @throws AppError as `signIn`
   */
  function signInLater(challenge: Challenge, client: ProvingClient): Promise<string> {
    return provedSignIn.signInLater((stores) => redeemWithin(stores, challenge, client));
  }

  async function redeemWithin(
    stores: CoreStores,
    challenge: Challenge,
    client: ProvingClient,
  ): Promise<OwnedProof> {
    await codes.useWithin(stores, challenge);
    const owner = await ownerOf(stores, challenge, client);
    return { ...owner, proved: { ...proofOf(challenge), at: now(), challengeId: challenge.id } };
  }

  /**
   * The account of an address that was just proved; a new one where there is none.
   * @throws AppError invalid_code where it is disabled, email_taken, phone_taken
   */
  async function ownerOf(stores: CoreStores, challenge: Challenge, client: ProvingClient): Promise<Owner> {
    const address = challenge.address ?? '';
    const isPhone = isPhoneNumber(address);
    const user = await (isPhone ? stores.users.findByPhone(address) : stores.users.findByEmail(address));
    // The address belongs to another account by now.
    if (challenge.userId !== null && user?.id !== challenge.userId) throw new AppError('invalid_code');
    if (user === null) return create(stores, challenge, isPhone, client.origin);
    if (user.disabledAt !== null) throw new AppError('invalid_code');
    if (isPhone || user.emailVerifiedAt !== null) return { user, isNew: false, earlier: [], revoked: [] };
    return claimWithin(stores, user, address, client);
  }

  async function create(
    stores: CoreStores,
    { address, details }: Challenge,
    isPhone: boolean,
    origin: RequestOrigin,
  ): Promise<Owner> {
    if (!mayCreateAccounts) throw new AppError('invalid_code');
    const createdAt = now();
    const { shown = address ?? '' } = (details ?? {}) as { readonly shown?: string };
    const newUser = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email: isPhone ? null : parseEmail(shown),
      phone: isPhone ? address : null,
      username: null,
      name: null,
      passwordHash: null,
      emailVerifiedAt: isPhone ? null : createdAt,
      createdAt,
    };
    const { user, entry } = await createAccountWithin(stores, newUser, origin);
    return { user, isNew: true, earlier: [entry], revoked: [] };
  }

  return { signIn, signInLater, exchange: provedSignIn.exchange };
}

/** A code by SMS is both a one-time password and a proof by SMS (RFC 8176). */
function proofOf({ purpose, address }: Challenge): AddressProof {
  if (purpose === 'sign_in_link') return { method: 'email_link', amr: ['otp'] };
  return isPhoneNumber(address ?? '')
    ? { method: 'phone_code', amr: ['otp', 'sms'] }
    : { method: 'email_code', amr: ['otp'] };
}

function isPhoneNumber(address: string): boolean {
  return !address.includes('@');
}
