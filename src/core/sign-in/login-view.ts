import { z } from 'zod';
import { presentGrant, sessionGrantShape } from '../sessions/grant-view.ts';
import type { SessionGrant } from '../sessions/sessions.ts';
import type { User } from '../users/user.ts';
import { presentUser, UserView } from '../users/view.ts';

/** A user who has signed in. */
export interface Login {
  readonly user: User;
  readonly grant: SessionGrant;
  readonly deviceToken: string;
}

export const LoginAnswer = z
  .strictObject({
    user: UserView,
    ...sessionGrantShape,
    device_token: z.string().meta({ description: 'Keep it, and send it with the next login on this device' }),
  })
  .meta({ id: 'LoginAnswer' });

export function presentLogin({ user, grant, deviceToken }: Login): z.infer<typeof LoginAnswer> {
  return { ...presentUser(user), ...presentGrant(grant), device_token: deviceToken };
}
