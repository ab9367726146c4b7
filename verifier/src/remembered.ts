import type { AccessTokenClaims } from './claims.ts';
import { CLOCK_TOLERANCE_SECONDS, MAX_ACCESS_TOKEN_TTL_SECONDS } from './verify.ts';

interface Remembered {
  readonly claims: AccessTokenClaims;
  readonly expiresAtSeconds: number;
}

export interface RememberOptions {
  readonly verify: (token: string) => AccessTokenClaims;
  /** `now` is in milliseconds since 1970. */
  readonly clock: { readonly now: () => number };
  /** As `verify` has it: older tokens are expired whatever they say. */
  readonly maxAgeSeconds?: number;
  /** As `verify` has it. */
  readonly clockToleranceSeconds?: number;
}

export interface Remembering {
  /** As the `verify` it was made of. */
  readonly verify: (token: string) => AccessTokenClaims;
  /** To be called where a key is no longer trusted. */
  readonly forgetAll: () => void;
}

/** Some 15 MB of tokens as they are issued here. */
const MAX_TOKENS = 10_000;
/** Few are longer, and those are cheap beside the request that carries them. */
const MAX_REMEMBERED_LENGTH = 2048;

/**
 * Saves the work of verifying a token again that has just been verified: its text is the same, so its signature and
 * claims are. Time goes on, so expiry is checked each time. What is not good is never remembered. Where there are too
 * many, the one that was used longest ago makes room.
 */
export function rememberVerified(options: RememberOptions): Remembering {
  const { verify, clock } = options;
  const { maxAgeSeconds = MAX_ACCESS_TOKEN_TTL_SECONDS, clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS } =
    options;
  // Maps keep the order of insertion.
  const remembered = new Map<string, Remembered>();

  function verifyOnce(token: string): AccessTokenClaims {
    const known = remembered.get(token);
    if (known !== undefined) {
      remembered.delete(token);
      const nowSeconds = clock.now() / 1000;
      const { claims, expiresAtSeconds } = known;
      if (nowSeconds < expiresAtSeconds && claims.iat <= nowSeconds + clockToleranceSeconds) {
        remembered.set(token, known);
        return claims;
      }
    }
    const claims = verify(token);
    if (token.length <= MAX_REMEMBERED_LENGTH) remember(token, claims);
    return claims;
  }

  function remember(token: string, claims: AccessTokenClaims): void {
    const expiresAtSeconds = Math.min(claims.exp, claims.iat + maxAgeSeconds) + clockToleranceSeconds;
    if (remembered.size >= MAX_TOKENS) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(token, { claims, expiresAtSeconds });
  }

  return { verify: verifyOnce, forgetAll: () => remembered.clear() };
}
