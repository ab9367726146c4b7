import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Assertion, RequestOptions } from '../../core/passkeys/fields.ts';
import type { PasskeyProof } from '../../core/passkeys/passkey.ts';
import type { Answered } from '../../core/passkeys/passkeys.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import type { OwnedProof } from '../../core/sign-in/proved-sign-in.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Identifier } from '../../core/users/identifiers.ts';

export type PasskeySignIn = ReturnType<typeof createPasskeySignIn>;

/** Signing in with a passkey, which says by itself whose it is. */
export function createPasskeySignIn({ store, passkeys, provedSignIn, clock, config }: Core) {
  const { requireVerifiedEmail } = config.codes;

  /**
   * The options for anyone, bound to the browser where it has a name; with an address, for the passkeys of its account. Those are the same in kind, in number and in
   * time whether or not there is one.
   */
  async function options(
    email: Identifier | undefined,
    browserId: string | null,
  ): Promise<{ readonly challengeToken: string; readonly publicKey: RequestOptions }> {
    if (email === undefined) return passkeys.signInOptions({ userId: null, browserId });
    const user = await store.users.findByEmail(email.canonical);
    return passkeys.signInOptions({ userId: user?.id ?? null, browserId, decoyFor: email.canonical });
  }

  /**
   * @throws AppError invalid_challenge, challenge_expired, challenge_used, invalid_passkey, passkey_unknown, passkey_copied,
   * account_disabled, email_not_verified
   */
  async function signIn(
    answered: Answered<Assertion>,
    browserId: string | null,
    client: SignInClient,
  ): Promise<Login> {
    const proof = await passkeys.verify(answered, browserId, client.origin);
    const redeem = (stores: CoreStores) => redeemWithin(stores, proof);
    return provedSignIn.signIn(redeem, client, 'account_disabled');
  }

  async function redeemWithin(stores: CoreStores, proof: PasskeyProof): Promise<OwnedProof> {
    await passkeys.useWithin(stores, proof);
    const user = await stores.users.findById(proof.userId);
    if (user === null || user.disabledAt !== null) throw new AppError('account_disabled');
    if (requireVerifiedEmail && user.email !== null && user.emailVerifiedAt === null)
      throw new AppError('email_not_verified');
    const proved = {
      method: 'passkey',
      amr: proof.amr,
      at: new Date(clock.now()),
      challengeId: null,
    } as const;
    return { user, isNew: false, earlier: [], revoked: [], proved };
  }

  return { options, signIn };
}
