import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../core/clock.ts';
import { atProvider } from './errors.ts';
import { type BoundedFetch, requireOk } from './fetch.ts';

/** The keys with which a provider signs. */
export interface KeySet {
  /** @throws AppError provider_unavailable, provider_error where they cannot be read; an error of jose where none fits */
  readonly find: JWTVerifyGetKey;
  /** The issuer that the provider names for a key of its own, where it does. */
  readonly issuerOf: (keyId: string | undefined) => unknown;
}

interface KnownKeys {
  readonly find: JWTVerifyGetKey;
  readonly keys: JSONWebKeySet['keys'];
  readonly readAt: number;
}

/** How long keys are good: a key that the provider withdraws has to stop working soon. */
const GOOD_MILLISECONDS = 600_000;
/** Between two requests for the keys, so that tokens with made-up key ids do not become requests to the provider. */
const COOLDOWN_MILLISECONDS = 1_000;

/** Reads the keys of a provider when they are first needed, when they are old, and when a token names an unknown one. */
export function createKeySet(
  url: string,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: BoundedFetch },
): KeySet {
  let known: KnownKeys | undefined;
  let reading: Promise<KnownKeys> | undefined;

  function read(): Promise<KnownKeys> {
    reading ??= atProvider(load).finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function load(): Promise<KnownKeys> {
    const { createLocalJWKSet } = await import('jose');
    const response = await requireOk(await fetch(url, { headers: { Accept: 'application/json' } }), url);
    const set = (await response.json()) as JSONWebKeySet;
    known = { find: createLocalJWKSet(set), keys: set.keys, readAt: clock.monotonic() };
    return known;
  }

  const ageOf = ({ readAt }: KnownKeys) => clock.monotonic() - readAt;

  return {
    async find(header, token) {
      const current = known !== undefined && ageOf(known) < GOOD_MILLISECONDS ? known : await read();
      try {
        return await current.find(header, token);
      } catch (error) {
        const isUnknown = Object(error).code === 'ERR_JWKS_NO_MATCHING_KEY';
        if (!isUnknown || ageOf(current) < COOLDOWN_MILLISECONDS) throw error;
        return (await read()).find(header, token);
      }
    },
    issuerOf: (keyId) => Object(known?.keys.find(({ kid }) => kid === keyId)).issuer,
  };
}
