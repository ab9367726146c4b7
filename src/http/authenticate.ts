import type { IncomingMessage } from 'node:http';
import { type AccessTokenClaims, readBearerToken as read, VerificationError } from '@latchkey/verifier/core';
import type { Request, Response } from 'express';
import { AppError } from '../core/errors.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';
import { challenge } from './problem.ts';
import type { Limit } from './rate-limit.ts';

declare global {
  namespace Express {
    interface Request {
      /** The claims of the bearer token, on routes that need one. */
      claims?: AccessTokenClaims;
      /** Why its token was refused, where it has been looked at already. */
      tokenRefusal?: AppError;
    }
  }
}

/** Returns the claims of a good credential and throws an AppError for any other. */
export type TokenCheck = (token: string) => AccessTokenClaims | Promise<AccessTokenClaims>;

/** Finds out who sends a request, and leaves the claims with it. */
export type Authentication = (req: Request, res: Response) => Promise<void>;

/**
 * Lets a request pass with a good bearer token or API key, so often as the policy `token` or `api-key` has it, and refuses
 * every other as RFC 6750 has it.
 */
export function createAuthentication(check: TokenCheck, limit: Limit): Authentication {
  return async (req, res) => {
    if (req.tokenRefusal !== undefined) throw req.tokenRefusal;
    req.claims = await check(demandToken(readBearerToken(req)));
    await limit(res, policyOf(req.claims), req.claims.jti);
  };
}

/** API keys have a limit of their own. */
export function policyOf({ api_key_id }: AccessTokenClaims): RequestPolicy {
  return api_key_id === undefined ? 'token' : 'api-key';
}

/** What `read` finds out about a token, or undefined where it refuses. */
export async function unlessRefused<Result>(
  read: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** @throws AppError token_missing */
export function demandToken(token: string | undefined): string {
  if (token === undefined) throw new AppError('token_missing');
  return token;
}

/** The claims of the credential that this request came with. */
export function claimsOf(req: Request): AccessTokenClaims {
  if (req.claims === undefined) throw new Error('this route needs no credential');
  return req.claims;
}

/**
 * The token in the Authorization header, or undefined without one; another scheme counts as none.
 * @throws AppError invalid_request where there are two headers or a malformed one
 */
export function readBearerToken(req: IncomingMessage): string | undefined {
  try {
    return read(req);
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    const headers = { 'WWW-Authenticate': challenge('invalid_request') };
    throw new AppError('invalid_request', error.message, { headers });
  }
}
