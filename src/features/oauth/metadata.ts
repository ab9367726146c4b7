import { GRANT_TYPES } from './grant.ts';

const CLIENT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post'] as const;

/** The metadata of this server (RFC 8414 section 2). There is no authorization endpoint. */
export function describeServer(issuer: string, publicUrl: string) {
  return {
    issuer,
    token_endpoint: `${publicUrl}/oauth/token`,
    token_endpoint_auth_methods_supported: [...CLIENT_AUTH_METHODS, 'none'],
    grant_types_supported: [...GRANT_TYPES],
    response_types_supported: [],
    introspection_endpoint: `${publicUrl}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: [...CLIENT_AUTH_METHODS, 'Bearer'],
    revocation_endpoint: `${publicUrl}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: [...CLIENT_AUTH_METHODS, 'none'],
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    service_documentation: `${publicUrl}/docs`,
  };
}
