import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import type { AccessTokenClaims } from '../tokens/verify.ts';
import type { RequestPolicy } from './ports.ts';
import { challenge } from './problem.ts';
import type { Limit } from './rate-limit.ts';

declare global {
  namespace Express {
    interface Request {
      /** The claims of the bearer token, on routes behind `authenticate`. */
      claims?: AccessTokenClaims;
      /** Why its token was refused, where it has been looked at already. */
      tokenRefusal?: AppError;
    }
  }
}

/** RFC 6750 section 2.1: b64token. */
const BEARER_CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Returns the claims of a good credential and throws an AppError for any other. */
export type TokenCheck = (token: string) => AccessTokenClaims | Promise<AccessTokenClaims>;

/**
 * Middleware that lets a request pass with a good bearer token or API key, so often as the policy `token` or `api-key`
 * has it, and refuses every other as RFC 6750 has it.
 */
export function authenticate(check: TokenCheck, limit: Limit): RequestHandler {
  return async (req, res, next) => {
    // A route may be behind this twice: once before its body is read, and once by itself.
    if (req.tokenRefusal !== undefined) throw req.tokenRefusal;
    if (req.claims === undefined) {
      req.claims = await check(demandToken(readBearerToken(req)));
      await limit(res, policyOf(req.claims), req.claims.jti);
    }
    next();
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

/** The claims that `authenticate` left on this request. */
export function claimsOf(req: Request): AccessTokenClaims {
  if (req.claims === undefined) throw new Error('this route is not behind authenticate');
  return req.claims;
}

/**
 * The token in the Authorization header, or undefined without one; another scheme counts as none. The query string and
 * the body are never looked at.
 * @throws AppError invalid_request where there are two headers or a malformed one
 */
export function readBearerToken(req: IncomingMessage): string | undefined {
  if (req.headers.authorization === undefined) return undefined;
  const headers = req.headersDistinct.authorization ?? [];
  if (headers.length > 1) throw invalidRequest('The request has more than one Authorization header.');
  const credentials = headers[0] ?? '';
  if (credentials.split(' ', 1)[0]?.toLowerCase() !== 'bearer') return undefined;
  const token = BEARER_CREDENTIALS.exec(credentials)?.[1];
  if (token === undefined) throw invalidRequest('The Authorization header must be: Bearer ACCESS_TOKEN.');
  return token;
}

function invalidRequest(detail: string): AppError {
  return new AppError('invalid_request', detail, {
    headers: { 'WWW-Authenticate': challenge('invalid_request') },
  });
}
