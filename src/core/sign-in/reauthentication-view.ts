import { z } from 'zod';
import { acrOf } from '../principal.ts';
import { accessGrantShape, presentAccess } from '../sessions/grant-view.ts';
import { cookieGrantShape } from './login-view.ts';
import type { Reauthenticated } from './reauthenticate.ts';

const authenticationShape = {
  acr: z.enum(['1', '2']).meta({ description: 'By how many factors the session is authenticated now' }),
  auth_time: z.int().meta({ description: 'Since when, in seconds since 1970' }),
};

/** By what the client has of its session. */
export const ReauthenticationAnswer = z
  .union([
    z.strictObject({
      ...accessGrantShape,
      scope: z.string().meta({ description: 'What it allows: permissions separated by spaces' }),
      ...authenticationShape,
    }),
    z.strictObject({ ...cookieGrantShape, ...authenticationShape }),
  ])
  .meta({ id: 'ReauthenticationAnswer' });

/** `cookie` is that of a browser, which has no token. */
export function presentReauthentication(
  { authentication: { methods, at }, grant }: Reauthenticated,
  cookie: () => { readonly csrfToken: string; readonly expiresAt: Date },
): z.infer<typeof ReauthenticationAnswer> {
  const authentication = { acr: acrOf(methods), auth_time: Math.floor(at.getTime() / 1000) };
  if (grant !== null)
    return { ...presentAccess(grant), scope: grant.permissions.join(' '), ...authentication };
  const { csrfToken, expiresAt } = cookie();
  return { csrf_token: csrfToken, expires_at: expiresAt.toISOString(), ...authentication };
}
