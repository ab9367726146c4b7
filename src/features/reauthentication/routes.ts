import type { Reauthenticate } from '../../core/sign-in/reauthenticate.ts';
import { presentReauthentication, ReauthenticationAnswer } from '../../core/sign-in/reauthentication-view.ts';
import { session } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import { ReauthenticationBody } from './schemas.ts';

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
    access: session({ forEnrolment: true }),
    body: json(ReauthenticationBody),
    answers: {
      200: {
        description: 'An access token; for a browser with a cookie, that of its page',
        schema: ReauthenticationAnswer,
      },
    },
    refuses: [
      'wrong_password',
      'invalid_factor',
      'factor_not_allowed',
      'invalid_challenge',
      'challenge_expired',
      'challenge_used',
      'invalid_passkey',
      'passkey_unknown',
      'passkey_copied',
      'insufficient_user_authentication',
      'overloaded',
    ],
    async handle({ body, caller, cookie }, { reauthenticate }) {
      const { password, method, code = '', credential, challenge_token: challengeToken = '' } = body;
      const raised = await (password !== undefined
        ? reauthenticate.byPassword(caller, password)
        : credential !== undefined
          ? reauthenticate.byPasskey(caller, { challengeToken, credential })
          : reauthenticate.bySecondFactor(caller, { method, code }));
      return ok(presentReauthentication(raised, cookie));
    },
  }),
];
