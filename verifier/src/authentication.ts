import { createChecks } from './checks.ts';
import type { AccessTokenClaims } from './claims.ts';
import { VerificationError } from './errors.ts';

/** How, and how recently, the user behind a token must have authenticated (RFC 9470). */
export interface AuthenticationNeeded {
  /** The most seconds since then. */
  readonly maxAgeSeconds?: number;
  /** `2` where it takes two factors. */
  readonly acr?: '1' | '2';
}

const LEVELS: readonly string[] = ['1', '2'];

/** The names of the members of `AuthenticationNeeded`. */
export const AUTHENTICATION_MEMBERS = ['maxAgeSeconds', 'acr'] as const;

/**
 * Checks what is asked for.
 * @throws TypeError where it is of no use
 */
export function assertAuthenticationNeeded(
  { maxAgeSeconds, acr }: AuthenticationNeeded,
  { assertOption }: Pick<ReturnType<typeof createChecks>, 'assertOption'>,
): void {
  const isAge = maxAgeSeconds === undefined || (Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds > 0);
  assertOption(isAge, 'maxAgeSeconds must be a whole number above 0');
  assertOption(acr === undefined || LEVELS.includes(acr), 'acr must be 1 or 2, as a text');
}

const CHECKS = createChecks('requireAuthentication');

/** Makes the function that checks how the user behind a token has authenticated. */
export function createRequireAuthentication(clock: { readonly now: () => number }, toleranceSeconds: number) {
  /**
   * Requires that the user behind a verified token has authenticated as recently, and by as many factors, as is needed. A
   * machine client has no user who could.
   * @throws VerificationError insufficient_user_authentication, whose `parameters` say what is needed
   * @throws TypeError where what is needed makes no sense
   */
  return function requireAuthentication(claims: AccessTokenClaims, needed: AuthenticationNeeded): void {
    CHECKS.requireMembers(needed, 'what is needed', AUTHENTICATION_MEMBERS);
    assertAuthenticationNeeded(needed, CHECKS);
    const { maxAgeSeconds, acr } = needed;
    const ageSeconds = Math.floor(clock.now() / 1000) - (claims.auth_time ?? Number.NEGATIVE_INFINITY);
    const isRecent = maxAgeSeconds === undefined || ageSeconds <= maxAgeSeconds + toleranceSeconds;
    const isStrong = acr === undefined || levelOf(claims.acr ?? '') >= levelOf(acr);
    if (isRecent && isStrong) return;
    throw new VerificationError('insufficient_user_authentication', messageFor(needed), {
      parameters: {
        ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
        ...(acr !== undefined && { acr_values: acr }),
      },
    });
  };
}

/** Below every level for one that is not known here. */
function levelOf(acr: string): number {
  return LEVELS.indexOf(acr);
}

function messageFor({ maxAgeSeconds, acr }: AuthenticationNeeded): string {
  const factors = acr === '2' ? ' by two factors' : '';
  const time = maxAgeSeconds === undefined ? '' : ` within the last ${maxAgeSeconds} seconds`;
  return `This takes a user who has authenticated${factors}${time}.`;
}
