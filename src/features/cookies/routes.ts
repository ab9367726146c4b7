import { insufficientScope } from '../../core/access/insufficient-scope.ts';
import { presentAccess } from '../../core/sessions/grant-view.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { cookie } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import { CodeAnswer, CodeBody, CsrfAnswer, TokenAnswer, TokenBody } from './schemas.ts';
import type { SessionCodes } from './session-codes.ts';

const route = routesWith<{
  readonly sessions: Pick<Sessions, 'tokenFor'>;
  readonly sessionCodes: SessionCodes;
}>();

const COOKIES: Tag = {
  name: 'Cookies',
  description: 'For pages in a browser that hold no tokens',
};

export const cookieRoutes = [
  route({
    id: 'getCsrfToken',
    method: 'GET',
    path: '/csrf',
    tag: COOKIES,
    summary: 'Get the CSRF token of your session, after a reload',
    access: cookie({ forEnrolment: true }),
    answers: { 200: { description: 'The same as at the sign-in', schema: CsrfAnswer } },
    handle({ cookie }) {
      const { csrfToken, expiresAt } = cookie();
      return ok({ csrf_token: csrfToken, expires_at: expiresAt.toISOString() });
    },
  }),

  route({
    id: 'createSessionToken',
    method: 'POST',
    path: '/session/token',
    tag: COOKIES,
    summary: 'Get an access token for another service',
    description: 'It belongs to the session of the cookie, and ends with it.',
    access: cookie(),
    body: json(TokenBody),
    answers: { 200: { description: 'An access token without a refresh token', schema: TokenAnswer } },
    refuses: ['insufficient_scope'],
    handle({ body, caller: { principal }, cookie }, { sessions }) {
      const wanted = body?.scope;
      const missing = wanted?.find((name) => !principal.permissions.includes(name));
      if (missing !== undefined) throw insufficientScope(missing);
      const grant = sessions.tokenFor(principal, cookie().expiresAt, wanted);
      return ok({ ...presentAccess(grant), scope: grant.permissions.join(' ') });
    },
  }),

  route({
    id: 'createSessionCode',
    method: 'POST',
    path: '/session/code',
    tag: COOKIES,
    summary: 'Get a code with which an app begins a session of its own',
    description:
      'For POST /login/exchange: it is good once, and for a minute. The sign-in pages lead back to an app with it.',
    access: cookie(),
    body: json(CodeBody),
    answers: { 200: { description: 'The code', schema: CodeAnswer } },
    async handle({ body, caller: { principal } }, { sessionCodes }) {
      return ok({ code: await sessionCodes.issue(principal, body?.challenge_id ?? null) });
    },
  }),
];
