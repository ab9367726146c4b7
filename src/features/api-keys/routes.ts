import { ApiKeyView, presentApiKey } from '../../core/api-keys/view.ts';
import { IdPath } from '../../core/values/fields.ts';
import { permission, session, stepUp } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { type Tag, USER_ADMINISTRATION } from '../../http/tags.ts';
import type { ApiKeys } from './api-keys.ts';
import { ApiKeyBody, ApiKeysAnswer, NewApiKeyAnswer, UserKeyPath } from './schemas.ts';

const route = routesWith<{ readonly apiKeys: ApiKeys }>();

const API_KEYS: Tag = {
  name: 'API keys',
  description: 'Keys that users make for their programs, and that are sent in place of an access token',
};

const onKey = { schema: IdPath, unknown: 'api_key_not_found' } as const;
const liveKeys = { description: 'The keys that are valid now, the latest first', schema: ApiKeysAnswer };
const DELETED = 'It is refused, here at once and in every other process within a second';

/** A key is made in a session, never with a key, and seen and deleted by its owner or an administrator. */
export const apiKeyRoutes = [
  route({
    id: 'listApiKeys',
    method: 'GET',
    path: '/api-keys',
    tag: API_KEYS,
    summary: 'List your API keys',
    access: session(),
    answers: { 200: liveKeys },
    async handle({ caller }, { apiKeys }) {
      const keys = await apiKeys.list(caller.principal.userId);
      return ok({ api_keys: keys.map(presentApiKey) });
    },
  }),

  route({
    id: 'createApiKey',
    method: 'POST',
    path: '/api-keys',
    tag: API_KEYS,
    summary: 'Create an API key',
    description: 'A key is taken wherever an access token is, and may do what its owner may do at that time.',
    access: stepUp(session()),
    body: json(ApiKeyBody),
    answers: {
      201: {
        description: 'The key, shown this once',
        schema: NewApiKeyAnswer,
        headers: { Location: 'Where to read about it' },
      },
    },
    refuses: ['insufficient_scope', 'too_many_api_keys'],
    checkFields: (fields, { apiKeys }) => apiKeys.expiryProblems(fields.expires_at),
    async handle({ body, caller }, { apiKeys }) {
      const { name, scope, expires_at: expiresAt } = body;
      const { apiKey, key } = await apiKeys.create({ name, scope, expiresAt }, caller);
      return created(`/api-keys/${apiKey.id}`, { ...presentApiKey(apiKey), key });
    },
  }),

  route({
    id: 'getApiKey',
    method: 'GET',
    path: '/api-keys/{id}',
    tag: API_KEYS,
    summary: 'Read one of your API keys',
    access: session(),
    params: onKey,
    answers: { 200: { description: 'The API key without its secret part', schema: ApiKeyView } },
    async handle({ params, caller }, { apiKeys }) {
      return ok(presentApiKey(await apiKeys.get(caller.principal.userId, params.id)));
    },
  }),

  route({
    id: 'deleteApiKey',
    method: 'DELETE',
    path: '/api-keys/{id}',
    tag: API_KEYS,
    summary: 'Delete one of your API keys',
    access: stepUp(session()),
    params: onKey,
    answers: { 204: DELETED },
    async handle({ params, caller }, { apiKeys }) {
      await apiKeys.remove(params.id, caller);
      return noContent();
    },
  }),

  route({
    id: 'listUserApiKeys',
    method: 'GET',
    path: '/admin/users/{id}/api-keys',
    tag: USER_ADMINISTRATION,
    summary: 'List the API keys of a user',
    access: permission('api-keys:list'),
    params: { schema: IdPath, unknown: 'user_not_found' },
    answers: { 200: liveKeys },
    async handle({ params }, { apiKeys }) {
      const keys = await apiKeys.listOf(params.id);
      return ok({ api_keys: keys.map(presentApiKey) });
    },
  }),

  route({
    id: 'deleteUserApiKey',
    method: 'DELETE',
    path: '/admin/users/{id}/api-keys/{key_id}',
    tag: USER_ADMINISTRATION,
    summary: 'Delete an API key of a user',
    access: stepUp(permission('api-keys:delete')),
    params: { schema: UserKeyPath, unknown: { id: 'user_not_found', key_id: 'api_key_not_found' } },
    answers: { 204: DELETED },
    async handle({ params, caller }, { apiKeys }) {
      await apiKeys.removeOf(params.id, params.key_id, caller);
      return noContent();
    },
  }),
];
