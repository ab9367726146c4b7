import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { brotliCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PAGE_IDS, PAGES } from '../../src/features/pages/routes.ts';
import type { MountedRoute as Route } from '../../src/http/mount.ts';
import { anAdmin } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { PAGE, signUpByCookie } from '../support/cookies.ts';
import { signUp } from '../support/people.ts';

const ONE_A_DAY = '1/86400';
const MEDIA_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' };

interface Sent {
  readonly authorization?: string | undefined;
  /** The headers of a page whose session has a cookie. */
  readonly page?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without it the headers alone are sent: whatever is answered then was not found in the body. */
  readonly body?: Buffer | string;
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`;

/** Sends a request that fits the route but for what is said, and says how it was answered. */
async function send(app: TestApp, route: Route, { authorization, page, headers, body }: Sent) {
  const request = httpRequest({
    port: app.port,
    method: route.method === 'ANY' ? 'POST' : route.method,
    path: pathOf(route),
    agent: false,
    headers: {
      'Content-Type': MEDIA_TYPES[route.body?.kind ?? 'json'],
      'Content-Length': body === undefined ? 100 : Buffer.byteLength(body),
      ...(authorization !== undefined && { Authorization: authorization }),
      ...page,
      ...headers,
    },
  });
  // Answered before the whole body has come, the connection is ended.
  request.on('error', () => {});
  if (body === undefined) request.flushHeaders();
  else request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await text(response);
  request.destroy();
  const content = answer.startsWith('{') ? JSON.parse(answer) : {};
  return {
    status: response.statusCode,
    code: content.code ?? content.error,
    detail: content.detail ?? content.error_description,
  };
}

/** Asks each of some routes, and tells what was answered by the name of the route. */
async function sendToEach(
  app: TestApp,
  routes: readonly Route[],
  sent: (route: Route) => Sent,
): Promise<Record<string, { status?: number | undefined; code?: string; detail?: string }>> {
  const answers: Record<string, { status?: number | undefined; code?: string; detail?: string }> = {};
  for (const route of routes) answers[nameOf(route)] = await send(app, route, sent(route));
  return answers;
}

function expectEach(routes: readonly Route[], expected: (route: Route) => object) {
  return Object.fromEntries(
    routes.map((route) => [nameOf(route), expect.objectContaining(shownBy(route, expected(route)))]),
  );
}

/** Pages tell people what to do, and have no words for developers. */
function shownBy(route: Route, expected: { status?: number; detail?: unknown }): object {
  const isPage = route.errors !== undefined && !isOAuth(route);
  return isPage ? { status: expected.status } : expected;
}

/** A path that names nothing there is, but could. */
function pathOf({ path }: Route): string {
  return path.replaceAll(/\{\w+\}/g, path.includes('/permissions/') ? 'orders:read' : randomUUID());
}

/** Whether a request without a credential gets as far as its body. */
const isOpen = ({ access }: Route) => access.schemes.length === 0 || access.schemes.includes('none');

const isOAuth = ({ path }: Route) => path.startsWith('/oauth/');

describe('What guards a route', () => {
  const app = useApp('SQLite', { METRICS_TOKEN: 'a-token-that-reads-the-metrics', CORS_ORIGINS: PAGE });
  let admin: string;
  let user: string;
  let client: string;
  let page: Record<string, string>;
  let withBody: readonly Route[];

  beforeAll(async () => {
    admin = `Bearer ${(await anAdmin(app)).token}`;
    user = `Bearer ${(await signUp(app)).token}`;
    const { cookie, csrfToken } = await signUpByCookie(app);
    page = { Cookie: cookie, Origin: PAGE, 'X-CSRF-Token': csrfToken };
    const { id, secret } = await makeClient(app);
    client = `Basic ${btoa(`${id}:${secret}`)}`;
    withBody = app.table.routes.filter(({ id, body }) => body !== undefined && !PAGE_IDS.includes(id));
  });

  function credentialFor(route: Route): Sent {
    if (route.access.kind === 'cookie') return { page };
    return { authorization: isOAuth(route) ? client : admin };
  }

  it('is an address limit wherever a body is taken from callers without a credential', () => {
    const open = withBody.filter((route) => route.limit === undefined && isOpen(route));

    expect(open.map(nameOf)).toEqual([]);
    expect(withBody.length).toBeGreaterThan(15);
  });

  it('is that of a route of the API for each form of a page, which has a limit or asks for a credential', () => {
    const forms = PAGES.flatMap(({ path, forms = {} }) =>
      Object.entries(forms).map(([name, { runs }]) => ({ form: `${path} ${name}`, runs })),
    );
    const guarded = app.table.routes.filter(
      ({ tag, limit, access }) => tag !== undefined && (limit !== undefined || access.kind !== 'anyone'),
    );

    expect(forms.length).toBeGreaterThan(10);
    expect(forms.filter(({ runs }) => !guarded.some(({ id }) => id === runs))).toEqual([]);
  });

  it('is a credential that is asked for before the body is read', async () => {
    const strict = app.table.routes.filter((route) => !isOpen(route) && !isOAuth(route));

    expect(await sendToEach(app, strict, () => ({}))).toEqual(
      expectEach(strict, () => ({ status: 401, code: 'token_missing' })),
    );
    // These take credentials in the body too, but of a header they make sure first.
    const oauth = app.table.routes.filter(isOAuth);
    expect(await sendToEach(app, oauth, () => ({ authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' }))).toEqual(
      expectEach(oauth, () => ({ status: 401, code: 'invalid_client' })),
    );
  });

  it('is a permission that is asked for before the body is read', async () => {
    const ofAdministrators = app.table.routes.filter(({ access }) => access.permission !== undefined);

    expect(ofAdministrators.length).toBeGreaterThan(30);
    expect(await sendToEach(app, ofAdministrators, () => ({ authorization: user }))).toEqual(
      expectEach(ofAdministrators, () => ({ status: 403, code: 'insufficient_scope' })),
    );
  });

  it('is a size that the refusal names, and no more is read than the headers that say more', async () => {
    const answers = await sendToEach(app, withBody, (route) => ({
      ...credentialFor(route),
      headers: { 'Content-Length': String((route.body?.maxBytes ?? 0) + 1) },
    }));

    expect(answers).toEqual(
      expectEach(withBody, ({ body }) => ({
        status: 413,
        detail: `The body must not exceed ${body?.maxBytes === 2 ** 21 ? '2 MB' : `${(body?.maxBytes ?? 0) / 1024} KB`}.`,
      })),
    );
  });

  it('is the media type', async () => {
    const answers = await sendToEach(app, withBody, (route) => ({
      ...credentialFor(route),
      headers: { 'Content-Type': MEDIA_TYPES[route.body?.kind === 'json' ? 'form' : 'json'] },
    }));

    expect(answers).toEqual(
      expectEach(withBody, (route) => ({
        status: isOAuth(route) ? 400 : 415,
        detail: expect.stringContaining(MEDIA_TYPES[route.body?.kind ?? 'json']),
      })),
    );
  });

  it('takes no compressed body, nor decompresses one, but where many users are imported', async () => {
    const bomb = brotliCompressSync('['.repeat(100_000));
    expect(bomb.length).toBeLessThan(60);
    const answers = await sendToEach(app, withBody, (route) => ({
      ...credentialFor(route),
      headers: { 'Content-Encoding': 'br' },
      body: bomb,
    }));

    expect(answers).toEqual(
      expectEach(withBody, (route) =>
        route.body?.compressed
          ? { status: 413, detail: 'The body must not exceed 8 levels of nesting.' }
          : {
              status: isOAuth(route) ? 400 : 415,
              detail: expect.stringContaining('Send the body uncompressed'),
            },
      ),
    );
    expect(withBody.filter(({ body }) => body?.compressed).map(nameOf)).toEqual(['POST /admin/users/import']);
  });

  it('is the depth and the number of values of JSON, and the number of parameters of a form', async () => {
    const ofJson = withBody.filter(({ body }) => body?.kind === 'json');
    const ofForms = withBody.filter(({ body }) => body?.kind === 'form');
    const deep = await sendToEach(app, ofJson, (route) => ({
      ...credentialFor(route),
      body: '['.repeat(9),
    }));
    const many = await sendToEach(app, withBody, (route) => {
      const values = (route.body?.maxValues ?? 0) + 1;
      const body = ofForms.includes(route) ? 'a&'.repeat(values) : `[${'1,'.repeat(values)}1]`;
      return { ...credentialFor(route), body };
    });

    expect(deep).toEqual(
      expectEach(ofJson, () => ({ status: 413, detail: 'The body must not exceed 8 levels of nesting.' })),
    );
    expect(many).toEqual(
      expectEach(withBody, ({ body }) => ({
        status: 413,
        detail: expect.stringContaining(`must not exceed ${body?.maxValues} `),
      })),
    );
  });

  it('reads no body where none is wanted, whatever is sent', async () => {
    const withoutBody = app.table.routes.filter(
      ({ id, body, path }) => body === undefined && path !== '/metrics' && !PAGE_IDS.includes(id),
    );
    /** Each with a token of its own where the request ends the account's sessions. */
    const ask = async (sent: Sent) => {
      const other = `Bearer ${(await signUp(app)).token}`;
      return sendToEach(app, withoutBody, ({ id }) => ({
        authorization: id === 'lockDownMe' ? other : admin,
        ...sent,
      }));
    };

    const junk = await ask({ headers: { 'Content-Type': 'text/plain' }, body: '['.repeat(100_000) });

    expect(junk).toEqual(await ask({ headers: { 'Content-Type': 'text/plain' } }));
  });

  it('is what the document says of it', async () => {
    const { body: document } = await app.get('/openapi.json').expect(200);
    const operations = Object.entries<Record<string, { security?: object[]; requestBody?: object }>>(
      document.paths,
    );
    const described = operations.flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security = [], requestBody }]) => ({
        name: `${path === '/verify' ? 'ANY' : method.toUpperCase()} ${path}`,
        needsCredential: security.length > 0 && !security.some((way) => Object.keys(way).length === 0),
        takesBody: requestBody !== undefined,
      })),
    );

    const routes = app.table.routes.filter(({ id }) => !PAGE_IDS.includes(id));
    const guarded = routes.map((route) => ({
      name: nameOf(route),
      needsCredential: !isOpen(route),
      takesBody: route.body !== undefined,
    }));

    const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
    const isOfDocument = ({ name }: { name: string }) =>
      described.some((operation) => operation.name === name);
    expect(guarded.filter(isOfDocument).sort(byName)).toEqual(described.sort(byName));
    expect(
      guarded
        .filter((route) => !isOfDocument(route))
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'GET /',
      'GET /assets/{file}',
      'GET /docs/pages.css',
      'GET /docs/start.js',
      'GET /docs/swagger-ui-bundle.js',
      'GET /docs/swagger-ui.css',
      'GET /email/undo/{token}',
      'GET /email/verify/{token}',
      'GET /lockdown/{token}',
      'GET /login/link/{token}',
      'GET /login/{provider}/callback',
      'GET /metrics',
      'GET /password/reset/{token}',
      'POST /email/undo/{token}',
      'POST /email/verify/{token}',
      'POST /lockdown/{token}',
      'POST /login/link/{token}',
      'POST /login/{provider}/callback',
      'POST /password/reset/{token}',
    ]);
  });
});

describe('The address limit of a route', () => {
  const app = useApp('SQLite', {
    RATE_LIMIT_SIGNUP_IP: ONE_A_DAY,
    RATE_LIMIT_LOGIN_IP: ONE_A_DAY,
    RATE_LIMIT_SESSION_IP: ONE_A_DAY,
    RATE_LIMIT_OAUTH_IP: ONE_A_DAY,
    RATE_LIMIT_SEND_IP: ONE_A_DAY,
  });

  it('is used up before the body is read', async () => {
    const limited = app.table.routes.filter(({ limit }) => limit !== undefined);
    const answers: Record<string, unknown> = {};

    for (const route of limited) {
      await send(app, route, { body: '{' });
      answers[nameOf(route)] = await send(app, route, {});
    }

    expect(limited.length).toBeGreaterThanOrEqual(7);
    expect(answers).toEqual(
      expectEach(limited, ({ limit }) => ({
        status: 429,
        detail: expect.stringContaining(`Rate limit ${limit} exceeded.`),
      })),
    );
  });
});
