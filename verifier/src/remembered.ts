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
  /** As in `verify`: older tokens are expired whatever they say. */
  readonly maxAgeSeconds?: number;
  /** As in `verify`. */
  readonly clockToleranceSeconds?: number;
}

export interface Remembering {
  /** As the `verify` it was made of. */
  readonly verify: (token: string) => AccessTokenClaims;
  /** To be called where a key is no longer trusted. */
  readonly forgetAll: () => void;
}

/** Per generation, of two: together some 15 MB of tokens as they are issued here. */
const MAX_TOKENS = 5_000;
/** Few are longer, and to look one up takes a hash of all of it. */
const MAX_REMEMBERED_LENGTH = 2048;

/**
 * Saves the work of verifying a token again that has just been verified: its text is the same, so its signature and
 * claims are. Time goes on, so expiry is checked each time. A refused token is never remembered.
 *
 * Tokens used lately stay, in two generations: where the younger one is full the older one is forgotten. To move a
 * token to the end of one map at each use would cost more than a signature: what was deleted stays in the way.
 */
export function rememberVerified(options: RememberOptions): Remembering {
  const { verify, clock } = options;
  const { maxAgeSeconds = MAX_ACCESS_TOKEN_TTL_SECONDS, clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS } =
    options;
  let younger = new Map<string, Remembered>();
  let older = new Map<string, Remembered>();

  function verifyOnce(token: string): AccessTokenClaims {
    if (typeof token !== 'string' || token.length > MAX_REMEMBERED_LENGTH) return verify(token);
    const known = younger.get(token) ?? recall(token);
    if (known !== undefined && isInTime(known)) return known.claims;
    const claims = verify(token);
    remember(token, {
      claims,
      expiresAtSeconds: Math.min(claims.exp, claims.iat + maxAgeSeconds) + clockToleranceSeconds,
    });
    return claims;
  }

  function isInTime({ claims, expiresAtSeconds }: Remembered): boolean {
    const nowSeconds = clock.now() / 1000;
    return nowSeconds < expiresAtSeconds && claims.iat <= nowSeconds + clockToleranceSeconds;
  }

  /** A token that is used again joins the younger ones. */
  function recall(token: string): Remembered | undefined {
    const known = older.get(token);
    if (known !== undefined) remember(token, known);
    return known;
  }

  function remember(token: string, entry: Remembered): void {
    if (younger.size >= MAX_TOKENS) {
      older = younger;
      younger = new Map();
    }
    younger.set(token, entry);
  }

  return {
    verify: verifyOnce,
    forgetAll() {
      younger = new Map();
      older = new Map();
    },
  };
}
