import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { FORM_MEDIA_TYPE } from '../../http/body.ts';
import { BEARER_SECURITY, json, type Paths, refusals } from '../../http/openapi.ts';
import { OAUTH_ERRORS, type OAuthErrorCode } from './errors.ts';
import {
  IntrospectionAnswerView,
  IntrospectionForm,
  OAuthErrorView,
  RevocationForm,
  ServerMetadata,
  TokenAnswer,
  TokenForm,
} from './schemas.ts';

const TAGS = ['OAuth 2.0'];
const CLIENT_SECURITY = [{ client: [] }];
/** Not of OAuth, and so of no code of its own. */
const TOO_LARGE = 413;

function form(schema: z.ZodType) {
  return { required: true, content: { [FORM_MEDIA_TYPE]: { schema } } };
}

/** The refusals of an endpoint in the form of OAuth, grouped by status. */
function oauthRefusals(...codes: readonly OAuthErrorCode[]) {
  const all: readonly OAuthErrorCode[] = [
    'invalid_request',
    ...codes,
    'slow_down',
    'temporarily_unavailable',
    'server_error',
  ];
  const responses: Record<string, object> = {
    [TOO_LARGE]: { description: 'Payload Too Large: `invalid_request`', ...json(OAuthErrorView) },
  };
  for (const status of new Set(all.map((code) => OAUTH_ERRORS[code]))) {
    const ofStatus = all.filter((code) => OAUTH_ERRORS[code] === status);
    const named = ofStatus.map((code) => `\`${code}\``).join(', ');
    responses[status] = { description: `${STATUS_CODES[status]}: ${named}`, ...json(OAuthErrorView) };
  }
  return responses;
}

export const oauthPaths: Paths = {
  '/oauth/token': {
    post: {
      operationId: 'token',
      tags: TAGS,
      summary: 'Get an access token as a machine client, or with a refresh token',
      description:
        'RFC 6749 sections 4.4 and 6. A client authenticates by Basic or in the body; a refresh token needs no client.',
      security: [...CLIENT_SECURITY, {}],
      requestBody: form(TokenForm),
      responses: {
        200: { description: 'The token', ...json(TokenAnswer) },
        ...oauthRefusals('invalid_client', 'invalid_grant', 'invalid_scope', 'unsupported_grant_type'),
      },
    },
  },
  '/oauth/introspect': {
    post: {
      operationId: 'introspect',
      tags: TAGS,
      summary: 'Ask what there is to know about a token (tokens:introspect)',
      description: 'RFC 7662, for a client with that permission or a bearer token that has it.',
      security: [...CLIENT_SECURITY, ...BEARER_SECURITY],
      requestBody: form(IntrospectionForm),
      responses: {
        200: { description: 'The token, if it is good', ...json(IntrospectionAnswerView) },
        ...oauthRefusals('invalid_client', 'invalid_token', 'insufficient_scope'),
      },
    },
  },
  '/oauth/revoke': {
    post: {
      operationId: 'revoke',
      tags: TAGS,
      summary: 'Revoke a token',
      description:
        'RFC 7009. A client revokes its own access tokens; a token of a user, without a client, ends its session.',
      security: [...CLIENT_SECURITY, {}],
      requestBody: form(RevocationForm),
      responses: {
        200: { description: 'The token is no longer good, if it was yours to revoke' },
        ...oauthRefusals('invalid_client'),
      },
    },
  },
  '/.well-known/oauth-authorization-server': {
    get: {
      operationId: 'authorizationServer',
      tags: TAGS,
      summary: 'What a client has to know of this server',
      responses: { 200: { description: 'RFC 8414', ...json(ServerMetadata) }, ...refusals() },
    },
  },
};
