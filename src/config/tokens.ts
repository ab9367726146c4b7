import { MAX_ACCESS_TOKEN_TTL_SECONDS } from '@latchkey/verifier/core';
import { cookieDomain, integer, oneOf, pemBlocks, privateKeyPem, secrets, text } from './values.ts';
import { variable } from './variable.ts';

/** Access tokens, refresh tokens and sessions. */
export const TOKENS_VARIABLES = {
  JWT_SECRET: variable({
    type: text('at least 32 random bytes'),
    meaning:
      'Signs access tokens under HS256, where it is required in production with at least 32 bytes, else made and kept in DATA_DIR',
    secret: true,
  }),
  JWT_PREVIOUS_SECRETS: variable({
    type: secrets,
    default: '',
    meaning: 'Secrets that still verify after a rotation, separated by commas or line breaks',
    secret: true,
  }),
  APP_SECRET: variable({
    type: text('at least 32 random bytes'),
    meaning:
      'Makes refresh and device tokens, and is shared with no other service; without it JWT_SECRET makes them, and where that is not set either it is made and kept in DATA_DIR',
    secret: true,
  }),
  APP_PREVIOUS_SECRETS: variable({
    type: secrets,
    default: '',
    meaning:
      'Secrets whose refresh and device tokens are still taken after a rotation, separated by commas or line breaks; JWT_SECRET among them when APP_SECRET takes its place',
    secret: true,
  }),
  JWT_ALG: variable({
    type: oneOf('HS256', 'RS256', 'ES256'),
    default: 'HS256',
    meaning: 'How access tokens are signed; RS256 and ES256 let others verify without a secret',
  }),
  JWT_PRIVATE_KEY: variable({
    type: privateKeyPem,
    meaning:
      'PEM of the key that signs under RS256 or ES256, its line breaks also as \\n or the whole in base64; required there in production, else made and kept in DATA_DIR',
    secret: true,
  }),
  JWT_PREVIOUS_PUBLIC_KEYS: variable({
    type: pemBlocks,
    default: '',
    meaning:
      'PEM of public keys that still verify after a rotation, one after another, line breaks also as \\n',
    secret: true,
  }),
  JWT_ISSUER: variable({
    type: text('text'),
    shown: 'http://localhost:3000',
    meaning: 'The iss claim of access tokens; PUBLIC_URL by default',
  }),
  JWT_AUDIENCE: variable({
    type: text('text'),
    default: 'latchkey',
    meaning: 'The aud claim of access tokens',
  }),
  ACCESS_TOKEN_TTL_SECONDS: variable({
    type: integer(1, MAX_ACCESS_TOKEN_TTL_SECONDS, 'seconds'),
    default: '900',
    meaning: 'How long an access token is valid, in seconds',
  }),
  SESSION_IDLE_SECONDS: variable({
    type: integer(1, 31_536_000, 'seconds'),
    default: '2592000',
    meaning: 'Seconds without a refresh after which a session ends (30 days)',
  }),
  SESSION_ABSOLUTE_SECONDS: variable({
    type: integer(1, 315_360_000, 'seconds'),
    default: '7776000',
    meaning: 'Seconds after the login at which a session ends (90 days)',
  }),
  REFRESH_REUSE_GRACE_SECONDS: variable({
    type: integer(0, 300, 'seconds'),
    default: '10',
    meaning: 'How long a refresh token that was used up still gets the latest one, in seconds',
  }),
  REFRESH_RETRY_SECONDS: variable({
    type: integer(0, 86_400, 'seconds'),
    default: '300',
    meaning:
      'How long it still does while the latest one is not known to have arrived, in seconds; 0 switches that off',
  }),
  REVOCATION_MAX_LAG_SECONDS: variable({
    type: integer(2, 3600, 'seconds'),
    default: '10',
    meaning: 'How long verification goes on when revocations cannot be read, in seconds',
  }),
  REVOCATION_WHEN_STALE: variable({
    type: oneOf('refuse', 'accept'),
    default: 'refuse',
    meaning: 'After that: refuse answers 503, accept goes on without knowing of new revocations',
  }),
  COOKIE_SECRET: variable({
    type: text('at least 32 random bytes'),
    meaning:
      'Signs the cookies of sessions; to be shared with services that read those sessions from Redis. Without it one is derived from APP_SECRET',
    secret: true,
  }),
  COOKIE_PREVIOUS_SECRETS: variable({
    type: secrets,
    default: '',
    meaning: 'Secrets whose cookies are still taken after a rotation, separated by commas or line breaks',
    secret: true,
  }),
  COOKIE_DOMAIN: variable({
    type: cookieDomain,
    meaning:
      'Domain whose subdomains all get the cookie, such as example.com; without it only this very host does',
  }),
  COOKIE_SAMESITE: variable({
    type: oneOf('lax', 'strict', 'none'),
    default: 'lax',
    meaning: 'none lets pages of other sites in CORS_ORIGINS use the cookie, where the browser allows that',
  }),
};
