import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { anyone } from '../../http/access.ts';
import { PAGE_ANSWER } from '../../http/link-page.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNT_PAGES } from './account/pages.ts';
import { routesOf } from './page-routes.ts';
import type { Services } from './services.ts';
import { SIGN_IN_PAGES } from './sign-in/pages.ts';

const route = routesWith<Services>();

export const PAGES = [...SIGN_IN_PAGES, ...ACCOUNT_PAGES];

const VARY = { Vary: 'Accept' };

/** The hash may be that of another version, whose processes may still run beside this one. */
const ASSET = /^(?<name>\w+)\.[\w-]{10}\.\w+$/;

/** The ids of what PAGES=off closes. */
export const PAGE_IDS: readonly string[] = [
  ...PAGES.flatMap(routesOf).map(({ id }) => id),
  'changePasswordPage',
];

export const pageRoutes = [
  // For people who open the address of the service. Programs get 404.
  route({
    id: 'home',
    method: 'GET',
    path: '/',
    access: anyone(),
    answers: { 200: PAGE_ANSWER },
    refuses: ['not_found'],
    handle({ prefersHtml }, { offers }) {
      if (!prefersHtml()) throw new AppError('not_found', undefined, { headers: VARY });
      return {
        status: 200 as const,
        headers: VARY,
        page: { words: 'pages.home', template: 'home', data: { offers } },
      };
    },
  }),

  // Where password managers lead their users (w3c.github.io/webappsec-change-password-url).
  route({
    id: 'changePasswordPage',
    method: 'GET',
    path: '/.well-known/change-password',
    access: anyone(),
    answers: { 302: 'To the page where one changes the password' },
    handle: (_input, { flows }) => ({
      status: 302 as const,
      headers: { Location: flows.locationOf('/account/password') },
    }),
  }),

  route({
    id: 'pageAsset',
    method: 'GET',
    path: '/assets/{file}',
    access: anyone(),
    cacheable: true,
    params: { schema: z.object({ file: z.string() }), unknown: 'not_found' },
    answers: { 200: { description: 'What pages load', mediaType: 'text/css', schema: z.string() } },
    refuses: ['not_found'],
    handle({ params }, { assets }) {
      const asset = assets.get(ASSET.exec(params.file)?.groups?.name ?? '');
      if (asset === undefined) throw new AppError('not_found');
      const { fileName, content, contentForOthers } = asset;
      return { status: 200 as const, content: params.file === fileName ? content : contentForOthers };
    },
  }),

  ...PAGES.flatMap(routesOf),
];
