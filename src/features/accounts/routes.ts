import type { Request } from 'express';
import { demandToken, readBearerToken, type TokenCheck, unlessRefused } from '../../http/authenticate.ts';
import { JSON_BODY } from '../../http/body.ts';
import { callerOf, userOf } from '../../http/caller.ts';
import { originOf } from '../../http/origin.ts';
import { parse } from '../../http/parse.ts';
import { showQuota } from '../../http/rate-limit.ts';
import type { Route } from '../../http/route.ts';
import type { KnownDevice } from '../password/login.ts';
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
  /** The claims of a token that has not been revoked. */
  readonly verifyLive: TokenCheck;
  readonly signupDisabled: boolean;
}

export function accountRoutes({
  accounts,
  verifyLive,
  signupDisabled,
}: AccountRouteDependencies): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/signup',
      limit: 'signup-ip',
      hashes: !signupDisabled,
      access: 'public',
      body: JSON_BODY,
      async handle(req, res) {
        const login = await accounts.signup(parse(SignupBody, req.body), originOf(req));
        res.status(201).location('/me').json(presentLogin(login));
      },
    },

    {
      method: 'POST',
      path: '/login',
      limit: 'login-ip',
      hashes: true,
      access: 'public',
      body: JSON_BODY,
      async handle(req, res) {
        const { device_token, new_password: newPassword, ...given } = parse(LoginBody, req.body);
        const credentials = { ...given, newPassword };
        const login = await accounts.login(credentials, originOf(req), await knownDevice(req, device_token));
        if (login.quota) showQuota(res, login.quota);
        res.json(presentLogin(login));
      },
    },

    {
      method: 'GET',
      path: '/me',
      access: 'user',
      async handle(req, res) {
        res.json(presentUser(await accounts.get(userOf(req).userId)));
      },
    },

    {
      method: 'PATCH',
      path: '/me',
      access: 'user',
      body: JSON_BODY,
      async handle(req, res) {
        res.json(
          presentUser(
            await accounts.updateProfile(userOf(req).userId, parse(ProfileBody, req.body), callerOf(req)),
          ),
        );
      },
    },

    {
      method: 'DELETE',
      path: '/me',
      access: 'session',
      body: JSON_BODY,
      async handle(req, res) {
        await accounts.remove(confirmation(req, parse(RemovalBody, req.body).password));
        res.status(204).end();
      },
    },

    {
      method: 'POST',
      path: '/me/password',
      access: 'session',
      body: JSON_BODY,
      async handle(req, res) {
        const { current_password, new_password } = parse(PasswordBody, req.body);
        await accounts.changePassword(confirmation(req, current_password), new_password);
        res.status(204).end();
      },
    },
  ];

  async function knownDevice(req: Request, deviceToken: string | undefined): Promise<KnownDevice> {
    const claims = await unlessRefused(() => verifyLive(demandToken(readBearerToken(req))));
    return { deviceToken, session: claims?.sid ? { userId: claims.sub } : undefined };
  }
}

function confirmation(req: Request, password: string): Confirmation {
  return { userId: userOf(req).userId, password, caller: callerOf(req) };
}
