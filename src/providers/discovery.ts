import type { ServerMetadata } from 'openid-client';
import type { Clock } from '../core/clock.ts';
import { issuerNamed, type OpenIdSettings } from './definition.ts';
import type { BoundedFetch } from './fetch.ts';
import { asCustom, isWithoutTls, loadClient } from './grant.ts';
import { createKeySet, type KeySet } from './keys.ts';

interface Discovered {
  readonly server: ServerMetadata;
  readonly keys: KeySet;
}

interface DiscoveryTools {
  readonly clock: Clock;
  readonly fetch: BoundedFetch;
}

/** How long a discovery document is good. */
const GOOD_SECONDS = 3_600;

/**
 * Makes the function that reads the discovery document of a provider (OpenID Connect Discovery section 4) when it is first
 * needed, and again when it is old. A failure is not remembered: the next sign-in tries again. Of a provider that is
 * away for a while the old document goes on being used.
 */
export function createDiscovery(settings: OpenIdSettings, { clock, fetch }: DiscoveryTools) {
  const { issuer, clientId } = settings;
  let known: { readonly discovered: Discovered; readonly readAt: number } | undefined;
  let reading: Promise<Discovered> | undefined;

  return async function discover(): Promise<Discovered> {
    if (known !== undefined && clock.monotonic() - known.readAt < GOOD_SECONDS * 1000)
      return known.discovered;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    try {
      return await reading;
    } catch (error) {
      if (known === undefined) throw error;
      return known.discovered;
    }
  };

  async function read(): Promise<Discovered> {
    const client = await loadClient();
    const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const configuration = await client.discovery(url, clientId, undefined, client.None(), {
      execute: isWithoutTls(issuer) ? [client.allowInsecureRequests] : [],
      [client.customFetch]: asCustom(fetch),
    });
    const server = configuration.serverMetadata();
    const expected = issuerNamed(settings);
    if (server.issuer !== expected && server.issuer !== settings.issuerAlias) {
      throw new Error(
        `the discovery document of ${issuer} names the issuer ${server.issuer}, not ${expected}`,
      );
    }
    const { jwks_uri: keysUrl } = server;
    if (keysUrl === undefined || (isWithoutTls(keysUrl) && !isWithoutTls(issuer))) {
      throw new Error(`the discovery document of ${issuer} names no keys, or keys without TLS`);
    }
    const discovered = { server, keys: createKeySet(keysUrl, { clock, fetch }) };
    known = { discovered, readAt: clock.monotonic() };
    return discovered;
  }
}
