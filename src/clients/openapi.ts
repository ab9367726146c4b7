import type { ErrorCode } from '../errors.ts';
import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  jsonBodyOf,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../http/openapi.ts';
import {
  ClientChangeBody,
  ClientPath,
  ClientsAnswer,
  ClientsQuery,
  ClientView,
  NewClientAnswer,
  NewClientBody,
  SecretAnswer,
  SecretPath,
} from './schemas.ts';

/** What every route here may answer. */
const COMMON: readonly ErrorCode[] = [
  ...TOKEN_REFUSALS,
  ...BODY_REFUSALS,
  'insufficient_scope',
  'database_unavailable',
];

const client = { description: 'The client', ...json(ClientView) };
const nothing = (description: string) => ({ 204: { description } });
const onClient = { requestParams: { path: ClientPath } };

/** One operation on clients; `refused` are the codes that it adds to those of all. */
function operation(operationId: string, summary: string, answers: object, ...refused: readonly ErrorCode[]) {
  return {
    operationId,
    tags: ['Administration of clients'],
    summary,
    security: BEARER_SECURITY,
    responses: { ...answers, ...refusals(...COMMON, ...refused) },
  };
}

export const clientPaths: Paths = {
  '/admin/clients': {
    get: {
      ...operation('listClients', 'List machine clients (clients:list)', {
        200: { description: 'A page of clients, in the order of their creation', ...json(ClientsAnswer) },
      }),
      requestParams: { query: ClientsQuery },
    },
    post: {
      ...operation(
        'createClient',
        'Create a machine client (clients:create)',
        {
          201: {
            description: 'The client with its secret, which is shown this once',
            headers: { Location: { schema: { type: 'string' }, description: 'Where the client is' } },
            ...json(NewClientAnswer),
          },
        },
        'unknown_permission',
      ),
      requestBody: jsonBodyOf(NewClientBody),
    },
  },
  '/admin/clients/{client_id}': {
    get: {
      ...operation('readClient', 'Read a machine client (clients:read)', { 200: client }, 'client_not_found'),
      ...onClient,
    },
    patch: {
      ...operation(
        'updateClient',
        'Change a machine client (clients:update)',
        { 200: client },
        'client_not_found',
        'unknown_permission',
      ),
      description: 'With another scope, or an earlier end, its older access tokens are refused.',
      ...onClient,
      requestBody: jsonBodyOf(ClientChangeBody),
    },
    delete: {
      ...operation(
        'deleteClient',
        'Delete a machine client (clients:delete)',
        nothing('The client is gone, and its access tokens are refused'),
        'client_not_found',
      ),
      ...onClient,
    },
  },
  '/admin/clients/{client_id}/secrets': {
    post: {
      ...operation(
        'addClientSecret',
        'Add a second secret to a machine client (clients:add-secret)',
        { 201: { description: 'The secret, which is shown this once', ...json(SecretAnswer) } },
        'client_not_found',
        'too_many_secrets',
      ),
      ...onClient,
    },
  },
  '/admin/clients/{client_id}/secrets/{secret_id}': {
    delete: {
      ...operation(
        'removeClientSecret',
        'Remove a secret of a machine client (clients:remove-secret)',
        nothing('The secret is no longer good; access tokens that were got with it go on'),
        'secret_not_found',
      ),
      requestParams: { path: SecretPath },
    },
  },
};
