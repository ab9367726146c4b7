import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { claimsOf } from '../http/authenticate.ts';
import { callerOf, insufficientScope, loggedInUserOf, permissionsOf } from '../http/caller.ts';
import { parse } from '../http/parse.ts';
import { ApiKeyBody, ApiKeyPath, presentApiKey } from './schemas.ts';
import type { ApiKeys, KeyOwner } from './service.ts';

export interface ApiKeyRouteDependencies {
  readonly apiKeys: ApiKeys;
  readonly authenticate: RequestHandler;
}

/** API keys are made, seen and deleted by somebody who has logged in, never with a key. */
export function apiKeyRoutes({ apiKeys, authenticate }: ApiKeyRouteDependencies): Router {
  const router = Router();

  router.get('/api-keys', authenticate, async (req, res) => {
    const keys = await apiKeys.list(loggedInUserOf(req));
    res.json({ api_keys: keys.map(presentApiKey) });
  });

  router.post('/api-keys', authenticate, async (req, res) => {
    const owner = ownerOf(req);
    const { name, scope, expires_at } = parse(ApiKeyBody, req.body);
    demandHeld(req, scope ?? []);
    const { apiKey, key } = await apiKeys.create({ name, scope, expiresAt: expires_at }, owner);
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

  return router;
}

function ownerOf(req: Request): KeyOwner {
  return { userId: loggedInUserOf(req), caller: callerOf(req) };
}

/** Nobody gives away more than they hold. */
function demandHeld(req: Request, permissions: readonly string[]): void {
  const held = permissionsOf(claimsOf(req));
  const missing = permissions.find((permission) => !held.includes(permission));
  if (missing !== undefined) throw insufficientScope(missing);
}

function idOf(req: Request): string {
  const id = ApiKeyPath.safeParse(req.params).data?.id;
  if (id === undefined) throw new AppError('api_key_not_found');
  return id;
}
