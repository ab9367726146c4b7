import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { AppError } from '../core/errors.ts';
import { issuerNamed, type OpenIdSettings } from './definition.ts';
import type { KeySet } from './keys.ts';

interface IdTokenRules {
  readonly settings: OpenIdSettings;
  /** One of them has to be the audience, and one the authorized party. */
  readonly clientIds: readonly string[];
  readonly keys: KeySet;
  readonly at: Date;
}

/** Algorithms with public keys only: with HS256, anyone who has the client secret could sign for the provider. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** How far two clocks may be apart. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** How old an ID token from an app may be, which gets one in order to sign in at once. */
const MAX_AGE_SECONDS = 600;
const TENANT = '{tenantid}';
const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Checks an ID token, from whichever way it came: its signature, issuer, audience, authorized party and times (OpenID Connect
 * Core section 3.1.3.7). Its issuer is then the one that is configured, with the tenant filled in. The nonce is the caller's to compare.
 * @throws Error, of jose or of its own, where a check fails; AppError provider_unavailable, provider_error where the keys
 * cannot be read
 */
export async function checkIdToken(
  idToken: string,
  { settings, clientIds, keys, at }: IdTokenRules,
): Promise<JWTPayload> {
  const { decodeJwt, jwtVerify } = await import('jose');
  const issuer = issuerFor(settings, decodeJwt(idToken).tid);
  const { payload, protectedHeader } = await jwtVerify(idToken, keys.find, {
    issuer: [issuer, ...(settings.issuerAlias === undefined ? [] : [settings.issuerAlias])],
    audience: [...clientIds],
    algorithms: ALGORITHMS,
    requiredClaims: ['sub', 'iat', 'exp'],
    currentDate: at,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  });
  if ((payload.iat ?? 0) * 1000 > at.getTime() + CLOCK_TOLERANCE_SECONDS * 1000) {
    throw new Error('the ID token was issued in the future');
  }
  if (typeof payload.sub !== 'string') throw new Error('the subject of the ID token is no text');
  // A token for several audiences is for its authorized party.
  const { azp, aud } = payload;
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : !clientIds.includes(String(azp))) {
    throw new Error('the authorized party of the ID token is another client');
  }
  requireKeyOf(keys.issuerOf(protectedHeader.kid), issuer, payload.tid);
  return { ...payload, iss: issuer };
}

/** The issuer of a tenant. Which tenant that is stands in the token, whose signature is checked against it then. */
function issuerFor(settings: OpenIdSettings, tenant: unknown): string {
  const template = issuerNamed(settings);
  if (!template.includes(TENANT)) return template;
  if (typeof tenant !== 'string' || !TENANT_ID.test(tenant)) throw new Error('the ID token names no tenant');
  if (tenant === settings.refusedTenant) throw new Error('the tenant of the ID token may not sign in');
  return template.replace(TENANT, tenant);
}

/** Microsoft says of a key which issuer signs with it, where that is any tenant also in the keys of one tenant. */
function requireKeyOf(issuerOfKey: unknown, issuer: string, tenant: unknown): void {
  if (issuerOfKey === undefined) return;
  if (String(issuerOfKey).replace(TENANT, () => String(tenant)) === issuer) return;
  throw new Error('the ID token is signed with a key of another issuer');
}

/** Requires that an ID token has just been issued. @throws AppError invalid_id_token */
export function requireFresh({ iat = 0 }: JWTPayload, at: Date): void {
  if (at.getTime() <= (iat + MAX_AGE_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1000) return;
  throw new AppError(
    'invalid_id_token',
    `The ID token is older than ${MAX_AGE_SECONDS} seconds: get another one.`,
  );
}

/**
 * Requires the nonce that the app has chosen, as it is or as its SHA-256 in hexadecimal. With the hash, the ID token does
 * not give the nonce away.
 * @throws AppError invalid_id_token
 */
export function requireNonce({ nonce: given }: JWTPayload, nonce: string): void {
  const hashed = createHash('sha256').update(nonce).digest('hex');
  if (given === nonce || given === hashed) return;
  throw new AppError('invalid_id_token', 'The nonce is not that of the ID token.');
}
