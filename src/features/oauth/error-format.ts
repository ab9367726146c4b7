import { STATUS_CODES } from 'node:http';
import { type AppError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { ErrorFormat, PresentedError } from '../../http/error-format.ts';
import { challenge, toAppError } from '../../http/problem.ts';
import { OAUTH_ERRORS, OAuthError, type OAuthErrorCode } from './errors.ts';
import { OAuthErrorView } from './schemas.ts';

const JSON_TYPE = 'application/json';

const RETRY_AFTER_SECONDS = '1';

/** Not of OAuth, and so of no code of its own. */
const TOO_LARGE = ERRORS.payload_too_large.status;

/** The OAuth names of the errors of this service; codes that are not listed go by their status. */
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

/** The JSON of RFC 6749 section 5.2, for an endpoint with these codes in addition to those that every endpoint has. */
export function oauthErrors(...codes: readonly OAuthErrorCode[]): ErrorFormat {
  return { present, describe: () => describe(codes) };
}

function present(thrown: unknown): PresentedError {
  const error = thrown instanceof OAuthError ? undefined : toAppError(thrown);
  const sent = error === undefined ? (thrown as OAuthError) : toOAuthError(error);
  return {
    status: sent.status,
    headers: { 'Cache-Control': 'no-store', ...sent.headers },
    mediaType: `${JSON_TYPE}; charset=utf-8`,
    body: { error: sent.code, error_description: sent.message },
    code: sent.code,
    quota: sent.quota,
    error,
  };
}

function describe(own: readonly OAuthErrorCode[]) {
  const codes: readonly OAuthErrorCode[] = [
    'invalid_request',
    ...own,
    'slow_down',
    'temporarily_unavailable',
    'server_error',
  ];
  const content = { [JSON_TYPE]: { schema: OAuthErrorView } };
  const responses: Record<string, { description: string; content: typeof content }> = {
    [TOO_LARGE]: { description: 'Payload Too Large: `invalid_request`', content },
  };
  for (const status of new Set(codes.map((code) => OAUTH_ERRORS[code]))) {
    const ofStatus = codes.filter((code) => OAUTH_ERRORS[code] === status);
    const named = ofStatus.map((code) => `\`${code}\``).join(', ');
    responses[status] = { description: `${STATUS_CODES[status]}: ${named}`, content };
  }
  return responses;
}

/** An error of the service as an OAuth error. */
function toOAuthError(error: AppError): OAuthError {
  const code =
    OAUTH_CODE_OF[error.code] ?? OAUTH_CODE_OF_STATUS[ERRORS[error.code].status] ?? 'invalid_request';
  return new OAuthError(code, error.detail, {
    status: error.code === 'payload_too_large' ? TOO_LARGE : OAUTH_ERRORS[code],
    headers: {
      ...(code === 'invalid_token' && { 'WWW-Authenticate': challenge(error.code) }),
      ...(code === 'temporarily_unavailable' && { 'Retry-After': RETRY_AFTER_SECONDS }),
      ...error.headers,
    },
    quota: error.quota,
    cause: error,
  });
}
