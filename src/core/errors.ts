import { REFUSALS, VerificationError } from '@latchkey/verifier/core';
import type { FactorMethod } from './factors/factor.ts';
import type { Quota } from './limits/quota.ts';

/**
 * The errors of this service, each with its HTTP status and what a person reads. The codes are public API: clients branch
 * on them, so none is renamed or reused.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    title: REFUSALS.invalid_request.title,
    meaning: 'The HTTP request itself is broken: its path, its headers or the way it carries a credential.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    meaning: 'The bytes are not JSON in UTF-8. Send one JSON object.',
  },
  validation_failed: {
    status: 400,
    title: 'Some fields are not acceptable',
    meaning:
      'The member errors lists each invalid field with a JSON pointer, a code and an explanation. Nothing was changed.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is of a kind that this route does not take',
    meaning: 'Send Content-Type: application/json and the body uncompressed; /oauth takes forms.',
  },
  cursor_too_old: {
    status: 410,
    title: 'The cursor is too old',
    meaning: 'Events since this cursor are no longer available. Repeat the request without a cursor.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    meaning:
      'The member detail names the limit: most bodies may have up to 8 KB and 100 values, lists more, and none may be nested deeply.',
  },
  token_missing: {
    status: 401,
    title: REFUSALS.token_missing.title,
    meaning:
      'The request came without a credential. Log in and send the header Authorization: Bearer ACCESS_TOKEN, or an API key in its place. A page that signed in with a cookie calls with credentials: "include", by the same host name as at the sign-in: localhost and 127.0.0.1 are two sites.',
  },
  token_invalid: {
    status: 401,
    title: REFUSALS.token_invalid.title,
    meaning: 'It is damaged, was signed with another key or was made for another service. Log in again.',
  },
  token_expired: {
    status: 401,
    title: REFUSALS.token_expired.title,
    meaning:
      'It expired at the time in its exp claim. Exchange your refresh token for a new one at POST /refresh.',
  },
  token_revoked: {
    status: 401,
    title: REFUSALS.token_revoked.title,
    meaning:
      'Since it was issued its session has ended, its account was deleted or disabled, or what it may do has changed. Refresh; if that is refused, log in again.',
  },
  session_ended: {
    status: 401,
    title: 'The session has ended',
    meaning:
      'The cookie is unknown, its session was not used for too long, or it was ended: by a logout, an administrator, or a new password. Sign in again.',
  },
  invalid_refresh_token: {
    status: 401,
    title: 'The refresh token is not valid',
    meaning: 'It is damaged or unknown, or its session has ended or expired. Log in again.',
  },
  refresh_token_reused: {
    status: 401,
    title: 'The refresh token has already been used',
    meaning:
      'It may have been copied, so the session has been ended on every device that shares it. Log in again.',
  },
  invalid_credentials: {
    status: 401,
    title: 'The credentials are incorrect',
    meaning:
      'No account has this identifier with this password. The answer is the same whichever of the two is wrong.',
  },
  invalid_reset_token: {
    status: 400,
    title: 'The reset link is not valid',
    meaning:
      'Its token is wrong or was used, has expired, or was replaced by a newer one. Ask for another with POST /password/forgot, or an administrator for a link.',
  },
  invalid_code: {
    status: 400,
    title: 'The code is not correct',
    meaning:
      'It is not the one that was sent for this challenge_id. A code may be tried five times; then ask for another.',
  },
  invalid_link: {
    status: 400,
    title: 'The link is not valid',
    meaning: 'Its token is damaged or unknown. Open the link of the latest message, or ask for another.',
  },
  code_replaced: {
    status: 400,
    title: 'A newer code or link has been sent',
    meaning: 'Use the one of the latest message: it has taken the place of those before.',
  },
  code_expired: {
    status: 400,
    title: 'The code or link has expired',
    meaning: 'Ask for another one.',
  },
  code_used: {
    status: 400,
    title: 'The code or link has been used',
    meaning: 'Each is good for one use. Ask for another one.',
  },
  too_many_tries: {
    status: 400,
    title: 'The code has been tried too often',
    meaning: 'A code may be tried five times. Ask for another one.',
  },
  email_not_verified: {
    status: 403,
    title: 'The email address is not verified',
    meaning:
      'The password is correct, but the operator requires a verified address. Use the code or the link that was mailed; POST /email/verify/resend sends another.',
  },
  insufficient_user_authentication: {
    status: 401,
    title: REFUSALS.insufficient_user_authentication.title,
    meaning:
      'This takes a recent authentication, and by two factors where the account has two: max_age and acr_values in the WWW-Authenticate header say so (RFC 9470). Call POST /me/reauthenticate, or sign in again, and repeat the request with the new access token.',
  },
  phone_taken: {
    status: 409,
    title: 'The phone number belongs to another account',
    meaning: 'Sign in to that account with POST /otp and remove the number there, or use another one.',
  },
  last_sign_in_method: {
    status: 409,
    title: 'This is the last way to sign in',
    meaning:
      'Add another way first: verify your email address (POST /email/verify/resend) or add one (POST /me/email), set a password by a reset (POST /password/forgot), or add a phone number, a provider or a passkey.',
  },
  provider_not_found: {
    status: 404,
    title: 'There is no such provider',
    meaning:
      'GET /login/providers lists those that are configured. ID tokens are taken of those that speak OpenID Connect.',
  },
  invalid_state: {
    status: 400,
    title: 'This sign-in did not begin in this browser',
    meaning:
      'It began in another browser, at another address of this service than PUBLIC_URL, or more than ten minutes ago, or it is completed. Begin again at GET /login/{provider}.',
  },
  access_denied: {
    status: 403,
    title: 'The sign-in was declined at the provider',
    meaning: 'The person did not consent, or went back. Let them try again, or choose another way.',
  },
  provider_unavailable: {
    status: 503,
    title: 'The provider cannot be reached',
    meaning:
      'It did not answer, or said that it cannot at present. Try again in a moment, or sign in another way.',
  },
  provider_error: {
    status: 502,
    title: 'The sign-in at the provider failed',
    meaning:
      'The provider refused it, or its answer did not pass a check. Begin again; if that does not help, the log of the service says why.',
  },
  invalid_id_token: {
    status: 400,
    title: 'The ID token is not valid',
    meaning:
      'Its signature, issuer, audience, nonce or age is wrong. Get a new one from the provider for a client id that is configured here, with the nonce that you send.',
  },
  id_token_used: {
    status: 400,
    title: 'The ID token has been used',
    meaning: 'Each ID token is good for one sign-in or one link. Get a new one from the provider.',
  },
  account_exists: {
    status: 409,
    title: 'The address has an account already',
    meaning:
      'The provider does not say that the address is verified, so it cannot open the account. Sign in as before, then link the provider with POST /me/identities/{provider}.',
  },
  account_disabled: {
    status: 403,
    title: 'The account is disabled',
    meaning: 'The operator of this service has disabled it, and alone can enable it again.',
  },
  email_required: {
    status: 403,
    title: 'The provider gave no email address',
    meaning:
      'An account here needs one. Share the address with this service at the provider, or sign up in another way; SOCIAL_WITHOUT_EMAIL=true allows accounts without an address.',
  },
  email_domain_not_allowed: {
    status: 403,
    title: 'Addresses of this domain may not sign up',
    meaning:
      'SOCIAL_DOMAINS lists the domains whose addresses may sign up, once the provider has verified them. Use such an address.',
  },
  identity_taken: {
    status: 409,
    title: 'The account at the provider belongs to another user',
    meaning: 'It signs in to another account here. Sign in to that account and unlink it there first.',
  },
  identity_not_found: {
    status: 404,
    title: 'There is no such identity',
    meaning: 'GET /me/identities lists the accounts at providers that are linked to yours.',
  },
  too_many_identities: {
    status: 409,
    title: 'You have reached the limit of identities',
    meaning: 'At most 20 accounts at providers can be linked. Remove one first.',
  },
  provider_token_missing: {
    status: 404,
    title: 'No token of the provider is kept',
    meaning:
      'With STORE_PROVIDER_TOKENS=true the next sign-in by this provider in a browser brings one. An ID token from an app brings none.',
  },
  provider_access_ended: {
    status: 409,
    title: 'The access at the provider has ended',
    meaning: 'The token has expired and cannot be renewed. The person has to sign in by the provider again.',
  },
  invalid_challenge: {
    status: 400,
    title: 'The challenge is not valid',
    meaning:
      'The challenge_token is damaged or belongs to something else. For a second factor it works on the device that gave the first factor, for a passkey in the browser that asked for the options with the same transport, and for a new passkey in the session that asked for it. Sign in again, or ask for new options.',
  },
  challenge_expired: {
    status: 400,
    title: 'The challenge has expired',
    meaning:
      'The challenge_token is good for five minutes. Ask for new options, or sign in again from the beginning.',
  },
  challenge_used: {
    status: 400,
    title: 'The challenge has been used',
    meaning: 'The challenge_token is good once. Ask for new options, or sign in again from the beginning.',
  },
  invalid_passkey: {
    status: 400,
    title: 'The passkey was not accepted',
    meaning:
      'What the authenticator made does not fit the challenge, the page (WEBAUTHN_ORIGINS), this service (WEBAUTHN_RP_ID), the account or the key. Ask for options again.',
  },
  passkey_unknown: {
    status: 404,
    title: 'The passkey is not known here',
    meaning:
      'It has been removed, or was never registered. Call PublicKeyCredential.signalUnknownCredential() with rp_id and credential_id, so that it is no longer offered, and sign in another way.',
  },
  passkey_copied: {
    status: 403,
    title: 'The passkey may have been copied',
    meaning:
      'Its counter went back, which happens where two authenticators hold it. Its owner is told by mail. Sign in another way, remove the passkey and register another one.',
  },
  passkey_taken: {
    status: 409,
    title: 'The passkey is registered already',
    meaning:
      'It belongs to this account or to another one. Use another authenticator, or remove it there first.',
  },
  passkey_not_found: {
    status: 404,
    title: 'You have no such passkey',
    meaning: 'GET /me/passkeys lists your passkeys.',
  },
  too_many_passkeys: {
    status: 409,
    title: 'You have reached the limit of passkeys',
    meaning: 'An account has at most 20 passkeys. Remove one first.',
  },
  channel_not_configured: {
    status: 501,
    title: 'This service sends no such messages',
    meaning:
      'The operator has configured no mail server (SMTP_URL), or no provider of SMS (TWILIO_ACCOUNT_SID or SMS_WEBHOOK_URL).',
  },
  credentials_conflict: {
    status: 400,
    title: 'The credentials belong to different accounts',
    meaning: 'The Authorization header names another account than the cookie. Send one of the two.',
  },
  cookie_not_settable: {
    status: 400,
    title: 'The browser would not keep the cookie',
    meaning:
      'The member detail says why: the request came over HTTP, from a page of another site, or to a host outside COOKIE_DOMAIN. Nothing was changed.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'This origin may not use the cookie',
    meaning:
      'With a cookie, a request other than GET or HEAD needs an Origin header with the origin of the service itself or one in CORS_ORIGINS. Browsers send it; other clients that use cookies have to.',
  },
  csrf_token_invalid: {
    status: 403,
    title: 'The CSRF token is missing or wrong',
    meaning:
      'With a cookie, a request other than GET or HEAD needs the header X-CSRF-Token. The sign-in answers with its value as csrf_token, and so does GET /csrf.',
  },
  cookie_required: {
    status: 403,
    title: 'This is for sessions that have a cookie',
    meaning: 'The request came with an access token or an API key. Sign in with "transport": "cookie".',
  },
  insufficient_scope: {
    status: 403,
    title: REFUSALS.insufficient_scope.title,
    meaning: 'The token is valid but lacks the permission named in the WWW-Authenticate header.',
  },
  user_required: {
    status: 403,
    title: 'This is for users',
    meaning: 'The token belongs to a machine client, which has no account of its own.',
  },
  second_factor_required: {
    status: 403,
    title: 'A second factor is required',
    meaning:
      'The first factor is right. Send challenge_token to POST /login/factor within five minutes, with one of methods and its code or credential.',
  },
  invalid_factor: {
    status: 403,
    title: 'The second factor is wrong',
    meaning:
      'It is wrong, has expired or was used before. A code of an authenticator app is good once: wait for the next one.',
  },
  factor_enrolment_required: {
    status: 403,
    title: 'A second factor has to be set up first',
    meaning:
      'The operator requires one of this account, which has none. Until then the session can do nothing else: POST /me/factors/totp sets up an authenticator app, and POST /passkeys/registration/options a passkey.',
  },
  factor_not_found: {
    status: 404,
    title: 'You have no such factor',
    meaning:
      'GET /me/factors lists yours. An app that is being set up waits ten minutes for its first code: start again with POST /me/factors/totp.',
  },
  factor_not_allowed: {
    status: 403,
    title: 'This second factor cannot be used here',
    meaning:
      'Use one of methods, or of what GET /me/factors lists. The operator decides by MFA_METHODS what may serve.',
  },
  device_not_found: {
    status: 404,
    title: 'You have no such remembered device',
    meaning: 'GET /sessions lists the devices that are not asked for a second factor.',
  },
  too_many_factors: {
    status: 409,
    title: 'You have reached the limit of authenticator apps',
    meaning: 'An account has at most three. Remove one first.',
  },
  last_factor: {
    status: 409,
    title: 'This is the last second factor',
    meaning: 'The operator requires one of this account. Add another one first.',
  },
  password_change_required: {
    status: 403,
    title: 'A new password is required',
    meaning:
      'The password is correct, but the operator requires a new one. Log in again and include new_password.',
  },
  session_required: {
    status: 403,
    title: 'This needs a login',
    meaning:
      'An API key belongs to no session, so it cannot log out, and it cannot make or see API keys. Log in and send the access token.',
  },
  wrong_password: {
    status: 403,
    title: 'The current password is incorrect',
    meaning: 'This change requires the current password.',
  },
  signup_disabled: {
    status: 403,
    title: 'Sign-up is closed',
    meaning: 'The operator of this service creates the accounts.',
  },
  last_admin: {
    status: 409,
    title: 'This is the last administrator',
    meaning: 'At least one user must remain who may give the role admin. Give it to another user first.',
  },
  scope_too_large: {
    status: 409,
    title: 'Too many permissions for one token',
    meaning: 'All permissions of a user together may have 4096 bytes, separated by spaces.',
  },
  too_many_secrets: {
    status: 409,
    title: 'The client has two secrets already',
    meaning: 'Two may live side by side while one replaces the other. Remove one first.',
  },
  unknown_role: {
    status: 409,
    title: 'There is no such role',
    meaning: 'At least one role in the request does not exist. GET /admin/roles lists all roles.',
  },
  too_many_api_keys: {
    status: 409,
    title: 'You have reached the API key limit',
    meaning: 'A user has at most 50 keys that are neither deleted nor expired. Delete one first.',
  },
  role_not_found: {
    status: 404,
    title: 'There is no role of this name',
    meaning: 'GET /admin/roles lists all roles.',
  },
  role_taken: {
    status: 409,
    title: 'A role with this name already exists',
    meaning: 'Change it with PATCH /admin/roles/{name}, or choose another name.',
  },
  role_in_use: {
    status: 409,
    title: 'The role is in use',
    meaning: 'Repeat the request with ?force=true to take it away from every user who has it.',
  },
  role_protected: {
    status: 409,
    title: 'The service needs this role as it is',
    meaning:
      'The roles user and admin cannot be deleted, and admin keeps all of the permissions that the service itself asks for.',
  },
  unknown_permission: {
    status: 409,
    title: 'There is no such permission',
    meaning: 'GET /admin/permissions lists all permissions. Create it first.',
  },
  permission_not_found: {
    status: 404,
    title: 'There is no permission of this name',
    meaning: 'GET /admin/permissions lists all permissions.',
  },
  permission_taken: {
    status: 409,
    title: 'A permission with this name already exists',
    meaning: 'It is there already: give it to a role.',
  },
  permission_in_use: {
    status: 409,
    title: 'The permission is in use',
    meaning:
      'Repeat the request with ?force=true to take it away from every role and machine client that has it.',
  },
  permission_protected: {
    status: 409,
    title: 'The service needs this permission',
    meaning: 'It guards a route of the service and cannot be deleted.',
  },
  email_taken: {
    status: 409,
    title: 'The email address has an account already',
    meaning: 'Addresses are compared without regard to case. Log in, or use another address.',
  },
  username_taken: {
    status: 409,
    title: 'The username is taken',
    meaning: 'Usernames are compared without regard to case. Choose another one.',
  },
  user_not_found: {
    status: 404,
    title: 'There is no such user',
    meaning: 'GET /admin/users lists all users.',
  },
  user_disabled: {
    status: 409,
    title: 'The account is disabled',
    meaning: 'Enable it first: POST /admin/users/{id}/enable.',
  },
  client_not_found: {
    status: 404,
    title: 'There is no such client',
    meaning: 'GET /admin/clients lists all machine clients.',
  },
  secret_not_found: {
    status: 404,
    title: 'The client has no such secret',
    meaning: 'GET /admin/clients/{client_id} lists the ids of its secrets.',
  },
  session_not_found: {
    status: 404,
    title: 'You have no such session',
    meaning: 'GET /sessions lists the sessions that can be ended.',
  },
  api_key_not_found: {
    status: 404,
    title: 'You have no such API key',
    meaning: 'GET /api-keys lists all of your keys. This one was deleted, has expired or never was yours.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this path',
    meaning: 'GET /openapi.json lists every path of this service.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path does not take this method',
    meaning: 'The header Allow lists the methods it takes.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning:
      'The member policy names the limit that is exceeded, the fields RateLimit-Policy and RateLimit its size. Repeat the request after the seconds in Retry-After.',
  },
  overloaded: {
    status: 503,
    title: 'Too many passwords wait to be checked',
    meaning:
      'Nothing is wrong with the request and nothing was changed. Repeat it after the seconds in Retry-After.',
  },
  session_store_unavailable: {
    status: 503,
    title: 'The store of sessions is not available',
    meaning:
      'Redis did not answer or is full. Repeat the request after the seconds in Retry-After; access tokens work meanwhile.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database does not answer',
    meaning: 'Nothing is wrong with the request. Repeat it after the seconds in Retry-After.',
  },
  database_behind: {
    status: 503,
    title: 'The database is behind',
    meaning:
      'The database does not know yet of the latest refresh of this session, or of a change of its rights. Keep the token or the cookie, and repeat the request after the seconds in Retry-After.',
  },
  revocations_stale: {
    status: 503,
    title: REFUSALS.revocations_stale.title,
    meaning: 'The service cannot know whether this token has been revoked. Repeat the request in a moment.',
  },
  not_ready: {
    status: 503,
    title: 'The service is not ready',
    meaning:
      'It is shutting down, its schema is behind, its database takes no writes, the clocks differ, or revocations are stale. Send traffic to another replica.',
  },
  internal_error: {
    status: 500,
    title: 'Something failed inside the service',
    meaning: 'The operator finds the cause in the log under the request id that instance names.',
  },
} as const satisfies Record<
  string,
  { readonly status: number; readonly title: string; readonly meaning: string }
>;

export type ErrorCode = keyof typeof ERRORS;

const TOKEN_ERRORS = ['token_invalid', 'token_expired', 'token_revoked'] as const;

/** Whether the error is in the token or key that was sent, not in the service. */
export function isTokenError(code: ErrorCode): code is (typeof TOKEN_ERRORS)[number] {
  return (TOKEN_ERRORS as readonly ErrorCode[]).includes(code);
}

