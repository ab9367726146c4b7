import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { CookieSessions } from '../core/cookie-sessions/cookie-sessions.ts';
import { type RequestOrigin, userCaller } from '../core/principal.ts';
import type { Transport } from '../core/sessions/session.ts';
import type { Sessions } from '../core/sessions/sessions.ts';
import { type Login, presentLogin, type SignInAnswer } from '../core/sign-in/login-view.ts';
import { readBearerToken, unlessRefused } from './authenticate.ts';
import type { Cookies } from './cookies.ts';
import { originNotAllowed } from './credentials.ts';
import { originOf } from './origin.ts';

/** Where a sign-in comes from, and what is known of the client before it. */
export interface SignInContext {
  readonly transport: Transport;
  readonly origin: RequestOrigin;
  /** The user whose live session the request came with. */
  readonly sessionUserId: string | undefined;
  /** Of the device cookie. */
  readonly deviceToken: string | undefined;
}

/**
 * Answers a sign-in by the transport that the client asked for, tokens by default: with tokens in the body, or with a
 * cookie that replaces the one before.
 * @throws AppError cookie_not_settable, origin_not_allowed, session_store_unavailable, before anything is done; and what `signIn` throws
 */
export type SignIn = (
  transport: Transport | undefined,
  signIn: (context: SignInContext) => Promise<Login>,
) => Promise<z.infer<typeof SignInAnswer>>;

export interface SignInOptions {
  readonly cookies: Cookies;
  readonly cookieSessions: Pick<CookieSessions, 'authenticate' | 'csrfTokens' | 'requireUp'>;
  /** @throws AppError as `authenticate` */
  readonly userInSession: (token: string | undefined) => Promise<string | undefined>;
  readonly sessions: Pick<Sessions, 'end'>;
}

export function createSignIn(req: Request, res: Response, options: SignInOptions): SignIn {
  const { cookies, cookieSessions, userInSession, sessions } = options;

  return async (transport = 'token', signIn) => {
    const origin = originOf(req);
    const deviceToken = cookies.deviceToken(req);
    if (transport === 'token') {
      const sessionUserId = await unlessRefused(() => userInSession(readBearerToken(req)));
      return presentLogin(await signIn({ transport, origin, sessionUserId, deviceToken }));
    }

    cookies.requireSettable(req);
    // A page elsewhere could sign its visitor in to an account of its own.
    if (cookies.isFromAllowedPage(req) === false) throw originNotAllowed(req);
    const earlier = await earlierSession();
    // Also where that has just shown it: a password would be hashed for nothing.
    cookieSessions.requireUp();
    const login = await signIn({ transport, origin, sessionUserId: earlier?.userId, deviceToken });
    if (earlier !== undefined) {
      const { userId, id } = earlier;
      await sessions.end({ userId, id }, 'signed_in_again', userCaller(userId, origin, id));
    }
    const { grant } = login;
    if (grant.transport === 'cookie') cookies.setSession(req, res, grant);
    cookies.setDevice(req, res, login.deviceToken);
    return presentLogin(login);
  };

  /** The session of the cookie that the new one replaces. */
  async function earlierSession() {
    const cookieIds = cookies.sessionIds(req) ?? [];
    const use = await unlessRefused(() => cookieSessions.authenticate(cookieIds, false));
    const { userId, sessionId } = use?.principal ?? {};
    return userId && sessionId ? { userId, id: sessionId } : undefined;
  }
}
