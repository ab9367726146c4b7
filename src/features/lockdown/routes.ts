import { z } from 'zod';
import { LINK_ERRORS } from '../../core/codes/errors.ts';
import { LinkToken } from '../../core/codes/fields.ts';
import { anyone, ownPage, session } from '../../http/access.ts';
import { noContent } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { BUTTON_FORM, linkPage } from '../../http/link-page.ts';
import { showPage } from '../../http/page.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS, CODES_AND_LINKS } from '../../http/tags.ts';
import type { Lockdown } from './lockdown.ts';

const route = routesWith<{ readonly lockdown: Lockdown }>();

const LockdownBody = z.strictObject({ token: LinkToken }).meta({ id: 'Lockdown' });

const LINK_PAGE = linkPage('lockdown_link', 'invalid_link');

const WHAT_ENDS =
  'It ends every session, refresh token, device token and API key, the password, and, where there is an email address, the phone number, the providers and the passkeys.';

export const lockdownRoutes = [
  route({
    id: 'lockDownMe',
    method: 'POST',
    path: '/me/lockdown',
    tag: ACCOUNTS,
    summary: 'Lock your account, where someone else may be in it',
    description: `${WHAT_ENDS} Choose another one by POST /password/forgot.`,
    access: session(),
    answers: { 204: 'All access has ended; a browser forgets its cookie' },
    refuses: ['channel_not_configured'],
    async handle({ caller, forgetCookie }, { lockdown }) {
      await lockdown.lockMine(caller);
      forgetCookie();
      return noContent();
    },
  }),

  route({
    id: 'lockDown',
    method: 'POST',
    path: '/lockdown',
    tag: CODES_AND_LINKS,
    summary: 'Lock your account by the link of a mail about a new device',
    description: `${WHAT_ENDS} The token is good for 7 days.`,
    access: anyone(),
    limit: 'login-ip',
    body: json(LockdownBody),
    answers: { 204: 'All access has ended' },
    refuses: [...LINK_ERRORS, 'database_unavailable'],
    async handle({ body, origin }, { lockdown }) {
      await lockdown.lockByLink(body.token, origin);
      return noContent();
    },
  }),

  route({
    id: 'lockDownPage',
    method: 'GET',
    path: '/lockdown/{token}',
    access: anyone(),
    ...LINK_PAGE,
    async handle({ params }, { lockdown }) {
      await lockdown.open(params.token);
      return showPage({ words: 'pages.lock_down', leadsTo: [] });
    },
  }),

  route({
    id: 'lockDownByLink',
    method: 'POST',
    path: '/lockdown/{token}',
    access: ownPage(),
    body: BUTTON_FORM,
    ...LINK_PAGE,
    async handle({ params, origin }, { lockdown }) {
      await lockdown.lockByLink(params.token, origin);
      return showPage({ words: 'pages.locked_down', data: { leadsToSignIn: true } });
    },
  }),
];
