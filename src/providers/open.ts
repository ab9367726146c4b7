import type { Clock } from '../core/clock.ts';
import type { IdentityProviders } from '../core/identities/provider.ts';
import type { ProviderSettings } from './definition.ts';
import { createBoundedFetch, startTimeout } from './fetch.ts';
import { createOAuthProvider } from './oauth.ts';
import { createOpenIdProvider } from './openid.ts';

interface SocialSettings {
  readonly providers: readonly ProviderSettings[];
  /** Whether tokens are kept, so that refresh tokens are of use. */
  readonly keepsTokens: boolean;
}

/** The providers that are configured. None is asked for anything yet, so one that is away keeps nothing from starting. */
export function openProviders(
  { providers, keepsTokens }: SocialSettings,
  clock: Clock,
  startRequestTimeout = startTimeout,
): IdentityProviders {
  const tools = { clock, fetch: createBoundedFetch(startRequestTimeout), isOffline: keepsTokens };
  const open = (settings: ProviderSettings) =>
    settings.kind === 'openid' ? createOpenIdProvider(settings, tools) : createOAuthProvider(settings, tools);
  return new Map(providers.map((settings) => [settings.id, open(settings)]));
}
