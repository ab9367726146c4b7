import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import { type AccessTokenClaims, TokenError } from '../tokens/verify.ts';
import { challenge } from './problem.ts';

declare global {
  namespace Express {
    interface Request {
      /** The claims of the bearer token, on routes behind `authenticate`. */
      claims?: AccessTokenClaims;
    }
  }
}

/** RFC 6750 section 2.1: b64token. */
const BEARER_CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Middleware that lets a request pass with a good bearer token and refuses every other as RFC 6750 has it. The token
 * is read from the Authorization header alone, never from the query string or the body.
 */
export function authenticate(verify: (token: string) => AccessTokenClaims): RequestHandler {
  return (req, _res, next) => {
    req.claims = verifyOrRefuse(verify, readBearerToken(req));
    next();
  };
}

/** The claims that `authenticate` left on this request. */
export function claimsOf(req: Request): AccessTokenClaims {
  if (req.claims === undefined) throw new Error('this route is not behind authenticate');
  return req.claims;
}

function readBearerToken(req: Request): string {
  const headers = req.headersDistinct.authorization ?? [];
  if (headers.length > 1) throw invalidRequest('The request has more than one Authorization header.');
  const [scheme] = (headers[0] ?? '').trim().split(' ', 1);
  if (scheme?.toLowerCase() !== 'bearer') throw new AppError('token_missing');
  const token = BEARER_CREDENTIALS.exec(headers[0]?.trim() ?? '')?.[1];
  if (token === undefined) throw invalidRequest('The Authorization header must be: Bearer ACCESS_TOKEN.');
  return token;
}

function verifyOrRefuse(verify: (token: string) => AccessTokenClaims, token: string): AccessTokenClaims {
  try {
    return verify(token);
  } catch (error) {
    if (error instanceof TokenError) throw new AppError(error.code, error.message);
    throw error;
  }
}

function invalidRequest(detail: string): AppError {
  return new AppError('invalid_request', detail, {
    headers: { 'WWW-Authenticate': challenge('invalid_request') },
  });
}
