import { availableParallelism } from 'node:os';
import { flag, integer, text, tokenUrl } from './values.ts';
import { variable } from './variable.ts';

/** bcrypt takes 2^cost rounds; about this long each. */
const ROUND_MILLISECONDS = 0.05;

/** How long one hash takes, as far as is known before one was measured. */
export function expectedHashMilliseconds(cost: number): number {
  return 2 ** cost * ROUND_MILLISECONDS;
}

/** Passwords, how they are hashed, and who may sign up. */
export const PASSWORDS_VARIABLES = {
  PASSWORD_MIN_LENGTH: variable({
    type: integer(8, 256),
    default: '8',
    meaning: 'Shortest password, in characters; NIST SP 800-63B-4 recommends 15',
  }),
  BCRYPT_COST: variable({
    type: integer(4, 20),
    default: '12',
    meaning: 'bcrypt cost factor, each step doubles the work; at least 10 in production',
  }),
  PASSWORD_PEPPER: variable({
    type: text('at least 32 random bytes'),
    meaning: 'Secret mixed into every password hash; losing it makes the passwords useless',
    secret: true,
  }),
  HASH_WORKERS: variable({
    type: integer(1, 256),
    default: String(availableParallelism()),
    shown: '',
    meaning:
      'Threads that hash passwords, of all processes together, at least one each; the number of cores by default',
  }),
  HASH_MAX_WAIT_MS: variable({
    type: integer(100, 60_000, 'milliseconds'),
    default: '2000',
    meaning: 'A login or sign-up whose password is not hashed by then, waiting included, is refused with 503',
  }),
  HASH_NICENESS: variable({
    type: integer(0, 19),
    default: '5',
    meaning:
      'Niceness of these threads, above that of the process (Linux): 0 shares the cores evenly, 19 gives way to everything else on the host',
  }),
  PASSWORD_RESET_URL: variable({
    type: tokenUrl,
    meaning:
      'The page of the frontend where people choose another password, with {token} where the token goes, such as https://app.example.com/reset-password#token={token}',
  }),
  SIGNUP_DISABLED: variable({
    type: flag,
    default: 'false',
    meaning: 'Refuse POST /signup',
  }),
};
