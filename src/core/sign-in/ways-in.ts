import type { IdentityProviders } from '../identities/provider.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { User } from '../users/user.ts';

export type HasWayIn = ReturnType<typeof createHasWayIn>;

/** Makes the function that says whether a user can sign in, so that nobody removes the last way. */
export function createHasWayIn(outbox: Pick<Outbox, 'has'>, providers: IdentityProviders) {
  /** Decides by what the account has, and by what this service sends and asks. */
  return function hasWayIn(
    { email, emailVerifiedAt, phone, username, passwordHash }: User,
    identities: readonly { readonly provider: string }[],
  ): boolean {
    return (
      (passwordHash !== null && (email !== null || username !== null)) ||
      (email !== null && emailVerifiedAt !== null && outbox.has('email')) ||
      (phone !== null && outbox.has('sms')) ||
      identities.some(({ provider }) => providers.has(provider))
    );
  };
}
