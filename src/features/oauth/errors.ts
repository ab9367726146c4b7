import type { AppError } from '../../core/errors.ts';
import type { Quota } from '../../core/limits/quota.ts';

/** The errors of these endpoints and their statuses (RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 8628 section 3.5). */
export const OAUTH_ERRORS = {
  invalid_request: 400,
  invalid_grant: 400,
  invalid_scope: 400,
  unsupported_grant_type: 400,
  invalid_client: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  slow_down: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const;

export type OAuthErrorCode = keyof typeof OAUTH_ERRORS;

/** RFC 9110 section 11.6.1: the scheme to try. */
const BASIC_CHALLENGE = 'Basic realm="latchkey", charset="UTF-8"';

export interface OAuthErrorOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly quota?: Quota | undefined;
  readonly cause?: AppError;
}

/** An OAuth error. The message goes to the caller; it has no quotation mark and no backslash. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly quota: Quota | undefined;

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, { cause: options.cause });
    this.name = 'OAuthError';
    this.code = code;
    this.status = options.status ?? OAUTH_ERRORS[code];
    this.headers = options.headers ?? {};
    this.quota = options.quota;
  }
}

/** RFC 6749 section 5.2: the same whatever is wrong with the client. */
export function invalidClient(
  description = 'There is no client that has this id and this secret.',
): OAuthError {
  return new OAuthError('invalid_client', description, {
    headers: { 'WWW-Authenticate': BASIC_CHALLENGE },
  });
}
