import { type Request, type RequestHandler, Router } from 'express';
import { AppError } from '../../errors.ts';
import { requireScope } from '../../http/caller.ts';
import { granterOf } from '../../http/granter.ts';
import { parse } from '../../http/parse.ts';
import { presentSessions } from '../../sessions/schemas.ts';
import type { createImport } from './import.ts';
import {
  ImportBody,
  NewUserBody,
  presentImport,
  presentPage,
  presentUserInFull,
  RolesBody,
  UserChangeBody,
  UserPath,
  UserSessionPath,
  UsersQuery,
} from './schemas.ts';
import type { UserAdmin, UserInFull } from './service.ts';

export interface UserAdminRouteDependencies {
  readonly userAdmin: UserAdmin;
  readonly importUsers: ReturnType<typeof createImport>;
  readonly authenticate: RequestHandler;
}

/** /admin/users: each route has a permission of its own. */
export function userAdminRoutes(dependencies: UserAdminRouteDependencies): Router {
  const { userAdmin, importUsers, authenticate } = dependencies;
  const router = Router();
  const mayDo = (permission: string) => [authenticate, requireScope(permission)] as const;

  router.get('/admin/users', ...mayDo('users:list'), async (req, res) => {
    const { limit, cursor, search, ...filter } = parse(UsersQuery, req.query);
    const canonical = { ...filter, search: search?.trim().normalize('NFC').toLowerCase() };
    res.json(presentPage(await userAdmin.list(canonical, limit + 1, cursor), limit));
  });

  router.post('/admin/users', ...mayDo('users:create'), async (req, res) => {
    const { email_verified: emailVerified, ...account } = parse(NewUserBody, req.body);
    const created = await userAdmin.create({ ...account, emailVerified }, granterOf(req));
    res.status(201).location(`/admin/users/${created.user.id}`).json(present(created));
  });

  router.post('/admin/users/import', ...mayDo('users:import'), async (req, res) => {
    res.json(presentImport(await importUsers(parse(ImportBody, req.body).users, granterOf(req))));
  });

  router.get('/admin/users/:id', ...mayDo('users:read'), async (req, res) => {
    res.json(present(await userAdmin.read(idOf(req))));
  });

  router.patch('/admin/users/:id', ...mayDo('users:update'), async (req, res) => {
    const { email_verified: emailVerified, ...change } = parse(UserChangeBody, req.body);
    const verified = emailVerified === undefined ? {} : { emailVerified };
    res.json(present(await userAdmin.update(idOf(req), { ...change, ...verified }, granterOf(req))));
  });

  router.delete('/admin/users/:id', ...mayDo('users:delete'), async (req, res) => {
    await userAdmin.remove(idOf(req), granterOf(req));
    res.status(204).end();
  });

  router.post('/admin/users/:id/disable', ...mayDo('users:disable'), async (req, res) => {
    res.json(present(await userAdmin.disable(idOf(req), granterOf(req))));
  });

  router.post('/admin/users/:id/enable', ...mayDo('users:enable'), async (req, res) => {
    res.json(present(await userAdmin.enable(idOf(req), granterOf(req))));
  });

  router.post('/admin/users/:id/unlock', ...mayDo('users:unlock'), async (req, res) => {
    await userAdmin.unlock(idOf(req), granterOf(req));
    res.status(204).end();
  });

  router.post(
    '/admin/users/:id/force-password-change',
    ...mayDo('users:force-password-change'),
    async (req, res) => {
      res.json(present(await userAdmin.forcePasswordChange(idOf(req), granterOf(req))));
    },
  );

  router.put('/admin/users/:id/roles', ...mayDo('users:set-roles'), async (req, res) => {
    res.json(present(await userAdmin.setRoles(idOf(req), parse(RolesBody, req.body).roles, granterOf(req))));
  });

  router.get('/admin/users/:id/sessions', ...mayDo('sessions:list'), async (req, res) => {
    res.json(presentSessions(await userAdmin.listSessions(idOf(req)), null));
  });

  router.delete('/admin/users/:id/sessions', ...mayDo('sessions:end'), async (req, res) => {
    await userAdmin.endSessions(idOf(req), undefined, granterOf(req));
    res.status(204).end();
  });

  router.delete('/admin/users/:id/sessions/:session_id', ...mayDo('sessions:end'), async (req, res) => {
    const path = UserSessionPath.safeParse(req.params).data;
    if (path === undefined) throw new AppError('session_not_found');
    const ended = await userAdmin.endSessions(path.id, path.session_id, granterOf(req));
    if (ended === 0) throw new AppError('session_not_found');
    res.status(204).end();
  });

  return router;
}

function present(user: UserInFull) {
  return { user: presentUserInFull(user) };
}

/** What is no id is nobody's. */
function idOf(req: Request): string {
  const id = UserPath.safeParse(req.params).data?.id;
  if (id === undefined) throw new AppError('user_not_found');
  return id;
}
