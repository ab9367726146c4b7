import { MAX_ACCESS_TOKEN_TTL_SECONDS } from '@latchkey/verifier/core';
import { z } from 'zod';
import { integer, pemBlocks, secrets, text } from './values.ts';
import type { Variable } from './variable.ts';

/** Access tokens, refresh tokens and sessions. */
export const TOKENS_VARIABLES = {
  JWT_SECRET: {
    schema: text.optional(),
    wants: 'at least 32 random bytes',
    default: '',
    meaning:
      'Signs access tokens (HS256) and makes refresh tokens; at least 32 bytes and required in production, else made and kept in DATA_DIR',
    secret: true,
  },
  JWT_PREVIOUS_SECRETS: {
    schema: secrets.default([]),
    wants: 'secrets separated by commas or line breaks',
    default: '',
    meaning: 'Secrets that still verify after a rotation, separated by commas or line breaks',
    secret: true,
  },
  JWT_ALG: {
    schema: z.enum(['HS256', 'RS256', 'ES256']).default('HS256'),
    wants: 'HS256, RS256 or ES256',
    default: 'HS256',
    meaning: 'How access tokens are signed; RS256 and ES256 let others verify without a secret',
  },
  JWT_PRIVATE_KEY: {
    schema: text.optional(),
    wants: 'a private key in PEM',
    default: '',
    meaning: 'PEM of the key that signs under RS256 or ES256; usually read from JWT_PRIVATE_KEY_FILE',
    secret: true,
  },
  JWT_PREVIOUS_PUBLIC_KEYS: {
    schema: pemBlocks.default([]),
    wants: 'public keys in PEM, one after another',
    default: '',
    meaning: 'PEM of public keys that still verify after a rotation, one after another',
    secret: true,
  },
  JWT_ISSUER: {
    schema: text.optional(),
    wants: 'text',
    default: 'http://localhost:3000',
    meaning: 'The iss claim of access tokens; PUBLIC_URL by default',
  },
  JWT_AUDIENCE: {
    schema: text.default('latchkey'),
    wants: 'text',
    default: 'latchkey',
    meaning: 'The aud claim of access tokens',
  },
  ACCESS_TOKEN_TTL_SECONDS: {
    schema: integer(1, MAX_ACCESS_TOKEN_TTL_SECONDS).default(900),
    wants: 'seconds from 1 to 86400',
    default: '900',
    meaning: 'How long an access token is valid, in seconds',
  },
  SESSION_IDLE_SECONDS: {
    schema: integer(1, 31_536_000).default(2_592_000),
    wants: 'seconds from 1 to 31536000',
    default: '2592000',
    meaning: 'A session ends when it was not refreshed for so long, in seconds (30 days)',
  },
  SESSION_ABSOLUTE_SECONDS: {
    schema: integer(1, 315_360_000).default(7_776_000),
    wants: 'seconds from 1 to 315360000',
    default: '7776000',
    meaning: 'A session ends so long after the login, in seconds (90 days)',
  },
  REFRESH_REUSE_GRACE_SECONDS: {
    schema: integer(0, 300).default(10),
    wants: 'seconds from 0 to 300',
    default: '10',
    meaning: 'How long the previous refresh token still gets the present one, in seconds',
  },
  REFRESH_RETRY_SECONDS: {
    schema: integer(0, 86_400).default(300),
    wants: 'seconds from 0 to 86400',
    default: '300',
    meaning:
      'How long it still does while the present one is not known to have arrived, in seconds; 0 switches that off',
  },
  REVOCATION_MAX_LAG_SECONDS: {
    schema: integer(2, 3600).default(10),
    wants: 'seconds from 2 to 3600',
    default: '10',
    meaning: 'How long verification goes on when revocations cannot be read, in seconds',
  },
  REVOCATION_WHEN_STALE: {
    schema: z.enum(['refuse', 'accept']).default('refuse'),
    wants: 'refuse or accept',
    default: 'refuse',
    meaning: 'What happens after that: refuse answers 503, accept goes on without knowing of new revocations',
  },
} as const satisfies Record<string, Variable>;
