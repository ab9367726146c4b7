import {
  administration,
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../../http/openapi.ts';
import {
  ApiKeyBody,
  ApiKeyPath,
  ApiKeysAnswer,
  ApiKeyView,
  NewApiKeyAnswer,
  UserKeyPath,
  UserPath,
} from './schemas.ts';

const TAGS = ['API keys'];
const USERS = 'Administration of users';

/** What any of these may answer. */
const COMMON_REFUSALS = [...TOKEN_REFUSALS, ...BODY_REFUSALS, 'user_required', 'session_required'] as const;

export const apiKeyPaths: Paths = {
  '/api-keys': {
    get: {
      operationId: 'listApiKeys',
      tags: TAGS,
      summary: 'List your API keys',
      security: BEARER_SECURITY,
      responses: {
        200: { description: 'Those that are good at present, the latest first', ...json(ApiKeysAnswer) },
        ...refusals(...COMMON_REFUSALS),
      },
    },
    post: {
      operationId: 'createApiKey',
      tags: TAGS,
      summary: 'Make an API key',
      description:
        'A key is taken wherever an access token is, and may do what its owner may do at that time.',
      security: BEARER_SECURITY,
      requestBody: jsonBodyOf(ApiKeyBody),
      responses: {
        201: {
          description: 'The key, shown this once',
          headers: { Location: { schema: { type: 'string' }, description: 'Where to read about it' } },
          ...json(NewApiKeyAnswer),
        },
        ...refusals(...COMMON_REFUSALS, 'insufficient_scope', 'too_many_api_keys'),
      },
    },
  },
  '/api-keys/{id}': {
    get: {
      operationId: 'getApiKey',
      tags: TAGS,
      summary: 'Read about one of your API keys',
      security: BEARER_SECURITY,
      requestParams: { path: ApiKeyPath },
      responses: {
        200: { description: 'All but the key itself', ...json(ApiKeyView) },
        ...refusals(...COMMON_REFUSALS, 'api_key_not_found'),
      },
    },
    delete: {
      operationId: 'deleteApiKey',
      tags: TAGS,
      summary: 'Delete one of your API keys',
      security: BEARER_SECURITY,
      requestParams: { path: ApiKeyPath },
      responses: {
        204: { description: 'It is refused, here at once and in every other process within a second' },
        ...refusals(...COMMON_REFUSALS, 'api_key_not_found'),
      },
    },
  },
  '/admin/users/{id}/api-keys': {
    get: {
      ...administration({
        operationId: 'listUserApiKeys',
        tag: USERS,
        permission: 'api-keys:list',
        summary: 'List the API keys of a user',
        answers: {
          200: { description: 'Those that are good at present, the latest first', ...json(ApiKeysAnswer) },
        },
      }),
      requestParams: { path: UserPath },
    },
  },
  '/admin/users/{id}/api-keys/{key_id}': {
    delete: {
      ...administration({
        operationId: 'deleteUserApiKey',
        tag: USERS,
        permission: 'api-keys:delete',
        summary: 'Delete an API key of a user',
        answers: {
          204: { description: 'It is refused, here at once and in every other process within a second' },
        },
        refused: ['api_key_not_found'],
      }),
      requestParams: { path: UserKeyPath },
    },
  },
};
