import type { Environment } from '../../config/environment.cjs';
import { VARIABLES, type VariableName } from './variables.ts';

/** What other products call it. */
const ELSEWHERE: Readonly<Record<string, VariableName>> = {
  JWT_EXPIRES_IN: 'ACCESS_TOKEN_TTL_SECONDS',
  JWT_EXPIRATION: 'ACCESS_TOKEN_TTL_SECONDS',
  JWT_EXPIRY: 'ACCESS_TOKEN_TTL_SECONDS',
  JWT_TTL: 'ACCESS_TOKEN_TTL_SECONDS',
  ACCESS_TOKEN_EXPIRES_IN: 'ACCESS_TOKEN_TTL_SECONDS',
  REFRESH_TOKEN_TTL: 'SESSION_IDLE_SECONDS',
  REFRESH_TOKEN_EXPIRES_IN: 'SESSION_IDLE_SECONDS',
  JWT_REFRESH_EXPIRES_IN: 'SESSION_IDLE_SECONDS',
  JWT_REFRESH_SECRET: 'APP_SECRET',
  REFRESH_TOKEN_SECRET: 'APP_SECRET',
  ACCESS_TOKEN_SECRET: 'JWT_SECRET',
  TOKEN_SECRET: 'JWT_SECRET',
  JWT_ALGORITHM: 'JWT_ALG',
  JWT_KEY: 'JWT_PRIVATE_KEY',
  JWT_PUBLIC_KEY: 'JWT_PREVIOUS_PUBLIC_KEYS',
  JWT_ISS: 'JWT_ISSUER',
  JWT_AUD: 'JWT_AUDIENCE',
  BCRYPT_ROUNDS: 'BCRYPT_COST',
  BCRYPT_SALT_ROUNDS: 'BCRYPT_COST',
  SALT_ROUNDS: 'BCRYPT_COST',
  CORS_ALLOWED_ORIGINS: 'CORS_ORIGINS',
  CORS_ALLOW_ORIGIN: 'CORS_ORIGINS',
  ALLOWED_ORIGINS: 'CORS_ORIGINS',
  DB_URL: 'DATABASE_URL',
  DB_URI: 'DATABASE_URL',
  DATABASE_URI: 'DATABASE_URL',
  DB_POOL_MAX: 'DATABASE_POOL_MAX',
  REDIS_URI: 'REDIS_URL',
  PEPPER: 'PASSWORD_PEPPER',
  LOGLEVEL: 'LOG_LEVEL',
  TRUST_PROXIES: 'TRUST_PROXY',
  TRUSTED_PROXIES: 'TRUST_PROXY',
  DISABLE_SIGNUP: 'SIGNUP_DISABLED',
};

/** Prefixes that no other program uses. */
const OURS = /^(JWT|CORS|BCRYPT|RATE_LIMIT|ACCESS_TOKEN|REFRESH_TOKEN|REVOCATION)_/;
/** What Kubernetes and Docker set about a service called `database` or `metrics`. */
const OF_A_SERVICE = /_(SERVICE_(HOST|PORT)|PORT_\d+)(_|$)/;
/** And the URL of such a service, where a port of ours is a number. */
const PORT_OF_A_SERVICE = /_PORT$/;
const NUMBER = /^\d+$/;
/** In short names a letter makes another word: PORT and POST. */
const MIN_LENGTH_FOR_ONE = 6;
const MIN_LENGTH_FOR_TWO = 9;

/** A warning for each variable that looks like one of ours and is none, with the name that was meant. */
export function misspelledVariables(env: Environment): string[] {
  const known = new Set(Object.keys(VARIABLES));
  for (const [name, row] of Object.entries(VARIABLES)) if ('secret' in row) known.add(`${name}_FILE`);
  return Object.entries(env)
    .filter(([name, value = '']) => !known.has(name) && value !== '' && !isOfService(name, value))
    .map(([name]) => name)
    .sort()
    .flatMap((name) => warningOf(name, known));
}

function isOfService(name: string, value: string): boolean {
  return OF_A_SERVICE.test(name) || (PORT_OF_A_SERVICE.test(name) && !NUMBER.test(value));
}

function warningOf(name: string, known: ReadonlySet<string>): string[] {
  const upper = name.toUpperCase();
  const ofFile = upper.replace(/_FILE$/, '');
  if (ofFile !== upper && known.has(ofFile) && OURS.test(upper)) {
    return [`${name} is not read: only secrets are read from files. Set ${ofFile} itself`];
  }
  const meant = Object.hasOwn(ELSEWHERE, upper) ? ELSEWHERE[upper] : nearest(upper, known);
  if (meant !== undefined)
    return [`${name} is not a variable of Latchkey and has no effect: ${meant} is meant?`];
  return OURS.test(name) ? [`${name} is not a variable of Latchkey and has no effect`] : [];
}

/** The one that differs in a letter or two, or in a last word such as _SECONDS. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  const allowed = name.length >= MIN_LENGTH_FOR_TWO ? 2 : name.length >= MIN_LENGTH_FOR_ONE ? 1 : 0;
  const found = [...known]
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate, allowed) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
  if (found !== undefined && (allowed > 0 || found !== name)) return found;
  if (!OURS.test(name) && !/^(SESSION|LOGIN|PASSWORD|HASH|DATABASE|METRICS|SHUTDOWN)_[A-Z]+/.test(name))
    return undefined;
  return [...known].find((candidate) => candidate.startsWith(`${name}_`) || name.startsWith(`${candidate}_`));
}

/** Levenshtein's distance, or more than `most`. */
function distanceOf(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
