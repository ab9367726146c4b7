import { availableParallelism } from 'node:os';
import { flag, integer, text } from './values.ts';
import type { Variable } from './variable.ts';

/** Passwords, how they are hashed, and who may sign up. */
export const PASSWORDS_VARIABLES = {
  PASSWORD_MIN_LENGTH: {
    schema: integer(8, 256).default(8),
    wants: 'a whole number from 8 to 256',
    default: '8',
    meaning: 'Shortest password, in characters; NIST SP 800-63B-4 recommends 15',
  },
  BCRYPT_COST: {
    schema: integer(4, 20).default(12),
    wants: 'a whole number from 4 to 20',
    default: '12',
    meaning: 'bcrypt cost factor, each step doubles the work; at least 10 in production',
  },
  PASSWORD_PEPPER: {
    schema: text.optional(),
    wants: 'at least 32 random bytes',
    default: '',
    meaning: 'Secret mixed into every password hash; losing it makes the passwords useless',
    secret: true,
  },
  HASH_WORKERS: {
    schema: integer(1, 256).default(availableParallelism()),
    wants: 'a whole number from 1 to 256',
    default: '',
    meaning:
      'Threads that hash passwords, of all processes together, at least one each; the number of cores by default',
  },
  HASH_MAX_WAIT_MS: {
    schema: integer(100, 60_000).default(2000),
    wants: 'milliseconds from 100 to 60000',
    default: '2000',
    meaning: 'A login or sign-up that would wait longer for a thread is refused with 503',
  },
  SIGNUP_DISABLED: {
    schema: flag.default(false),
    wants: 'true or false',
    default: 'false',
    meaning: 'Refuse POST /signup',
  },
} as const satisfies Record<string, Variable>;
