import { isDemoProviderInstalled } from '../config/demo-provider.ts';
import { flag, integer } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { provider } from './definition.ts';

/** The client as the demo provider knows it, which listens on this host alone: its secret protects nothing. */
export const DEMO_CLIENT = { id: 'latchkey', secret: 'of-a-provider-that-lets-everyone-in' } as const;

/** A provider on this host at which everyone may sign in as anyone. scripts/demo-provider.js runs it. */
export const demo = provider({
  variables: {
    DEMO_PROVIDER: variable({
      type: flag,
      default: 'false',
      meaning:
        'Whether a demo provider is started beside the service, to try social login; not in production',
    }),
    DEMO_PROVIDER_PORT: variable({
      type: integer(1, 65_535),
      default: '3010',
      meaning: 'Port of the demo provider, on 127.0.0.1',
    }),
  },
  group: [],
  settings: ({ DEMO_PROVIDER, DEMO_PROVIDER_PORT }) =>
    DEMO_PROVIDER && isDemoProviderInstalled()
      ? [
          {
            kind: 'openid',
            id: 'demo',
            name: 'Demo provider',
            issuer: `http://localhost:${DEMO_PROVIDER_PORT}`,
            clientId: DEMO_CLIENT.id,
            clientSecret: DEMO_CLIENT.secret,
            nativeClientIds: [],
            scopes: ['openid', 'email', 'profile'],
            offline: { scope: 'offline_access', parameters: { prompt: 'consent' } },
          },
        ]
      : [],
});
