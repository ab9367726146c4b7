import { type AuthenticationNeeded, createRequireAuthentication } from './authentication.ts';
import type { AccessTokenClaims } from './claims.ts';
import { type Clock, systemClock } from './clock.ts';
import { UnknownKeyError, VerificationError } from './errors.ts';
import { type Following, followRevocations } from './following.ts';
import { secretKey } from './keys.ts';
import { type KeyOptions, parseOptions, type RevocationsOptions } from './options.ts';
import { rememberVerified } from './remembered.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { createReport, warn } from './report.ts';
import { assertUnrevoked, createRevocationSet } from './revocations.ts';
import { createVerify } from './verify.ts';

export type VerifierOptions = KeyOptions & {
  /** JWT_ISSUER of the auth service, which is its PUBLIC_URL by default. */
  readonly issuer: string;
  /** JWT_AUDIENCE of the auth service. */
  readonly audience: string;
  /** By how much the clocks of the auth service and of this one may differ: 0 to 300, 5 by default. */
  readonly clockToleranceSeconds?: number;
  /** Without it a token is valid until it expires, whatever happens to its session. */
  readonly revocations?: RevocationsOptions;
  /** Called when keys or revocations cannot be fetched, once for each failure. By default a warning of the process. */
  readonly onError?: (error: Error) => void;
  /** For tests. */
  readonly clock?: Clock;
};

export interface Verifier {
  /**
   * The claims of an access token that is genuine, alive and, as far as is known here, not revoked.
   * Rejects with a VerificationError: token_invalid, token_expired, token_revoked, keys_unavailable, revocations_stale.
   */
  readonly verify: (token: string) => Promise<AccessTokenClaims>;
  /** The same, synchronously. It throws keys_unavailable where keys would have to be fetched. */
  readonly verifySync: (token: string) => AccessTokenClaims;
  /**
   * Requires that the user behind verified claims has authenticated recently, or by two factors (RFC 9470). Throws a
   * VerificationError: insufficient_user_authentication.
   */
  readonly requireAuthentication: (claims: AccessTokenClaims, needed: AuthenticationNeeded) => void;
  /**
   * Resolves once keys and revocations are at hand. Waits where the auth service does not answer; rejects where it
   * refuses, since the configuration has to be changed then.
   */
  readonly ready: () => Promise<void>;
  /** How well revocations are followed; undefined where they are not. */
  readonly revocations: Following | undefined;
  /** Ends all background work. From then on tokens are verified with the last known state. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a verifier of Latchkey's access tokens (RFC 9068). It asks the auth service for its keys, if need be, and for
 * what is revoked, and never about a token.
 * @throws TypeError where an option is missing or of no use
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience, secrets, jwksUri, clockToleranceSeconds, feed } = parseOptions(options);
  const { clock = systemClock, onError = warn } = options;

  const known = new Map(secrets.map((secret) => secretKey(secret)).map((key) => [key.kid, key]));
  const remote =
    jwksUri &&
    createRemoteKeys({
      url: jwksUri,
      clock,
      report: createReport(onError),
      onRemoved: () => remembering.forgetAll(),
    });
  const remembering = rememberVerified({
    verify: createVerify({
      findKey: remote?.find ?? ((kid) => known.get(kid)),
      issuer,
      audience,
      clock,
      clockToleranceSeconds,
    }),
    clock,
    clockToleranceSeconds,
  });
  const revoked = createRevocationSet();
  const feedFollower =
    feed && followRevocations({ ...feed, revocations: revoked, clock, report: createReport(onError) });

  function check(token: string): AccessTokenClaims {
    const claims = remembering.verify(token);
    assertUnrevoked(revoked, claims);
    if (feed?.whenStale === 'refuse' && feedFollower?.following.isStale) {
      throw new VerificationError(
        'revocations_stale',
        'Whether this token has been revoked is not known at present.',
      );
    }
    return claims;
  }

  function verifySync(token: string): AccessTokenClaims {
    try {
      return check(token);
    } catch (error) {
      if (error instanceof UnknownKeyError) remote?.requireKnown();
      throw error;
    }
  }

  async function verify(token: string): Promise<AccessTokenClaims> {
    try {
      return check(token);
    } catch (error) {
      if (remote === undefined || !(error instanceof UnknownKeyError)) throw error;
    }
    await remote.refresh();
    return check(token);
  }

  return {
    verify,
    verifySync,
    requireAuthentication: createRequireAuthentication(clock, clockToleranceSeconds),
    async ready() {
      await Promise.all([remote?.ready(), feedFollower?.ready()]);
    },
    revocations: feedFollower?.following,
    async close() {
      remote?.close();
      await feedFollower?.close();
    },
  };
}
