import type { IdentityProviders } from '../identities/provider.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { User } from '../users/user.ts';

export type HasWayIn = ReturnType<typeof createHasWayIn>;

/** Makes the function that says whether a user can sign in, so that the last way is never removed. */
export function createHasWayIn(outbox: Pick<Outbox, 'has'>, providers: IdentityProviders) {
  /**
   * Counts what works here: an address where mail is sent, a number where SMS are sent, a configured provider, a passkey.
   */
  return function hasWayIn(
    { email, emailVerifiedAt, phone, username, passwordHash }: User,
    identities: readonly { readonly provider: string }[],
    passkeyCount: number,
  ): boolean {
    return (
      (passwordHash !== null && (email !== null || username !== null)) ||
      (email !== null && emailVerifiedAt !== null && outbox.has('email')) ||
      (phone !== null && outbox.has('sms')) ||
      identities.some(({ provider }) => providers.has(provider)) ||
      passkeyCount > 0
    );
  };
}
