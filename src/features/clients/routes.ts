import { permission, stepUp } from '../../http/access.ts';
import { created, noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { Clients } from './clients.ts';
import {
  ClientChangeBody,
  ClientPath,
  ClientsAnswer,
  ClientsQuery,
  ClientView,
  NewClientAnswer,
  NewClientBody,
  presentClient,
  presentClients,
  presentNewClient,
  SecretAnswer,
  SecretPath,
} from './schemas.ts';

const route = routesWith<{ readonly clients: Clients }>();

const TAG: Tag = {
  name: 'Administration of clients',
  description: 'Machine clients and their secrets',
};

const onClient = { schema: ClientPath, unknown: 'client_not_found' } as const;
const theClient = { description: 'The client', schema: ClientView };

export const clientRoutes = [
  route({
    id: 'listClients',
    method: 'GET',
    path: '/admin/clients',
    tag: TAG,
    summary: 'List machine clients',
    access: permission('clients:list'),
    query: ClientsQuery,
    answers: {
      200: { description: 'A page of clients, in the order of their creation', schema: ClientsAnswer },
    },
    async handle({ query: { limit, cursor } }, { clients }) {
      return ok(presentClients(await clients.list(limit + 1, cursor), limit));
    },
  }),

  route({
    id: 'createClient',
    method: 'POST',
    path: '/admin/clients',
    tag: TAG,
    summary: 'Create a machine client',
    access: stepUp(permission('clients:create')),
    body: json(NewClientBody),
    answers: {
      201: {
        description: 'The client with its secret, which is shown this once',
        schema: NewClientAnswer,
        headers: { Location: 'Where the client is' },
      },
    },
    refuses: ['unknown_permission'],
    checkFields: (fields, { clients }) => clients.expiryProblems(fields.expires_at),
    async handle({ body, caller }, { clients }) {
      const { name, scope: permissions, expires_at: expiresAt = null } = body;
      const made = await clients.create({ name, permissions, expiresAt }, caller);
      return created(`/admin/clients/${made.client.id}`, presentNewClient(made));
    },
  }),

  route({
    id: 'readClient',
    method: 'GET',
    path: '/admin/clients/{client_id}',
    tag: TAG,
    summary: 'Read a machine client',
    access: permission('clients:read'),
    params: onClient,
    answers: { 200: theClient },
    async handle({ params }, { clients }) {
      return ok(presentClient(await clients.read(params.client_id)));
    },
  }),

  route({
    id: 'updateClient',
    method: 'PATCH',
    path: '/admin/clients/{client_id}',
    tag: TAG,
    summary: 'Change a machine client',
    description: 'With another scope, or an earlier end, its older access tokens are refused.',
    access: stepUp(permission('clients:update')),
    params: onClient,
    body: json(ClientChangeBody),
    answers: { 200: theClient },
    refuses: ['unknown_permission'],
    checkFields: (fields, { clients }) => clients.expiryProblems(fields.expires_at),
    async handle({ params, body, caller }, { clients }) {
      const { name, scope: permissions, expires_at: expiresAt } = body;
      const change = {
        ...(name !== undefined && { name }),
        ...(permissions !== undefined && { permissions }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      return ok(presentClient(await clients.update(params.client_id, change, caller)));
    },
  }),

  route({
    id: 'deleteClient',
    method: 'DELETE',
    path: '/admin/clients/{client_id}',
    tag: TAG,
    summary: 'Delete a machine client',
    access: stepUp(permission('clients:delete')),
    params: onClient,
    answers: { 204: 'The client is gone, and its access tokens are refused' },
    async handle({ params, caller }, { clients }) {
      await clients.remove(params.client_id, caller);
      return noContent();
    },
  }),

  route({
    id: 'addClientSecret',
    method: 'POST',
    path: '/admin/clients/{client_id}/secrets',
    tag: TAG,
    summary: 'Add a second secret to a machine client',
    access: stepUp(permission('clients:add-secret')),
    params: onClient,
    answers: { 201: { description: 'The secret, which is shown this once', schema: SecretAnswer } },
    refuses: ['too_many_secrets'],
    async handle({ params, caller }, { clients }) {
      const { id, secret } = await clients.addSecret(params.client_id, caller);
      return { status: 201 as const, body: { secret_id: id, client_secret: secret } };
    },
  }),

  route({
    id: 'removeClientSecret',
    method: 'DELETE',
    path: '/admin/clients/{client_id}/secrets/{secret_id}',
    tag: TAG,
    summary: 'Remove a secret of a machine client',
    access: stepUp(permission('clients:remove-secret')),
    params: {
      schema: SecretPath,
      unknown: { client_id: 'client_not_found', secret_id: 'secret_not_found' },
    },
    answers: { 204: 'The secret is no longer valid; access tokens obtained with it stay valid' },
    async handle({ params, caller }, { clients }) {
      await clients.removeSecret(params.client_id, params.secret_id, caller);
      return noContent();
    },
  }),
];
