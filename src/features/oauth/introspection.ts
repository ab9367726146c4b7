import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Core } from '../../core/core.ts';
import { AppError, isTokenError } from '../../core/errors.ts';
import { isForEnrolment } from '../../core/tokens/access-token.ts';

/** The answer about a valid token (RFC 7662 section 2.2). Nothing personal. */
interface ActiveToken {
  readonly sub: string;
  readonly token_type: 'Bearer' | 'refresh_token' | 'api_key';
  /** Permissions separated by spaces. */
  readonly scope?: string;
  readonly client_id?: string;
  readonly sid?: string;
  readonly roles?: readonly string[];
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly jti?: string;
  /** By how many factors the user has authenticated (RFC 9470 section 6.2). */
  readonly acr?: string;
  /** Seconds since 1970. */
  readonly auth_time?: number;
  readonly iat?: number;
  readonly exp?: number;
}

export type IntrospectionAnswer = { readonly active: false } | ({ readonly active: true } & ActiveToken);

export type Introspect = ReturnType<typeof createIntrospect>;

interface IntrospectionDependencies extends Pick<Core, 'authenticate' | 'requireFresh'> {
  readonly apiKeys: Pick<Core['apiKeys'], 'isKey' | 'inspect'>;
  readonly sessions: Pick<Core['sessions'], 'readRefreshToken' | 'sessionOf'>;
}

/** POST /oauth/introspect without HTTP. */
export function createIntrospect(dependencies: IntrospectionDependencies) {
  const { apiKeys, authenticate, requireFresh, sessions } = dependencies;

  /**
   * Nothing is said of a token that is not valid, not even why. A state that is unknown at present throws, so that no
   * valid token is taken for an invalid one.
   * @throws AppError revocations_stale, database_unavailable, database_behind
   */
  return async function introspect(token: string): Promise<IntrospectionAnswer> {
    const found = apiKeys.isKey(token)
      ? await describeApiKey(token)
      : ((await describeAccessToken(token)) ?? (await describeRefreshToken(token)));
    return found === null ? { active: false } : { active: true, ...found };
  };

  /** Introspection does not count as a use of the key. */
  async function describeApiKey(key: string): Promise<ActiveToken | null> {
    const principal = await apiKeys.inspect(key);
    if (principal === null) return null;
    requireFresh();
    return { ...describe(principal.claims), token_type: 'api_key' };
  }

  /** By the same check that protects every other route. */
  async function describeAccessToken(token: string): Promise<ActiveToken | null> {
    try {
      const { claims } = await authenticate(token);
      // It is for no other service.
      return isForEnrolment(claims) ? null : describe(claims);
    } catch (error) {
      if (error instanceof AppError && isTokenError(error.code)) return null;
      throw error;
    }
  }

  /** Those are valid that a refresh would take. */
  async function describeRefreshToken(token: string): Promise<ActiveToken | null> {
    const found = await sessions.sessionOf(sessions.readRefreshToken(token));
    if (found?.isBehind) throw new AppError('database_behind');
    if (!found?.isRefreshable) return null;
    const { id, userId, idleExpiresAt } = found.session;
    const exp = Math.floor(idleExpiresAt.getTime() / 1000);
    return { sub: userId, sid: id, exp, token_type: 'refresh_token' };
  }
}

function describe(claims: AccessTokenClaims): ActiveToken {
  const { iss, aud, sub, sid, client_id, iat, exp, jti, roles, scope, acr, auth_time } = claims;
  return {
    sub,
    token_type: 'Bearer',
    scope,
    ...(client_id !== undefined && { client_id }),
    ...(sid !== undefined && { sid }),
    ...(acr !== undefined && { acr }),
    ...(auth_time !== undefined && { auth_time }),
    roles,
    iss,
    aud,
    jti,
    iat,
    exp,
  };
}
