import { type Request, type RequestHandler, Router } from 'express';
import { demandToken, readBearerToken, type TokenCheck, unlessRefused } from '../http/authenticate.ts';
import { callerOf, requireUser, userOf } from '../http/caller.ts';
import { originOf } from '../http/origin.ts';
import { parse } from '../http/parse.ts';
import { type Limit, limitByNetwork, showQuota } from '../http/rate-limit.ts';
import type { KnownDevice } from './login.ts';
import {
  LoginBody,
  PasswordBody,
  ProfileBody,
  presentLogin,
  presentUser,
  RemovalBody,
  SignupBody,
} from './schemas.ts';
import type { Accounts, Confirmation } from './service.ts';

export interface AccountRouteDependencies {
  readonly accounts: Accounts;
  readonly authenticate: RequestHandler;
  /** The claims of a token that has not been revoked. */
  readonly verifyLive: TokenCheck;
  readonly limit: Limit;
}

export function accountRoutes({
  accounts,
  authenticate,
  verifyLive,
  limit,
}: AccountRouteDependencies): Router {
  const router = Router();

  router.post('/signup', limitByNetwork(limit, 'signup-ip'), async (req, res) => {
    const login = await accounts.signup(parse(SignupBody, req.body), originOf(req));
    res.status(201).location('/me').json(presentLogin(login));
  });

  router.post('/login', limitByNetwork(limit, 'login-ip'), async (req, res) => {
    const { device_token, new_password: newPassword, ...given } = parse(LoginBody, req.body);
    const credentials = { ...given, newPassword };
    const login = await accounts.login(credentials, originOf(req), await knownDevice(req, device_token));
    if (login.quota) showQuota(res, login.quota);
    res.json(presentLogin(login));
  });

  const forUsers = [authenticate, requireUser] as const;

  router.get('/me', ...forUsers, async (req, res) => {
    res.json(presentUser(await accounts.get(userOf(req).userId)));
  });

  router.patch('/me', ...forUsers, async (req, res) => {
    res.json(
      presentUser(
        await accounts.updateProfile(userOf(req).userId, parse(ProfileBody, req.body), callerOf(req)),
      ),
    );
  });

  router.delete('/me', ...forUsers, async (req, res) => {
    await accounts.remove(confirmation(req, parse(RemovalBody, req.body).password));
    res.status(204).end();
  });

  router.post('/me/password', ...forUsers, async (req, res) => {
    const { current_password, new_password } = parse(PasswordBody, req.body);
    await accounts.changePassword(confirmation(req, current_password), new_password);
    res.status(204).end();
  });

  async function knownDevice(req: Request, deviceToken: string | undefined): Promise<KnownDevice> {
    const claims = await unlessRefused(() => verifyLive(demandToken(readBearerToken(req))));
    return { deviceToken, session: claims?.sid ? { userId: claims.sub, id: claims.sid } : undefined };
  }

  return router;
}

function confirmation(req: Request, password: string): Confirmation {
  return { userId: userOf(req).userId, password, caller: callerOf(req) };
}
