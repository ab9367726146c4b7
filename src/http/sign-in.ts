import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { CookieSessions, SessionCookie } from '../core/cookie-sessions/cookie-sessions.ts';
import { userCaller } from '../core/principal.ts';
import type { Transport } from '../core/sessions/session.ts';
import type { Sessions } from '../core/sessions/sessions.ts';
import type { SignInClient } from '../core/sign-in/client.ts';
import { type Login, presentLogin, SignInAnswer } from '../core/sign-in/login-view.ts';
import { readBearerToken, unlessRefused } from './authenticate.ts';
import type { Cookies } from './cookies.ts';
import { originNotAllowed } from './credentials.ts';
import { originOf } from './origin.ts';

/** The answer to a sign-in, as routes describe it. */
export const SIGNED_IN_ANSWER = {
  description: 'The account and an access token, or a cookie',
  headers: { 'Set-Cookie': 'Where `transport` is cookie' },
  schema: SignInAnswer,
} as const;

/** A sign-in whose answer can reach its client. */
export interface BegunSignIn {
  readonly client: SignInClient;
  /**
   * The answer once the user has proved who they are: with tokens in the body, or with a cookie. That replaces the one
   * before, whose session ends.
   */
  readonly complete: (login: Login) => Promise<z.infer<typeof SignInAnswer>>;
}

/**
 * Begins a sign-in by the transport that the client asks for, tokens by default. `isIntended` says that
 * a cookie has shown that this browser began it: then the page of another site may have led here.
 * @throws AppError cookie_not_settable, origin_not_allowed, session_store_unavailable
 */
export type BeginSignIn = (transport: Transport | undefined, isIntended?: boolean) => Promise<BegunSignIn>;

export interface SignInOptions {
  readonly cookies: Cookies;
  readonly cookieSessions: Pick<CookieSessions, 'authenticate' | 'requireUp'>;
  /** @throws AppError as `authenticate` */
  readonly userInSession: (token: string | undefined) => Promise<string | undefined>;
  readonly sessions: Pick<Sessions, 'end'>;
}

/** `onSignedIn` is told of the cookie that the answer sets. */
export function createBeginSignIn(
  req: Request,
  res: Response,
  options: SignInOptions,
  onSignedIn: (cookie: SessionCookie) => void,
): BeginSignIn {
  const { cookies, cookieSessions, userInSession, sessions } = options;

  return (transport = 'token', isIntended = false) =>
    transport === 'token' ? byTokens() : byCookie(isIntended);

  async function byTokens(): Promise<BegunSignIn> {
    const sessionUserId = await unlessRefused(() => userInSession(readBearerToken(req)));
    return {
      client: clientOf('token', sessionUserId),
      complete: async (login) => presentLogin(login),
    };
  }

  async function byCookie(isIntended: boolean): Promise<BegunSignIn> {
    cookies.requireSettable(req);
    // A page elsewhere could sign its visitor in to an account of its own.
    if (!isIntended && cookies.isFromAllowedPage(req) === false) throw originNotAllowed(req);
    const replaced = await replacedSession();
    // Also where that has just shown it: a password would be hashed for nothing.
    cookieSessions.requireUp();
    const client = clientOf('cookie', replaced?.userId);
    return {
      client,
      async complete(login) {
        if (replaced !== undefined) {
          const { userId, id } = replaced;
          await sessions.end({ userId, id }, 'signed_in_again', userCaller(userId, client.origin, id));
        }
        const { grant } = login;
        if (grant.transport === 'cookie') {
          cookies.setSession(req, res, grant);
          onSignedIn(grant);
        }
        cookies.setDevice(req, res, login.deviceToken);
        return presentLogin(login);
      },
    };
  }

  function clientOf(transport: Transport, sessionUserId: string | undefined): SignInClient {
    return { transport, origin: originOf(req), sessionUserId, deviceToken: cookies.deviceToken(req) };
  }

  /** The session of the cookie that the new one replaces. */
  async function replacedSession() {
    const cookieIds = cookies.sessionIds(req) ?? [];
    const found = await unlessRefused(() => cookieSessions.authenticate(cookieIds, false));
    const { userId, sessionId } = found?.principal ?? {};
    return userId && sessionId ? { userId, id: sessionId } : undefined;
  }
}
