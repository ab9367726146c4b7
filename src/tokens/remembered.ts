import type { Clock } from '../clock.ts';
import { type AccessTokenClaims, CLOCK_TOLERANCE_SECONDS } from './verify.ts';

interface Remembered {
  readonly claims: AccessTokenClaims;
  readonly expiresAtSeconds: number;
}

export interface RememberOptions {
  readonly verify: (token: string) => AccessTokenClaims;
  readonly clock: Pick<Clock, 'now'>;
  /** As `verify` has it: older tokens are expired whatever they say. */
  readonly maxAgeSeconds: number;
}

/** Some 15 MB of tokens as they are issued here. */
const MAX_TOKENS = 10_000;

/**
 * Saves the work of verifying a token again that has just been verified: its text is the same, so its signature and
 * claims are. Time goes on, so expiry is checked each time. What is not good is never remembered.
 */
export function rememberVerified({
  verify,
  clock,
  maxAgeSeconds,
}: RememberOptions): RememberOptions['verify'] {
  const remembered = new Map<string, Remembered>();

  return (token) => {
    const known = remembered.get(token);
    if (known !== undefined) {
      const nowSeconds = clock.now() / 1000;
      const isInTime =
        nowSeconds < known.expiresAtSeconds && known.claims.iat <= nowSeconds + CLOCK_TOLERANCE_SECONDS;
      if (isInTime) return known.claims;
      remembered.delete(token);
    }
    const claims = verify(token);
    const expiresAtSeconds = Math.min(claims.exp, claims.iat + maxAgeSeconds) + CLOCK_TOLERANCE_SECONDS;
    // Maps keep the order of insertion: the one that was verified longest ago makes room.
    if (remembered.size >= MAX_TOKENS) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(token, { claims, expiresAtSeconds });
    return claims;
  };
}
