import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { FieldProblem, Page } from '../../core/pages.ts';
import { MAX_PASSWORD_LENGTH } from '../../core/passwords/policy.ts';
import { anyone } from '../../http/access.ts';
import type { Answer } from '../../http/answer.ts';
import { pageForm } from '../../http/body.ts';
import { PAGE_ANSWER } from '../../http/link-page.ts';
import { type Route, routesWith } from '../../http/route.ts';
import type { Texts } from './flow.ts';
import type { Body, Call, FedVisit, Form, Next, PageDefinition, Shown, Visit } from './page.ts';
import { PAGE_ERRORS, RefusedForm } from './refused-form.ts';
import type { Services } from './services.ts';

const route = routesWith<Services>();

/** Where a parameter is repeated, the last one counts. */
const Query = z.unknown().transform((query): Texts => {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>))
    texts[name] = typeof value === 'string' ? value : (value.at(-1) ?? '');
  return texts;
});

const Fields = z.record(z.string(), z.string());

const SIGN_IN = '/sign-in';

/** Where an error leads a visitor of a page for users, who comes back afterwards. */
const LEADS: Readonly<Record<string, string>> = {
  token_missing: SIGN_IN,
  token_invalid: SIGN_IN,
  token_expired: SIGN_IN,
  token_revoked: SIGN_IN,
  session_ended: SIGN_IN,
  cookie_required: SIGN_IN,
  factor_enrolment_required: '/account/factors',
  insufficient_user_authentication: '/account/confirm',
};

/** The routes of a page: one that shows it, and one for its forms. */
export function routesOf(page: PageDefinition): Route<Services>[] {
  const shared = {
    path: page.path,
    access: anyone(),
    isPage: true,
    query: Query,
    errors: PAGE_ERRORS,
  } as const;
  const routes: Route<Services>[] = [
    route({
      ...shared,
      id: page.id,
      method: 'GET',
      answers: { 200: PAGE_ANSWER, 303: 'To another page' },
      handle: (exchange, services) =>
        showPage(page, visitOf(exchange, services, exchange.query, {})) as never,
    }),
  ];
  if (page.forms === undefined) return routes;
  return [
    ...routes,
    route({
      ...shared,
      id: `${page.id}Form`,
      method: 'POST',
      body: pageForm(Fields),
      answers: { 200: PAGE_ANSWER, 204: 'To another page, for a script', 303: 'To another page' },
      handle: (exchange, services) =>
        runForm(page, visitOf(exchange, services, exchange.query, exchange.body)) as never,
    }),
  ];
}

function visitOf(exchange: Visit['exchange'], services: Services, query: Texts, fields: Texts): Visit {
  return { exchange, services, query, fields, flow: services.flows.read(query) };
}

async function showPage(page: PageDefinition, visit: Visit): Promise<Answer> {
  try {
    const { forUsers = false, forEnrolment = false } = page;
    if (forUsers) await visit.exchange.authenticate({ forEnrolment });
    return await sharedAnswer(page, visit);
  } catch (error) {
    return leadElsewhere(error, page, visit);
  }
}

/** The answer of a page, which is made once for all visits that are shown the same. */
async function sharedAnswer(page: PageDefinition, visit: Visit): Promise<Answer> {
  const key = page.shareKey?.(visit);
  if (key === undefined) return answerWith(await nextOf(page, visit), page, visit);
  const { exchange, services } = visit;
  const { sharedPages } = services;
  const shareKey = `${page.id} ${key}`;
  const known = sharedPages.use(shareKey);
  if (known !== undefined) return { status: 200, page: { ...known, csrfToken: exchange.formToken() } };
  const answer = await answerWith(await nextOf(page, visit), page, visit);
  if (answer.page === undefined) return answer;
  const shared = { ...answer.page, shareKey };
  sharedPages.set(shareKey, shared);
  return { ...answer, page: shared };
}

async function runForm(page: PageDefinition, visit: Visit): Promise<Answer> {
  const { exchange, fields } = visit;
  const { form: name = '', csrf_token: csrfToken = '' } = fields;
  const form = Object.hasOwn(page.forms ?? {}, name) ? page.forms?.[name] : undefined;
  if (form === undefined) throw new AppError('invalid_request');
  try {
    // Signed out in another tab: the token of this form is of no session any more.
    if (page.forUsers && exchange.cookieIds().length === 0) throw new AppError('token_missing');
    exchange.requireOwnForm(csrfToken);
    const { body } = await exchange.perform(form.runs, { ...form.input?.(visit), csrfToken });
    return await answerWith(await withFeeds(await form.next(body, visit), page, visit), page, visit);
  } catch (error) {
    // A form that another site has filled in is not shown.
    if (!(error instanceof AppError) || error.code === 'origin_not_allowed') throw error;
    const next = form.refused?.(error, visit);
    if (next !== undefined) return answerWith(next, page, visit);
    if (leadOf(error, page) !== undefined) return leadElsewhere(error, page, visit);
    throw await refusalOf(error, form, page, visit);
  }
}

/** What a page shows in a visit, with what feeds it. */
async function nextOf(page: PageDefinition, visit: Visit): Promise<Next> {
  const fed = await feedsOf(page, visit);
  const next = (await page.show?.({ ...visit, fed })) ?? { show: {} };
  return 'lead' in next ? next : { show: { ...next.show, data: { ...fed, ...next.show.data } } };
}

