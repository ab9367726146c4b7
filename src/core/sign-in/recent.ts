import { REALM } from '../access/insufficient-scope.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { UserPrincipal } from '../principal.ts';

/**
 * Requires that a user has signed in within the last `maxAgeSeconds` (RFC 9470): a stolen token or an unattended browser is
 * not enough for what would hand the account over.
 * @throws AppError insufficient_user_authentication
 */
export function requireRecentSignIn(
  { authentication }: UserPrincipal,
  clock: Clock,
  maxAgeSeconds: number,
): void {
  const ageMilliseconds = clock.now() - (authentication?.at.getTime() ?? 0);
  if (ageMilliseconds <= maxAgeSeconds * 1000) return;
  const code = 'insufficient_user_authentication';
  const description = 'A more recent sign-in is required';
  throw new AppError(code, `Sign in again: this takes a sign-in within the last ${maxAgeSeconds} seconds.`, {
    headers: {
      'WWW-Authenticate': `Bearer realm="${REALM}", error="${code}", error_description="${description}", max_age="${maxAgeSeconds}"`,
    },
  });
}
