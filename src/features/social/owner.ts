import { v7 as uuidv7 } from 'uuid';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { StoredIdentity } from '../../core/identities/identity.ts';
import type { ProvidedIdentity } from '../../core/identities/provider.ts';
import { userCaller } from '../../core/principal.ts';
import type { ProvingClient } from '../../core/sign-in/claim-account.ts';
import type { Owner } from '../../core/sign-in/proved-sign-in.ts';
import type { CoreStores } from '../../core/stores.ts';
import { createAccountWithin } from '../../core/users/create-account.ts';
import { Name } from '../../core/users/fields.ts';
import { parseEmail } from '../../core/users/identifiers.ts';
import type { IdentityProof, Linking } from './linking.ts';

/**
 * Makes the function that says whose account an identity signs in to. docs/social-login.md has the rules as a table; here they
 * stand in the order in which they are decided.
 */
export function createOwnerOf({ clock, config, claimWithin }: Core, linking: Linking) {
  const { mayCreateAccounts, domains, withoutEmail } = config.social;
  const { requireVerifiedEmail, hidesKnownAddresses } = config.codes;
  const now = () => new Date(clock.now());

  /**
   * Runs in a transaction that may be repeated, since another sign-in may add or remove the same identity at the same time.
   * @throws AppError account_exists, account_disabled, signup_disabled, email_required, email_domain_not_allowed,
   * email_not_verified, too_many_identities; identity_taken, email_taken, which repeat it
   */
  return async function ownerOf(
    stores: CoreStores,
    proof: IdentityProof,
    client: ProvingClient,
  ): Promise<Owner> {
    const { identity } = proof;
    const known = await stores.identities.findByKey(identity);
    const returning = known && (await returningOwner(stores, known, proof));
    if (returning !== null) return returning;

    const { email, isEmailVerified } = identity;
    if (email !== null && !isEmailVerified && (requireVerifiedEmail || hidesKnownAddresses)) {
      throw new AppError(
        'email_not_verified',
        'The provider does not say that the address is verified. Sign in by a code or a link, which proves it.',
      );
    }
    // Anyone can claim any address at a provider that does not check it. Where they could not sign up with it, they are
    // not told either whether it has an account.
    if (!isEmailVerified) requireMaySignUp(identity);
    const user = email && (await stores.users.findByEmail(email.canonical));
    if (email === null || user === null) return signUp(stores, proof, client);
    if (!isEmailVerified) {
      // It may be theirs: another sign-in may have made it since the first look.
      const isTheirs = (await stores.identities.findByKey(identity)) !== null;
      throw new AppError(isTheirs ? 'identity_taken' : 'account_exists');
    }
    if (user.disabledAt !== null) throw new AppError('account_disabled');
    const owner =
      user.emailVerifiedAt === null
        ? // On a known device as well: with COOKIE_DOMAIN another host could have planted the device token of an attacker.
          await claimWithin(stores, user, email.canonical, { origin: client.origin })
        : { user, isNew: false, earlier: [], revoked: [] };
    const caller = userCaller(user.id, client.origin);
    const { entry } = await linking.linkWithin(stores, owner.user, proof, caller);
    return { ...owner, earlier: [...owner.earlier, entry] };
  };

  /** The user to whom an identity belongs. Null where it is to be linked anew. */
  async function returningOwner(
    stores: CoreStores,
    known: StoredIdentity,
    proof: IdentityProof,
  ): Promise<Owner | null> {
    const use = { ...linking.contentOf(known.id, proof), lastUsedAt: now() };
    const user = await stores.users.findById(known.userId);
    // It was removed meanwhile: the next attempt finds it gone.
    if (user === null || !(await stores.identities.use(known.id, use))) throw new AppError('identity_taken');
    if (user.disabledAt !== null) throw new AppError('account_disabled');
    if (user.email === null || user.emailVerifiedAt !== null) {
      return { user, isNew: false, earlier: [], revoked: [] };
    }
    const { email, isEmailVerified } = proof.identity;
    if (isEmailVerified && parseEmail(user.email)?.canonical === email?.canonical) {
      // The first proof of this account's address ends what was there before, this identity included: it is linked anew.
      await stores.identities.remove(known.id, user.id);
      return null;
    }
    if (requireVerifiedEmail) throw new AppError('email_not_verified');
    return { user, isNew: false, earlier: [], revoked: [] };
  }

  /** @throws AppError signup_disabled, email_domain_not_allowed, email_required */
  function requireMaySignUp({ email, isEmailVerified }: ProvidedIdentity): void {
    if (!mayCreateAccounts) throw new AppError('signup_disabled');
    const domain = email?.canonical.slice(email.canonical.lastIndexOf('@') + 1) ?? '';
    if (domains.length > 0 && !(isEmailVerified && domains.includes(domain))) {
      throw new AppError('email_domain_not_allowed');
    }
    if (email === null && !withoutEmail) throw new AppError('email_required');
  }

  async function signUp(stores: CoreStores, proof: IdentityProof, { origin }: ProvingClient): Promise<Owner> {
    requireMaySignUp(proof.identity);
    const { email, isEmailVerified, name } = proof.identity;
    const createdAt = now();
    const newUser = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email,
      username: null,
      name: Name.safeParse(name ?? '').data ?? null,
      passwordHash: null,
      emailVerifiedAt: isEmailVerified ? createdAt : null,
      createdAt,
    };
    const { user, entry } = await createAccountWithin(stores, newUser, origin);
    const added = await linking.addWithin(stores, user, proof, userCaller(user.id, origin));
    return { user, isNew: true, earlier: [entry, added.entry], revoked: [] };
  }
}

export type OwnerOf = ReturnType<typeof createOwnerOf>;