/**
 * What a form shows, with what feeds its page, if that can be had. It may be a secret that is shown only once, so a feed that
 * fails after the change must not cost it.
 */
async function withFeeds(next: Next, page: PageDefinition, visit: Visit): Promise<Next> {
  if ('lead' in next) return next;
  const fed = await feedsOf(page, visit).catch(() => ({}));
  return { show: { ...next.show, data: { ...fed, ...next.show.data } } };
}

async function feedsOf(page: PageDefinition, visit: Visit): Promise<FedVisit['fed']> {
  const fed: Record<string, Body> = {};
  await Promise.all(
    Object.entries(page.feeds ?? {}).map(async ([name, feed]) => {
      const call = typeof feed === 'string' ? { id: feed } : feed(visit);
      if (call !== undefined) fed[name] = await bodyOf(call, visit);
    }),
  );
  return fed;
}

async function bodyOf(call: Call, { exchange }: Visit): Promise<Body> {
  try {
    return (await exchange.perform(call.id, call)).body;
  } catch (error) {
    if (error instanceof AppError && call.noneFor?.includes(error.code)) return null;
    throw error;
  }
}

async function answerWith(next: Next, page: PageDefinition, visit: Visit): Promise<Answer> {
  if ('show' in next) return { status: 200, page: pageOf(page, visit, next.show) };
  const url = visit.services.flows.locationOf(next.lead);
  // A script could not follow a redirect to an app.
  const headers = { ...next.headers, Location: url };
  return { status: visit.fields.by === 'script' ? 204 : 303, headers };
}

/** Leads a visitor to sign in, or to confirm a sign-in that is too long ago, and then back to this page. */
function leadElsewhere(error: unknown, page: PageDefinition, visit: Visit): Promise<Answer> {
  const path = leadOf(error, page);
  if (path === undefined) throw error;
  const here = new URLSearchParams(visit.query);
  const returnTo = here.size === 0 ? page.path : `${page.path}?${here}`;
  // The cookie comes along once the visitor goes on from a page of this service.
  if (visit.exchange.isCookieWithheld()) return answerWith(linkTo(returnTo, visit), page, visit);
  if (path === SIGN_IN && page.signedOut !== undefined) return answerWith(page.signedOut(visit), page, visit);
  return answerWith({ lead: visit.services.flows.toAndBack(path, returnTo) }, page, visit);
}

/** A page that does nothing but link to another one. */
function linkTo(path: string, { services: { flows } }: Visit): Next {
  return {
    show: { words: 'pages.arrived', template: 'returned', data: { href: flows.locationOf(path) } },
  };
}

/** Where an error leads a visitor of a page; undefined where it does not, or leads to this very page. */
function leadOf(error: unknown, { forUsers, path }: PageDefinition): string | undefined {
  const lead = forUsers && error instanceof AppError ? LEADS[error.code] : undefined;
  return lead === path ? undefined : lead;
}

/** The error of a form, with its page once more: what is wrong, and what was typed, without secrets. */
async function refusalOf(error: AppError, form: Form, page: PageDefinition, visit: Visit): Promise<unknown> {
  const next = await nextOf(page, visit).catch(() => undefined);
  // Where the page itself is refused too, or leads elsewhere, the error is a page of its own.
  if (next === undefined || 'lead' in next) return error;
  const { code } = error;
  const errorField = form.errorFields?.[code];
  const fields: FieldProblem[] = (error.fields ?? []).map((field) => {
    const name = field.pointer.slice(1);
    return { ...field, pointer: `/${form.fieldNames?.[name] ?? name}` };
  });
  if (errorField !== undefined) fields.push({ pointer: `/${errorField}`, code });
  const retryAfter = Number(error.headers['Retry-After']);
  const retryAfterSeconds = Number.isNaN(retryAfter) ? undefined : retryAfter;
  return new RefusedForm(error, {
    ...pageOf(page, visit, next.show),
    problem: { code, fields, policy: error.quota?.policy, retryAfterSeconds },
  });
}

function pageOf(
  page: PageDefinition,
  { exchange, services, query, flow, fields }: Visit,
  shown: Shown,
): Page {
  const { flows, offers, minPasswordLength } = services;
  const { me } = (shown.data ?? {}) as {
    readonly me?: { readonly user: { readonly language: string | null } };
  };
  return {
    words: page.words,
    template: page.template,
    hasScript: true,
    csrfToken: exchange.formToken(),
    language: me?.user.language ?? null,
    ...shown,
    leadsTo: [...flows.sourcesOf(flow), ...(shown.leadsTo ?? [])],
    values: { min: minPasswordLength, max: MAX_PASSWORD_LENGTH, ...shown.values },
    data: {
      offers,
      minPasswordLength,
      typed: fields,
      // The notice is about what led here, not about a form that was sent since.
      notice: fields.form === undefined ? (query.notice ?? '') : '',
      /** The path of another page on the way. */
      to: (path: string, more: Texts = {}) => flows.locationOf(flows.to(path, flow, more)),
      ...shown.data,
    },
  };
}
