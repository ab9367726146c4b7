import type { ErrorCode } from '../../core/errors.ts';

/** The error codes by what they are about, for the page. A test finds each code in one of them. */
export const ERROR_TOPICS: readonly {
  /** The anchor of the topic, which no code has. */
  readonly id: string;
  readonly title: string;
  readonly codes: readonly ErrorCode[];
}[] = [
  {
    id: 'requests',
    title: 'The request',
    codes: [
      'invalid_request',
      'invalid_json',
      'validation_failed',
      'payload_too_large',
      'unsupported_media_type',
      'not_found',
      'method_not_allowed',
    ],
  },
  {
    id: 'login',
    title: 'Signing up and logging in',
    codes: [
      'invalid_credentials',
      'wrong_password',
      'password_change_required',
      'signup_disabled',
      'email_taken',
      'username_taken',
      'invalid_reset_token',
      'user_disabled',
    ],
  },
  {
    id: 'codes',
    title: 'Codes and links',
    codes: [
      'invalid_code',
      'invalid_link',
      'code_expired',
      'code_replaced',
      'code_used',
      'too_many_tries',
      'email_not_verified',
      'phone_taken',
      'last_sign_in_method',
      'insufficient_user_authentication',
      'channel_not_configured',
    ],
  },
  {
    id: 'social',
    title: 'Sign-in by providers',
    codes: [
      'provider_not_found',
      'invalid_state',
      'access_denied',
      'provider_unavailable',
      'provider_error',
      'invalid_id_token',
      'id_token_used',
      'account_exists',
      'account_disabled',
      'email_required',
      'email_domain_not_allowed',
      'identity_taken',
      'identity_not_found',
      'too_many_identities',
      'provider_token_missing',
      'provider_access_ended',
    ],
  },
  {
    id: 'tokens',
    title: 'Tokens and sessions',
    codes: [
      'token_missing',
      'token_invalid',
      'token_expired',
      'token_revoked',
      'invalid_refresh_token',
      'refresh_token_reused',
      'session_not_found',
    ],
  },
  {
    id: 'cookies',
    title: 'Cookies',
    codes: [
      'session_ended',
      'origin_not_allowed',
      'csrf_token_invalid',
      'cookie_not_settable',
      'cookie_required',
      'credentials_conflict',
      'session_store_unavailable',
    ],
  },
  {
    id: 'rights',
    title: 'What a caller may do',
    codes: ['insufficient_scope', 'user_required', 'session_required'],
  },
  {
    id: 'load',
    title: 'Limits and load',
    codes: ['rate_limited', 'overloaded'],
  },
  {
    id: 'service',
    title: 'The state of the service',
    codes: ['database_unavailable', 'database_behind', 'revocations_stale', 'not_ready', 'internal_error'],
  },
  {
    id: 'api-keys',
    title: 'API keys',
    codes: ['api_key_not_found', 'too_many_api_keys'],
  },
  {
    id: 'administration',
    title: 'Administration of users, roles and permissions',
    codes: [
      'user_not_found',
      'last_admin',
      'role_not_found',
      'unknown_role',
      'role_taken',
      'role_in_use',
      'role_protected',
      'permission_not_found',
      'unknown_permission',
      'permission_taken',
      'permission_in_use',
      'permission_protected',
      'scope_too_large',
    ],
  },
  {
    id: 'clients',
    title: 'Machine clients and the feed of revocations',
    codes: ['client_not_found', 'secret_not_found', 'too_many_secrets', 'cursor_too_old'],
  },
];