/** What can be wrong with one field: the codes in `errors[]` of a problem, public API like those above. */
export const FIELD_ERRORS = {
  required: 'The field is missing.',
  wrong_type: 'The field has the wrong JSON type.',
  unknown_field: 'Unknown field.',
  invalid: 'The value is not allowed.',
  malformed_text: 'The text holds half of a character (a lone surrogate).',
  too_long: 'The text is longer than it may be.',
  empty: 'At least one field is needed.',
  one_identifier: 'Exactly one of identifier, email and username is needed.',
  invalid_time: 'Must be an ISO 8601 time. An expiry must be in the future, and a time of creation must not.',
  invalid_scope:
    'A scope is a list of permissions of at most 128 characters, separated by single spaces, together at most 4096.',
  invalid_email: 'This is not an email address.',
  invalid_username: 'A username has 3 to 32 letters (a-z), digits or the signs _ . -',
  invalid_phone: 'This is not a phone number with its country, such as +4915112345678.',
  country_not_allowed: 'The operator sends no SMS to this country.',
  invalid_code_format: 'A code is a string of six digits.',
  return_to_not_allowed: 'The operator has not listed this page in RETURN_URLS.',
  one_address: 'Exactly one of email and phone is required.',
  one_proof: 'Exactly one proof is required; the detail names them.',
  not_accepted_here: 'This service does not take the field here; the detail says where it does.',
  invalid_language: 'This is not a language tag (BCP 47), such as en or pt-BR.',
  invalid_name: 'A name must not contain control characters or be too long.',
  invalid_description: 'A description has at most 200 characters, none of them control characters.',
  invalid_role: 'The name of a role has 1 to 64 letters (a-z), digits or the signs _ . -',
  invalid_permission:
    'A permission is resource:action, each 1 to 63 letters (a-z), digits or the signs _ . -',
  password_too_short: 'The password has fewer characters than the operator requires.',
  password_too_long: 'The password has more than 256 characters.',
  password_common: 'The password is among the first that attackers try.',
  password_unchanged: 'Choose a password that differs from the current one.',
  password_not_demanded: 'No new password is required here: POST /me/password changes it.',
  password_personal: 'The password is your email address, username or name, or the name of the service.',
} as const satisfies Record<string, string>;

