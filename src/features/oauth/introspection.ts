import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { AppError, isTokenFault } from '../../core/errors.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { TokenCheck } from '../../http/authenticate.ts';
import type { ActiveToken, Introspector } from './ports.ts';

/** What the caller of POST /oauth/introspect has to hold. */
export const INTROSPECT_PERMISSION = 'tokens:introspect';

interface KeyInspection {
  /** The claims of a key that is good, else null. */
  readonly inspect: (key: string) => Promise<AccessTokenClaims | null>;
}

export type IntrospectionAnswer = { readonly active: false } | ({ readonly active: true } & ActiveToken);

/** RFC 7662 section 2.2: nothing is said of a token that is not good, not even why. */
const INACTIVE = { active: false } as const;

/** What there is to know about a token: the first introspector that knows it as a good one answers. */
export async function introspect(
  introspectors: readonly Introspector[],
  token: string,
): Promise<IntrospectionAnswer> {
  for (const ask of introspectors) {
    const found = await ask(token);
    if (found !== null) return { active: true, ...found };
  }
  return INACTIVE;
}

/** Access tokens of users and of machines, by the check that protects every other route. */
export function introspectAccessTokens(check: TokenCheck): Introspector {
  return async (token) => {
    try {
      const claims = await check(token);
      return claims.api_key_id === undefined ? describe(claims) : null;
    } catch (error) {
      // Everything else means that nobody can tell at present.
      if (error instanceof AppError && isTokenFault(error.code)) return null;
      throw error;
    }
  };
}

function describe({ iss, aud, sub, sid, client_id, iat, exp, jti, roles, scope }: AccessTokenClaims) {
  return {
    sub,
    token_type: 'Bearer',
    scope,
    ...(client_id !== undefined && { client_id }),
    ...(sid !== undefined && { sid }),
    roles,
    iss,
    aud,
    jti,
    iat,
    exp,
  };
}

/** API keys; asking about one is no use of it. `demandFresh` throws while nobody can know what has been revoked. */
export function introspectApiKeys({ inspect }: KeyInspection, demandFresh: () => void): Introspector {
  return async (token) => {
    const claims = await inspect(token);
    if (claims !== null) demandFresh();
    return claims && { ...describe(claims), token_type: 'api_key' };
  };
}

/** Refresh tokens: those that a refresh would take. */
export function introspectRefreshTokens(sessions: Pick<Sessions, 'sessionOf'>): Introspector {
  return async (token) => {
    const found = await sessions.sessionOf(token);
    if (found?.isBehind) throw new AppError('database_behind');
    if (!found?.isRefreshable) return null;
    const { id, userId, idleExpiresAt } = found.session;
    const exp = Math.floor(idleExpiresAt.getTime() / 1000);
    return { sub: userId, sid: id, exp, token_type: 'refresh_token' };
  };
}
