import type { Request, Response } from 'express';
import { tokenKeyOf } from '../core/limits/quota.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';
import {
  type AuthenticatedPrincipal,
  callerOf,
  type PrincipalCaller,
  type RequestOrigin,
} from '../core/principal.ts';
import type { Count } from '../core/sessions/count-refresh.ts';
import { type Authenticate, readBearerToken, requireToken } from './authenticate.ts';
import { originOf } from './origin.ts';
import type { Limit } from './rate-limit.ts';
import { abortSignalOf } from './when-over.ts';

/**
 * The parts of a request and its answer that a handler may use in addition to its parsed values. Handlers never see
 * `req` and `res`.
 */
export interface Exchange {
  readonly origin: RequestOrigin;
  /** The Authorization headers, as they were sent. */
  readonly authorization: readonly string[];
  /** @throws AppError invalid_request where there are two or a malformed one */
  readonly bearerToken: () => string | undefined;
  /**
   * The caller whose access token or API key came along. It counts against the limit of that credential.
   * @throws AppError token_missing, token_invalid, token_expired, token_revoked, revocations_stale, rate_limited
   */
  readonly authenticate: () => Promise<PrincipalCaller<AuthenticatedPrincipal>>;
  /**
   * Counts the request against a limit, and shows in the answer what is left of it.
   * @throws AppError rate_limited
   */
  readonly count: Count;
  /** Whether the client asks for a page: a browser names HTML, and other clients that take anything get JSON. */
  readonly prefersHtml: () => boolean;
  /** Aborted when the request is over, so that nothing is done any more for a client that has gone. */
  readonly signal: () => AbortSignal;
}

export interface ExchangeOptions {
  readonly authenticate: Authenticate;
  readonly limit: Limit;
}

export function exchangeOf(req: Request, res: Response, { authenticate, limit }: ExchangeOptions): Exchange {
  return {
    get origin() {
      return originOf(req);
    },
    get authorization() {
      return req.headersDistinct.authorization ?? [];
    },
    bearerToken: () => readBearerToken(req),
    async authenticate() {
      // Looked at already on the way here.
      if (req.credentialError !== undefined) throw req.credentialError;
      const principal = await authenticate(requireToken(readBearerToken(req)));
      await limit(res, ...limitOf(principal));
      return callerOf(principal, originOf(req));
    },
    count: (policy, key) => limit(res, policy, key),
    prefersHtml: () => req.accepts(['json', 'html']) === 'html',
    signal: () => abortSignalOf(res),
  };
}

/** The policy that counts the requests of a credential, and the key. */
export function limitOf(principal: AuthenticatedPrincipal): [policy: RequestPolicy, key: string] {
  return principal.kind === 'api_key'
    ? ['api-key', principal.keyId]
    : ['token', tokenKeyOf(principal.claims)];
}
