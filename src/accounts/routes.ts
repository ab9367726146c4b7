import { type RequestHandler, Router } from 'express';
import { claimsOf } from '../http/authenticate.ts';
import { deviceOf } from '../http/device.ts';
import { parse } from '../http/parse.ts';
import {
  LoginBody,
  PasswordBody,
  ProfileBody,
  presentLogin,
  presentUser,
  RemovalBody,
  SignupBody,
} from './schemas.ts';
import type { Accounts } from './service.ts';

export function accountRoutes(accounts: Accounts, authenticate: RequestHandler): Router {
  const router = Router();

  router.post('/signup', async (req, res) => {
    const login = await accounts.signup(parse(SignupBody, req.body), deviceOf(req));
    res.status(201).location('/me').json(presentLogin(login));
  });

  router.post('/login', async (req, res) => {
    res.json(presentLogin(await accounts.login(parse(LoginBody, req.body), deviceOf(req))));
  });

  router.get('/me', authenticate, async (req, res) => {
    res.json(presentUser(await accounts.get(claimsOf(req).sub)));
  });

  router.patch('/me', authenticate, async (req, res) => {
    res.json(presentUser(await accounts.updateProfile(claimsOf(req).sub, parse(ProfileBody, req.body))));
  });

  router.delete('/me', authenticate, async (req, res) => {
    await accounts.remove(claimsOf(req).sub, parse(RemovalBody, req.body).password);
    res.status(204).end();
  });

  router.post('/me/password', authenticate, async (req, res) => {
    const { current_password, new_password } = parse(PasswordBody, req.body);
    const { sub: userId, sid: sessionId } = claimsOf(req);
    await accounts.changePassword({
      userId,
      sessionId,
      currentPassword: current_password,
      newPassword: new_password,
    });
    res.status(204).end();
  });

  return router;
}
