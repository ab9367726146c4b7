import { insufficientScope } from '../../core/access/insufficient-scope.ts';
import type { ProvenClient } from '../../core/clients/client-tokens.ts';
import { type Access, anyone } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { form } from '../../http/body.ts';
import type { FormParameters } from '../../http/body-text.ts';
import type { Exchange } from '../../http/exchange.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { ClientAuthentication, ClientHeader, ClientRequest } from './client-authentication.ts';
import { oauthErrors } from './error-format.ts';
import { invalidClient, OAuthError } from './errors.ts';
import { readForm, requireParameter } from './form.ts';
import type { GrantTokens } from './grant.ts';
import type { Introspect } from './introspection.ts';
import type { describeServer } from './metadata.ts';
import type { Revoke } from './revocation.ts';
import {
  IntrospectionAnswerView,
  IntrospectionForm,
  presentToken,
  RevocationForm,
  ServerMetadata,
  TokenAnswer,
  TokenForm,
} from './schemas.ts';

interface Services {
  readonly clients: ClientAuthentication;
  readonly grantTokens: GrantTokens;
  readonly introspect: Introspect;
  readonly revoke: Revoke;
  readonly metadata: ReturnType<typeof describeServer>;
}

const INTROSPECT = 'tokens:introspect';

type CountFailure = (exchange: Pick<Exchange, 'count' | 'origin'>) => Promise<void>;

/** A failed authentication by header counts, where a request with that header does not. */
const countFailure: CountFailure = ({ count, origin }) => count('oauth-ip', origin.network);
const isCountedAlready: CountFailure = async () => {};

const route = routesWith<Services>();

const OAUTH: Tag = {
  name: 'OAuth 2.0',
  description: 'Tokens for machine clients by the standards: forms in, JSON out',
};

/** Forms in, JSON out, and errors in the form of RFC 6749 section 5.2. */
export const oauthRoutes = [
  route({
    id: 'token',
    method: 'POST',
    path: '/oauth/token',
    tag: OAUTH,
    summary: 'Get an access token as a machine client, or with a refresh token',
    description:
      'RFC 6749 sections 4.4 and 6. A client authenticates by Basic or in the body; a refresh token needs no client.',
    limit: 'oauth-ip',
    access: clientOrNone(isCountedAlready),
    body: form(TokenForm),
    answers: { 200: { description: 'The token', schema: TokenAnswer } },
    errors: oauthErrors('invalid_client', 'invalid_grant', 'invalid_scope', 'unsupported_grant_type'),
    async handle(input, { grantTokens }) {
      const granted = await grantTokens(requestOf(input, input.caller));
      // RFC 6749 section 5.1.
      return ok(presentToken(granted), { headers: { Pragma: 'no-cache' } });
    },
  }),

  route({
    id: 'introspect',
    method: 'POST',
    path: '/oauth/introspect',
    tag: OAUTH,
    summary: 'Introspect a token (tokens:introspect)',
    description: 'RFC 7662, for a client with that permission or a bearer token that has it.',
    limit: 'oauth-ip',
    limitSparesAuthorization: true,
    access: clientOrBearer(),
    body: form(IntrospectionForm),
    answers: { 200: { description: 'The token, if it is valid', schema: IntrospectionAnswerView } },
    errors: oauthErrors('invalid_client', 'invalid_token', 'insufficient_scope'),
    async handle(input, { clients, introspect }) {
      const { caller } = input;
      const request = requestOf(input, caller.client);
      if (!caller.isBearer) assertMayIntrospect(await clients.authenticate(request));
      else if (request.form.has('client_secret')) {
        throw new OAuthError('invalid_request', 'There is both a bearer token and a client secret.');
      }
      return ok(await introspect(requireParameter(request.form, 'token')));
    },
  }),

  route({
    id: 'revoke',
    method: 'POST',
    path: '/oauth/revoke',
    tag: OAUTH,
    summary: 'Revoke a token',
    description:
      'RFC 7009. A client revokes its own access tokens; a token of a user, without a client, ends its session.',
    limit: 'oauth-ip',
    limitSparesAuthorization: true,
    access: clientOrNone(countFailure),
    body: form(RevocationForm),
    answers: { 200: 'The token is no longer valid, if it was yours to revoke' },
    errors: oauthErrors('invalid_client'),
    async handle(input, { revoke }) {
      await revoke(requestOf(input, input.caller));
      return { status: 200 as const };
    },
  }),

  route({
    id: 'authorizationServer',
    method: 'GET',
    path: '/.well-known/oauth-authorization-server',
    tag: OAUTH,
    summary: 'The metadata of the authorization server',
    access: anyone(),
    answers: { 200: { description: 'RFC 8414', schema: ServerMetadata } },
    handle: (_input, { metadata }) => ok(metadata),
  }),
];

/** A client that authenticates by header does so before the form is read. It may also do so in the form, or be public. */
function clientOrNone(count: CountFailure): Access<ProvenClient | undefined, Services> {
  return {
    kind: 'own',
    schemes: ['client', 'none'],
    refuses: [],
    authenticate: (exchange, { clients }) => clients.authenticateByHeader(headerOf(exchange, count)),
  };
}

interface Asker {
  readonly isBearer: boolean;
  readonly client: ProvenClient | undefined;
}

/** A bearer token that may ask (RFC 7662 section 2.1), or a client, which may also authenticate in the form. */
function clientOrBearer(): Access<Asker, Services> {
  return {
    kind: 'own',
    schemes: ['client', 'bearer'],
    refuses: [],
    async authenticate(exchange, { clients }) {
      if (exchange.bearerToken() === undefined) {
        const client = await clients.authenticateByHeader(headerOf(exchange, countFailure));
        return { isBearer: false, client };
      }
      const { principal } = await exchange.authenticate();
      if (!principal.permissions.includes(INTROSPECT)) throw insufficientScope(INTROSPECT);
      return { isBearer: true, client: undefined };
    },
  };
}

function assertMayIntrospect(client: ProvenClient | undefined): void {
  if (client === undefined) throw invalidClient('This needs a client that authenticates, or a bearer token.');
  // Without the challenge of a bearer token, which was not what was sent.
  if (!client.permissions.includes(INTROSPECT)) {
    throw new OAuthError('insufficient_scope', insufficientScope(INTROSPECT).detail);
  }
}

function headerOf(exchange: Exchange, count: CountFailure): ClientHeader {
  const { origin, authorization } = exchange;
  return { origin, authorization: authorization(), countFailure: () => count(exchange) };
}

/** What a handler gets: the header has been looked at, and a request without one has been counted. */
function requestOf(
  exchange: Exchange & { readonly body: FormParameters | undefined },
  proven: ProvenClient | undefined,
): ClientRequest & Pick<Exchange, 'count'> {
  return {
    ...headerOf(exchange, isCountedAlready),
    form: readForm(exchange.body),
    proven,
    count: exchange.count,
  };
}
