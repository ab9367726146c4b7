import { z } from 'zod';
import { presentGrant, tokenGrantShape } from '../sessions/grant-view.ts';
import { TRANSPORTS } from '../sessions/session.ts';
import type { SessionGrant } from '../sessions/sessions.ts';
import type { User } from '../users/user.ts';
import { presentUser, UserView } from '../users/view.ts';
import { wellFormedText } from '../values/text.ts';

/** A user who has signed in. */
export interface Login {
  readonly user: User;
  readonly grant: SessionGrant;
  readonly deviceToken: string;
}

/** How the client wants to hold its session: a field of every sign-in. */
export const TransportField = z.enum(TRANSPORTS).optional().meta({
  description:
    'token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser',
  example: 'token',
});

export const DeviceToken = wellFormedText.meta({
  description: 'From an earlier login on this device: then failures elsewhere do not count against this one',
  example: 'DEVICE_TOKEN',
});

export const LoginAnswer = z
  .strictObject({
    user: UserView,
    ...tokenGrantShape,
    device_token: z.string().meta({ description: 'Keep it, and send it with the next login on this device' }),
  })
  .meta({ id: 'LoginAnswer' });

/** What a page is told of its cookie, which it cannot read. */
export const cookieGrantShape = {
  csrf_token: z.string().meta({ description: 'Send it as X-CSRF-Token with every change' }),
  expires_at: z.iso.datetime().meta({ description: 'When the session ends unless it is used' }),
};

export const CookieLoginAnswer = z
  .strictObject({ user: UserView, ...cookieGrantShape })
  .meta({ id: 'CookieLoginAnswer' });

/** By the transport that was asked for. */
export const SignInAnswer = z.union([LoginAnswer, CookieLoginAnswer]).meta({ id: 'SignInAnswer' });

export function presentLogin({ user, grant, deviceToken }: Login): z.infer<typeof SignInAnswer> {
  if (grant.transport === 'token')
    return { ...presentUser(user), ...presentGrant(grant), device_token: deviceToken };
  return { ...presentUser(user), csrf_token: grant.csrfToken, expires_at: grant.expiresAt.toISOString() };
}
