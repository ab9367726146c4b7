import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../src/app.ts';
import { anAdmin } from '../support/admins.ts';
import { makeClient } from '../support/clients.ts';
import { PAGE, signUpByCookie, useCookieApp } from '../support/cookies.ts';

const ROUTES = allRoutes().filter(({ body }) => body !== undefined);

describe('A body that is too large', () => {
  const app = useCookieApp('SQLite');

  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'is refused by %s with the limit that holds there',
    async (_name, { method, path, access, body }) => {
      const { token } = await anAdmin(app);
      const { id, secret } = await makeClient(app, {}, token);
      const { kind = 'json', maxBytes = 0 } = body ?? {};
      const isForm = kind === 'form';
      const credential = isForm
        ? `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
        : `Bearer ${token}`;
      const credentials = access.kind === 'cookie' ? await cookieHeaders() : { Authorization: credential };
      const response = await fetch(app.url + path.replaceAll(/\{\w+\}/g, id), {
        method,
        headers: {
          ...credentials,
          'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        body: ' '.repeat(maxBytes + 1),
      });

      // A page tells people what to do.
      if (response.headers.get('content-type')?.startsWith('text/html')) {
        expect(response.status).toBe(413);
        return;
      }

      const refusal = (await response.json()) as Record<string, string>;
      const limit = maxBytes < 1024 * 1024 ? `${maxBytes / 1024} KB` : `${maxBytes / 1024 / 1024} MB`;
      // A role is named by what no id is; its route refuses the path first.
      if (path.includes('{name}')) expect([404, 413]).toContain(response.status);
      else expect(response.status).toBe(413);
      if (response.status === 413) {
        expect(refusal.detail ?? refusal.error_description).toBe(`The body must not exceed ${limit}.`);
      }
    },
  );

  async function cookieHeaders(): Promise<Record<string, string>> {
    const { cookie, csrfToken } = await signUpByCookie(app);
    return { Cookie: cookie, Origin: PAGE, 'X-CSRF-Token': csrfToken };
  }

  it('is told the number of its values, where those are too many', async () => {
    const { token } = await anAdmin(app);
    const values = (count: number) => JSON.stringify({ users: Array.from({ length: count }, () => 0) });
    const send = (path: string, text: string) =>
      app.post(path).auth(token, { type: 'bearer' }).type('json').send(text).expect(413);

    const imported = await send('/admin/users/import', values(50_001));
    const signup = await send('/signup', values(101));
    const role = await send('/admin/roles', values(2_001));
    const deep = await send('/admin/users/import', `${'['.repeat(9)}${']'.repeat(9)}`);

    expect(imported.body.detail).toBe('The body must not exceed 50000 values.');
    expect(signup.body.detail).toBe('The body must not exceed 100 values.');
    expect(role.body.detail).toBe('The body must not exceed 2000 values.');
    expect(deep.body.detail).toBe('The body must not exceed 8 levels of nesting.');
  });
});
