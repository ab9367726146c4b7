import { administration, json, jsonBodyOf, type Paths } from '../../http/openapi.ts';
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

const TAG = 'Administration of clients';

const client = { description: 'The client', ...json(ClientView) };
const nothing = (description: string) => ({ 204: { description } });
const onClient = { requestParams: { path: ClientPath } };

export const clientPaths: Paths = {
  '/admin/clients': {
    get: {
      ...administration({
        operationId: 'listClients',
        tag: TAG,
        permission: 'clients:list',
        summary: 'List machine clients',
        answers: {
          200: { description: 'A page of clients, in the order of their creation', ...json(ClientsAnswer) },
        },
      }),
      requestParams: { query: ClientsQuery },
    },
    post: {
      ...administration({
        operationId: 'createClient',
        tag: TAG,
        permission: 'clients:create',
        summary: 'Create a machine client',
        answers: {
          201: {
            description: 'The client with its secret, which is shown this once',
            headers: { Location: { schema: { type: 'string' }, description: 'Where the client is' } },
            ...json(NewClientAnswer),
          },
        },
        refused: ['unknown_permission'],
      }),
      requestBody: jsonBodyOf(NewClientBody),
    },
  },
  '/admin/clients/{client_id}': {
    get: {
      ...administration({
        operationId: 'readClient',
        tag: TAG,
        permission: 'clients:read',
        summary: 'Read a machine client',
        answers: { 200: client },
        refused: ['client_not_found'],
      }),
      ...onClient,
    },
    patch: {
      ...administration({
        operationId: 'updateClient',
        tag: TAG,
        permission: 'clients:update',
        summary: 'Change a machine client',
        description: 'With another scope, or an earlier end, its older access tokens are refused.',
        answers: { 200: client },
        refused: ['client_not_found', 'unknown_permission'],
      }),
      ...onClient,
      requestBody: jsonBodyOf(ClientChangeBody),
    },
    delete: {
      ...administration({
        operationId: 'deleteClient',
        tag: TAG,
        permission: 'clients:delete',
        summary: 'Delete a machine client',
        answers: nothing('The client is gone, and its access tokens are refused'),
        refused: ['client_not_found'],
      }),
      ...onClient,
    },
  },
  '/admin/clients/{client_id}/secrets': {
    post: {
      ...administration({
        operationId: 'addClientSecret',
        tag: TAG,
        permission: 'clients:add-secret',
        summary: 'Add a second secret to a machine client',
        answers: { 201: { description: 'The secret, which is shown this once', ...json(SecretAnswer) } },
        refused: ['client_not_found', 'too_many_secrets'],
      }),
      ...onClient,
    },
  },
  '/admin/clients/{client_id}/secrets/{secret_id}': {
    delete: {
      ...administration({
        operationId: 'removeClientSecret',
        tag: TAG,
        permission: 'clients:remove-secret',
        summary: 'Remove a secret of a machine client',
        answers: nothing('The secret is no longer good; access tokens that were got with it go on'),
        refused: ['secret_not_found'],
      }),
      requestParams: { path: SecretPath },
    },
  },
};
