import type { Request } from 'express';
import { granterOf } from '../../core/access/grants.ts';
import { AppError } from '../../core/errors.ts';
import { JSON_BODY } from '../../http/body.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import type { Clients } from './clients.ts';
import {
  ClientChangeBody,
  ClientPath,
  ClientsQuery,
  NewClientBody,
  presentClient,
  presentClients,
  presentNewClient,
  SecretPath,
} from './schemas.ts';

export interface ClientRouteDependencies {
  readonly clients: Clients;
}

/** /admin/clients: each route has a permission of its own. */
export function clientRoutes({ clients }: ClientRouteDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/clients',
      access: { permission: 'clients:list' },
      async handle(req, res) {
        const { limit, cursor } = parse(ClientsQuery, req.query);
        res.json(presentClients(await clients.list(limit + 1, cursor), limit));
      },
    },

    {
      method: 'POST',
      path: '/admin/clients',
      access: { permission: 'clients:create' },
      body: JSON_BODY,
      async handle(req, res) {
        const { name, scope: permissions, expires_at: expiresAt = null } = parse(NewClientBody, req.body);
        const created = await clients.create({ name, permissions, expiresAt }, granterOf(req));
        res.status(201).location(`/admin/clients/${created.client.id}`).json(presentNewClient(created));
      },
    },

    {
      method: 'GET',
      path: '/admin/clients/{client_id}',
      access: { permission: 'clients:read' },
      async handle(req, res) {
        res.json(presentClient(await clients.read(idOf(req))));
      },
    },

    {
      method: 'PATCH',
      path: '/admin/clients/{client_id}',
      access: { permission: 'clients:update' },
      body: JSON_BODY,
      async handle(req, res) {
        const { name, scope: permissions, expires_at: expiresAt } = parse(ClientChangeBody, req.body);
        const change = {
          ...(name !== undefined && { name }),
          ...(permissions !== undefined && { permissions }),
          ...(expiresAt !== undefined && { expiresAt }),
        };
        res.json(presentClient(await clients.update(idOf(req), change, granterOf(req))));
      },
    },

    {
      method: 'DELETE',
      path: '/admin/clients/{client_id}',
      access: { permission: 'clients:delete' },
      async handle(req, res) {
        await clients.remove(idOf(req), granterOf(req));
        res.status(204).end();
      },
    },

    {
      method: 'POST',
      path: '/admin/clients/{client_id}/secrets',
      access: { permission: 'clients:add-secret' },
      async handle(req, res) {
        const { id, secret } = await clients.addSecret(idOf(req), granterOf(req));
        res.status(201).json({ secret_id: id, client_secret: secret });
      },
    },

    {
      method: 'DELETE',
      path: '/admin/clients/{client_id}/secrets/{secret_id}',
      access: { permission: 'clients:remove-secret' },
      async handle(req, res) {
        const path = SecretPath.safeParse(req.params).data;
        if (path === undefined) throw new AppError('secret_not_found');
        await clients.removeSecret(path.client_id, path.secret_id, granterOf(req));
        res.status(204).end();
      },
    },
  ];
}

/** What is no id is nobody's. */
function idOf(req: Request): string {
  const id = ClientPath.safeParse(req.params).data?.client_id;
  if (id === undefined) throw new AppError('client_not_found');
  return id;
}
