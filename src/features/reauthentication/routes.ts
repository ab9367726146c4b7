import type { Reauthenticate } from '../../core/sign-in/reauthenticate.ts';
import { session } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import { presentReauthentication, ReauthenticationAnswer, ReauthenticationBody } from './schemas.ts';

const route = routesWith<{ readonly reauthenticate: Reauthenticate }>();

export const reauthenticationRoutes = [
  route({
    id: 'reauthenticate',
    method: 'POST',
    path: '/me/reauthenticate',
    tag: ACCOUNTS,
    summary: 'Prove again who you are, for what takes a recent authentication',
    description:
      'The session goes on with the same refresh token or cookie. The new access token says how and when you have authenticated; one from before does not.',
    access: session(),
    body: json(ReauthenticationBody),
    answers: {
      200: {
        description: 'An access token; for a browser with a cookie, that of its page',
        schema: ReauthenticationAnswer,
      },
    },
    refuses: ['wrong_password', 'overloaded'],
    async handle({ body, caller, cookie }, { reauthenticate }) {
      return ok(presentReauthentication(await reauthenticate.byPassword(caller, body.password), cookie));
    },
  }),
];
