import { type AppError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { Quota } from '../../core/limits/quota.ts';
import { challenge } from '../../http/problem.ts';

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

const RETRY_AFTER_SECONDS = '1';

/** RFC 9110 section 11.6.1: the scheme to try. */
const BASIC_CHALLENGE = 'Basic realm="latchkey", charset="UTF-8"';

/** What the refusals of this service are called here; whatever is not listed goes by its status. */
const OAUTH_CODE_OF: Partial<Record<ErrorCode, OAuthErrorCode>> = {
  invalid_refresh_token: 'invalid_grant',
  refresh_token_reused: 'invalid_grant',
  token_missing: 'invalid_token',
  token_invalid: 'invalid_token',
  token_expired: 'invalid_token',
  token_revoked: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
};

const OAUTH_CODE_OF_STATUS: Readonly<Record<number, OAuthErrorCode>> = {
  429: 'slow_down',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

export interface OAuthErrorOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly quota?: Quota | undefined;
  readonly cause?: AppError;
}

/** A refusal in the words of OAuth. The message goes to the caller; it has no quotation mark and no backslash. */
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

/** A refusal of the service in the words of OAuth. */
export function toOAuthError(error: AppError): OAuthError {
  const code = OAUTH_CODE_OF[error.code] ?? OAUTH_CODE_OF_STATUS[ERRORS[error.code].status] ?? 'invalid_request';
  return new OAuthError(code, error.detail, {
    status: error.code === 'payload_too_large' ? ERRORS.payload_too_large.status : OAUTH_ERRORS[code],
    headers: {
      ...(code === 'invalid_token' && { 'WWW-Authenticate': challenge(error.code) }),
      ...(code === 'temporarily_unavailable' && { 'Retry-After': RETRY_AFTER_SECONDS }),
      ...error.headers,
    },
    quota: error.quota,
    cause: error,
  });
}