export type FieldErrorCode = keyof typeof FIELD_ERRORS;

/** One unacceptable field: where it is (RFC 6901 pointer), a stable code, and an explanation. */
export interface FieldError {
  readonly pointer: string;
  readonly code: FieldErrorCode;
  readonly detail: string;
}

interface AppErrorOptions {
  /** For the operator: logged, never sent. */
  readonly cause?: unknown;
  readonly fields?: readonly FieldError[];
  /** The quota that the refusal is about, or that it leaves. */
  readonly quota?: Quota | undefined;
  /** Logged for the operator although it is not an error of the service; `message` is the text of the line. */
  readonly event?: Readonly<Record<string, string>>;
  /** Response headers that belong to the refusal, such as Allow or WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a program needs to go on from the refusal: members of the problem document (RFC 9457 section 3.2). */
  readonly members?: ErrorMembers;
}

/** The members that problem documents of single codes have. */
export interface ErrorMembers {
  readonly rp_id?: string;
  readonly credential_id?: string;
  readonly challenge_token?: string;
  readonly methods?: readonly FactorMethod[];
  readonly expires_in?: number;
  readonly max_age?: number;
  readonly acr_values?: '2';
}

/** A refusal in domain terms. `detail` goes to the caller; `cause` stays with the operator. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields: readonly FieldError[] | undefined;
  readonly quota: Quota | undefined;
  readonly event: Readonly<Record<string, string>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: ErrorMembers;

  constructor(code: ErrorCode, detail: string = ERRORS[code].meaning, options: AppErrorOptions = {}) {
    // Without a stack, which in a flood would cost more than the answer: a refusal is not a bug, and where there
    // is one, its cause has a stack of its own.
    const frames = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}: ${detail}`, { cause: options.cause });
    Error.stackTraceLimit = frames;
    this.name = 'AppError';
    this.code = code;
    this.detail = detail;
    this.fields = options.fields;
    this.quota = options.quota;
    this.event = options.event;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

/** Runs a check of the verifier, without a stack. A refusal becomes an AppError with the same code and words. */
export function asAppError<Result>(check: () => Result): Result {
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return check();
  } catch (error) {
    if (!(error instanceof VerificationError && error.code in ERRORS)) throw error;
    throw new AppError(error.code as ErrorCode, error.message, { cause: error.cause });
  } finally {
    Error.stackTraceLimit = frames;
  }
}

/** A refusal of exactly one field. */
export function fieldError(pointer: string, code: FieldErrorCode, detail: string): AppError {
  return new AppError('validation_failed', detail, { fields: [{ pointer, code, detail }] });
}

/** A refusal because a quota is used up. `why` says more of it to a person. */
export function rateLimited(quota: Quota, why = `Rate limit ${quota.policy} exceeded.`): AppError {
  const { resetSeconds } = quota;
  const time = resetSeconds === 1 ? '1 second' : `${resetSeconds} seconds`;
  const detail = `${why} Try again in ${time}.`;
  const headers = { 'Retry-After': String(resetSeconds) };
  return new AppError('rate_limited', detail, { quota, headers });
}

/** A refusal because too many passwords wait to be hashed. */
export function overloaded(retryAfterSeconds: number): AppError {
  return new AppError('overloaded', undefined, { headers: { 'Retry-After': String(retryAfterSeconds) } });
}
