import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { requireScope } from '../http/caller.ts';
import { granterOf } from '../http/granter.ts';
import { parse } from '../http/parse.ts';
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
import type { Clients } from './service.ts';

export interface ClientRouteDependencies {
  readonly clients: Clients;
  readonly authenticate: RequestHandler;
}

/** /admin/clients: each route has a permission of its own. */
export function clientRoutes({ clients, authenticate }: ClientRouteDependencies): Router {
  const router = Router();
  const mayDo = (permission: string) => [authenticate, requireScope(permission)] as const;

  router.get('/admin/clients', ...mayDo('clients:list'), async (req, res) => {
    const { limit, cursor } = parse(ClientsQuery, req.query);
    res.json(presentClients(await clients.list(limit + 1, cursor), limit));
  });

  router.post('/admin/clients', ...mayDo('clients:create'), async (req, res) => {
    const { name, scope: permissions, expires_at: expiresAt = null } = parse(NewClientBody, req.body);
    const created = await clients.create({ name, permissions, expiresAt }, granterOf(req));
    res.status(201).location(`/admin/clients/${created.client.id}`).json(presentNewClient(created));
  });

  router.get('/admin/clients/:client_id', ...mayDo('clients:read'), async (req, res) => {
    res.json(presentClient(await clients.read(idOf(req))));
  });

  router.patch('/admin/clients/:client_id', ...mayDo('clients:update'), async (req, res) => {
    const { name, scope: permissions, expires_at: expiresAt } = parse(ClientChangeBody, req.body);
    const change = {
      ...(name !== undefined && { name }),
      ...(permissions !== undefined && { permissions }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    res.json(presentClient(await clients.update(idOf(req), change, granterOf(req))));
  });

  router.delete('/admin/clients/:client_id', ...mayDo('clients:delete'), async (req, res) => {
    await clients.remove(idOf(req), granterOf(req));
    res.status(204).end();
  });

  router.post('/admin/clients/:client_id/secrets', ...mayDo('clients:add-secret'), async (req, res) => {
    const { id, secret } = await clients.addSecret(idOf(req), granterOf(req));
    res.status(201).json({ secret_id: id, client_secret: secret });
  });

  router.delete(
    '/admin/clients/:client_id/secrets/:secret_id',
    ...mayDo('clients:remove-secret'),
    async (req, res) => {
      const path = SecretPath.safeParse(req.params).data;
      if (path === undefined) throw new AppError('secret_not_found');
      await clients.removeSecret(path.client_id, path.secret_id, granterOf(req));
      res.status(204).end();
    },
  );

  return router;
}

/** What is no id is nobody's. */
function idOf(req: Request): string {
  const id = ClientPath.safeParse(req.params).data?.client_id;
  if (id === undefined) throw new AppError('client_not_found');
  return id;
}
