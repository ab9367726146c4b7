import { oidcProviders } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { provider } from './definition.ts';

/** Any provider that speaks OpenID Connect. */
export const oidc = provider({
  variables: {
    OIDC_PROVIDERS: variable({
      type: oidcProviders,
      meaning:
        'Other OpenID providers, a list in JSON of {"id", "name", "issuer", "client_id"}, and where they are needed "client_secret", "scopes", "native_client_ids" and "response_mode"',
      secret: true,
    }),
  },
  group: ['OIDC_PROVIDERS'],
  settings: ({ OIDC_PROVIDERS: providers = [] }) =>
    providers.map((given) => ({
      kind: 'openid',
      id: given.id,
      name: given.name,
      issuer: given.issuer,
      clientId: given.client_id,
      clientSecret: given.client_secret,
      nativeClientIds: given.native_client_ids,
      scopes: given.scopes,
      ...(given.response_mode !== 'query' && { parameters: { response_mode: given.response_mode } }),
      offline: { scope: 'offline_access', parameters: { prompt: 'consent' } },
    })),
});
