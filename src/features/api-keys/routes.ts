import type { Request } from 'express';
import { granterOf } from '../../core/access/grants.ts';
import { AppError } from '../../core/errors.ts';
import { JSON_BODY } from '../../http/body.ts';
import { callerOf, loggedInUserOf } from '../../http/caller.ts';
import { parse } from '../../http/parse.ts';
import type { Route } from '../../http/route.ts';
import type { ApiKeys, KeyOwner } from './api-keys.ts';
import { ApiKeyBody, ApiKeyPath, presentApiKey, UserKeyPath, UserPath } from './schemas.ts';

export interface ApiKeyRouteDependencies {
  readonly apiKeys: ApiKeys;
}

/** API keys are made by somebody who has logged in, never with a key, and seen and deleted by them or an administrator. */
export function apiKeyRoutes({ apiKeys }: ApiKeyRouteDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api-keys',
      access: 'session',
      async handle(req, res) {
        const keys = await apiKeys.list(loggedInUserOf(req));
        res.json({ api_keys: keys.map(presentApiKey) });
      },
    },

    {
      method: 'POST',
      path: '/api-keys',
      access: 'session',
      body: JSON_BODY,
      async handle(req, res) {
        const userId = loggedInUserOf(req);
        const { name, scope, expires_at: expiresAt } = parse(ApiKeyBody, req.body);
        const { apiKey, key } = await apiKeys.create({ name, scope, expiresAt }, userId, granterOf(req));
        res
          .status(201)
          .location(`/api-keys/${apiKey.id}`)
          .json({ ...presentApiKey(apiKey), key });
      },
    },

    {
      method: 'GET',
      path: '/api-keys/{id}',
      access: 'session',
      async handle(req, res) {
        const userId = loggedInUserOf(req);
        res.json(presentApiKey(await apiKeys.get(userId, idOf(req))));
      },
    },

    {
      method: 'DELETE',
      path: '/api-keys/{id}',
      access: 'session',
      async handle(req, res) {
        const owner = ownerOf(req);
        await apiKeys.remove(idOf(req), owner);
        res.status(204).end();
      },
    },

    {
      method: 'GET',
      path: '/admin/users/{id}/api-keys',
      access: { permission: 'api-keys:list' },
      async handle(req, res) {
        const userId = UserPath.safeParse(req.params).data?.id;
        const keys = userId === undefined ? [] : await apiKeys.list(userId);
        res.json({ api_keys: keys.map(presentApiKey) });
      },
    },

    {
      method: 'DELETE',
      path: '/admin/users/{id}/api-keys/{key_id}',
      access: { permission: 'api-keys:delete' },
      async handle(req, res) {
        const path = UserKeyPath.safeParse(req.params).data;
        if (path === undefined) throw new AppError('api_key_not_found');
        await apiKeys.removeOf(path.id, path.key_id, granterOf(req));
        res.status(204).end();
      },
    },
  ];
}

function ownerOf(req: Request): KeyOwner {
  return { userId: loggedInUserOf(req), caller: callerOf(req) };
}

function idOf(req: Request): string {
  const id = ApiKeyPath.safeParse(req.params).data?.id;
  if (id === undefined) throw new AppError('api_key_not_found');
  return id;
}
