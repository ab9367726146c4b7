import {
  AUTHENTICATION_MEMBERS,
  type AuthenticationNeeded,
  assertAuthenticationNeeded,
} from './authentication.ts';
import { createChecks } from './checks.ts';
import { type AccessTokenClaims, permissionsIn } from './claims.ts';
import { challengeOf, type RequestHeaders, readBearerToken } from './credentials.ts';
import { REFUSALS, VerificationError } from './errors.ts';
import type { Verifier } from './verifier.ts';

declare global {
  namespace Express {
    interface Request {
      /** The claims of the bearer token, behind the middleware `bearer`. */
      auth?: AccessTokenClaims;
    }
  }
}

export interface BearerOptions extends AuthenticationNeeded {
  /** The permission that is needed, or several with spaces between them: then all of them. */
  readonly scope?: string;
  /** The role that is needed. */
  readonly role?: string;
  /** The realm in WWW-Authenticate: visible ASCII without quotation marks. */
  readonly realm?: string;
}

/** A request of Express, or of anything else that is made of node:http. */
export interface BearerRequest extends RequestHeaders {
  auth?: AccessTokenClaims;
}

/** The part of a response that is used. */
export interface BearerResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

export type BearerMiddleware = (
  req: BearerRequest,
  res: BearerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

const RETRY_AFTER_SECONDS = '1';
/** The characters of a quoted-string in WWW-Authenticate that need no escape (RFC 9110 section 5.6.4). */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const { assertOption, requireMembers } = createChecks('bearer');

/**
 * Middleware that puts the claims of a valid bearer token into `req.auth`, and answers every other request itself: as
 * RFC 6750 section 3 and RFC 9470 section 3 define it, with a problem document (RFC 9457) that has the stable member `code`.
 * @throws TypeError where an option is unknown or of no use
 */
export function bearer(
  verifier: Pick<Verifier, 'verify' | 'requireAuthentication'>,
  options: BearerOptions = {},
): BearerMiddleware {
  assertOption(typeof verifier?.verify === 'function', 'the first argument must be a verifier');
  requireMembers(options, 'the options', ['scope', 'role', 'realm', ...AUTHENTICATION_MEMBERS]);
  const { maxAgeSeconds, acr, ...texts } = options;
  for (const [name, value] of Object.entries(texts)) {
    assertOption(QUOTABLE.test(value) && value.trim() === value, `${name} must be a text of visible ASCII`);
  }
  const authentication = {
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(acr !== undefined && { acr }),
  };
  assertAuthenticationNeeded(authentication, { assertOption });
  const { scope, role, realm = 'latchkey' } = texts;
  const needed = permissionsIn(scope ?? '');

  async function authorize(req: BearerRequest): Promise<AccessTokenClaims> {
    const token = readBearerToken(req);
    if (token === undefined) {
      throw new VerificationError('token_missing', 'Send the header Authorization: Bearer ACCESS_TOKEN.');
    }
    const claims = await verifier.verify(token);
    const held = permissionsIn(claims.scope);
    const missing = needed.filter((permission) => !held.includes(permission));
    if (missing.length > 0) {
      throw new VerificationError('insufficient_scope', `This needs the permission ${missing.join(' ')}.`, {
        parameters: { scope: needed.join(' ') },
      });
    }
    if (role !== undefined && !claims.roles.includes(role)) {
      throw new VerificationError('insufficient_role', `This needs the role ${role}.`);
    }
    // Last: a user must not be asked to authenticate again for what they may not do anyway.
    verifier.requireAuthentication(claims, authentication);
    return claims;
  }

  return async (req, res, next) => {
    try {
      req.auth = await authorize(req);
    } catch (error) {
      if (error instanceof VerificationError) refuse(res, error, realm);
      else next(error);
      return;
    }
    next();
  };
}

/**
 * The claims that `bearer` has put into a request.
 * @throws Error where it has not: then the route is not behind it
 */
export function authOf({ auth }: Pick<BearerRequest, 'auth'>): AccessTokenClaims {
  if (auth === undefined) throw new Error('this route is not behind the middleware bearer');
  return auth;
}

function refuse(res: BearerResponse, error: VerificationError, realm: string): void {
  const { code, status, message } = error;
  const { title } = REFUSALS[code];
  const challenge = challengeOf(error, realm);
  const problem = { type: `urn:latchkey:error:${code}`, title, status, detail: message, code };
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/problem+json');
  res.setHeader('Cache-Control', 'no-store');
  if (challenge === undefined) res.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  else res.setHeader('WWW-Authenticate', challenge);
  res.end(JSON.stringify(problem));
}
