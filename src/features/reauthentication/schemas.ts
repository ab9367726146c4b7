import { z } from 'zod';
import { acrOf } from '../../core/principal.ts';
import { accessGrantShape, presentAccess } from '../../core/sessions/grant-view.ts';
import { cookieGrantShape } from '../../core/sign-in/login-view.ts';
import type { Reauthenticated } from '../../core/sign-in/reauthenticate.ts';
import { GivenPassword } from '../../core/users/fields.ts';

export const ReauthenticationBody = z
  .strictObject({
    password: GivenPassword,
  })
  .meta({ id: 'Reauthentication', example: { password: 'correct horse battery staple' } });

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
