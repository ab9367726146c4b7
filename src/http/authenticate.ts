import type { IncomingMessage } from 'node:http';
import { readBearerToken as read, VerificationError } from '@latchkey/verifier/core';
import { AppError } from '../core/errors.ts';
import type { AuthenticatedPrincipal } from '../core/principal.ts';
import { challenge } from './problem.ts';

declare global {
  namespace Express {
    interface Request {
      /** Why its credential was refused, where it has been looked at already. */
      credentialError?: AppError;
    }
  }
}

/**
 * The principal of a valid access token or API key. At once where that needs no database.
 * @throws AppError token_invalid, token_expired, token_revoked, revocations_stale, database_unavailable
 */
export type Authenticate = (credential: string) => AuthenticatedPrincipal | Promise<AuthenticatedPrincipal>;

/** The result of `read`, or undefined where it refuses. */
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
export function requireToken(token: string | undefined): string {
  if (token === undefined) throw new AppError('token_missing');
  return token;
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
