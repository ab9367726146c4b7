import { feature } from '../feature.ts';
import { createClientAuthentication } from './client-authentication.ts';
import { createGrantTokens } from './grant.ts';
import { createIntrospect } from './introspection.ts';
import { describeServer } from './metadata.ts';
import { createRevoke } from './revocation.ts';
import { oauthRoutes } from './routes.ts';

/** The endpoints of OAuth 2.0: tokens for machine clients, introspection and revocation. */
export const oauth = feature({
  routes: oauthRoutes,
  create(core) {
    const clients = createClientAuthentication(core.clientTokens);
    return {
      services: {
        clients,
        grantTokens: createGrantTokens(core, clients),
        introspect: createIntrospect(core),
        revoke: createRevoke(core, clients),
        metadata: describeServer(core.config.tokens.issuer, core.config.http.publicUrl),
      },
    };
  },
});
