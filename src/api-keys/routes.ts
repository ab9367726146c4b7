import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { callerOf, loggedInUserOf, requireScope } from '../http/caller.ts';
import { granterOf } from '../http/granter.ts';
import { parse } from '../http/parse.ts';
import { ApiKeyBody, ApiKeyPath, presentApiKey, UserKeyPath, UserPath } from './schemas.ts';
import type { ApiKeys, KeyOwner } from './service.ts';

export interface ApiKeyRouteDependencies {
  readonly apiKeys: ApiKeys;
  readonly authenticate: RequestHandler;
}

/** API keys are made by somebody who has logged in, never with a key, and seen and deleted by them or an administrator. */
export function apiKeyRoutes({ apiKeys, authenticate }: ApiKeyRouteDependencies): Router {
  const router = Router();

  router.get('/api-keys', authenticate, async (req, res) => {
    const keys = await apiKeys.list(loggedInUserOf(req));
    res.json({ api_keys: keys.map(presentApiKey) });
  });

  router.post('/api-keys', authenticate, async (req, res) => {
    const userId = loggedInUserOf(req);
    const { name, scope, expires_at: expiresAt } = parse(ApiKeyBody, req.body);
    const { apiKey, key } = await apiKeys.create({ name, scope, expiresAt }, userId, granterOf(req));
    res
      .status(201)
      .location(`/api-keys/${apiKey.id}`)
      .json({ ...presentApiKey(apiKey), key });
  });

  router.get('/api-keys/:id', authenticate, async (req, res) => {
    const userId = loggedInUserOf(req);
    res.json(presentApiKey(await apiKeys.get(userId, idOf(req))));
  });

  router.delete('/api-keys/:id', authenticate, async (req, res) => {
    const owner = ownerOf(req);
    await apiKeys.remove(idOf(req), owner);
    res.status(204).end();
  });

  router.get('/admin/users/:id/api-keys', authenticate, requireScope('api-keys:list'), async (req, res) => {
    const userId = UserPath.safeParse(req.params).data?.id;
    const keys = userId === undefined ? [] : await apiKeys.list(userId);
    res.json({ api_keys: keys.map(presentApiKey) });
  });

  router.delete(
    '/admin/users/:id/api-keys/:key_id',
    authenticate,
    requireScope('api-keys:delete'),
    async (req, res) => {
      const path = UserKeyPath.safeParse(req.params).data;
      if (path === undefined) throw new AppError('api_key_not_found');
      await apiKeys.removeOf(path.id, path.key_id, granterOf(req));
      res.status(204).end();
    },
  );

  return router;
}

function ownerOf(req: Request): KeyOwner {
  return { userId: loggedInUserOf(req), caller: callerOf(req) };
}

function idOf(req: Request): string {
  const id = ApiKeyPath.safeParse(req.params).data?.id;
  if (id === undefined) throw new AppError('api_key_not_found');
  return id;
}
