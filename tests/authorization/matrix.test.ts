import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { anAdmin } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import type { TestApp } from '../support/app.ts';
import { makeClient, tokenOf } from '../support/clients.ts';
import { PAGE, signUpByCookie } from '../support/cookies.ts';
import { useGoogleApp } from '../support/google-app.ts';
import { signUp } from '../support/people.ts';
import { as, CALLERS, type Caller, type CallerKind, ENDPOINTS } from './endpoints.ts';

/** Makes a caller of each kind. */
const MAKE: Readonly<Record<CallerKind, (app: TestApp) => Promise<Caller>>> = {
  'no credential': async () => ({}),
  'a user': signUp,
  'an API key of a user': async (app) => {
    const person = await signUp(app);
    return { ...person, token: (await makeKey(app, person.token)).key };
  },
  'a machine client': async (app) => ({ token: await tokenOf(app, await makeClient(app, { scope: '' })) }),
  'a machine client with all permissions': async (app) => {
    const client = await makeClient(app, { scope: Object.keys(PERMISSIONS).join(' ') });
    return { token: await tokenOf(app, client) };
  },
  'an administrator': async (app) => {
    await anAdmin(app);
    return anAdmin(app);
  },
  'an administrator who has logged out': async (app) => {
    const admin = await anAdmin(app);
    await app.post('/logout').auth(admin.token, { type: 'bearer' }).expect(204);
    return admin;
  },
  'a user with a cookie': async (app) => {
    const browser = await signUpByCookie(app);
    return { browser, password: browser.password };
  },
};

const MATRIX = ENDPOINTS.flatMap(({ operation, method, statuses, ask }) =>
  CALLERS.map((caller, index) => ({ operation, method, caller, status: statuses[index], ask })),
);

describe('Who may do what', () => {
  const app = useGoogleApp('SQLite', {
    CORS_ORIGINS: PAGE,
    STORE_PROVIDER_TOKENS: 'true',
    MFA_METHODS: 'totp,passkey,email_code',
  });
  const harmless = new Map<CallerKind, Promise<Caller>>();

  /** All reading, and all that is refused, is by one caller of each kind; what changes something may end its caller. */
  function callerFor(kind: CallerKind, mayChange: boolean): Promise<Caller> {
    if (mayChange) return MAKE[kind](app);
    const shared = harmless.get(kind) ?? MAKE[kind](app);
    harmless.set(kind, shared);
    return shared;
  }

  it.each(MATRIX)('$operation answers $status to $caller', async ({ method, caller, status, ask }) => {
    const by = await callerFor(caller, method !== 'get' && (status ?? 0) < 400);
    const { path, body, form, token = by.token } = await ask(app, by);

    const request = as(app[method as 'get'](path), token === undefined ? by : { ...by, token });
    if (form !== undefined) request.type('form').send(form);
    else if (body !== undefined) request.send(body);
    const response = await request;

    expect({ status: response.status, body: response.status === status ? null : response.body }).toEqual({
      status,
      body: null,
    });
    const challenge = response.headers['www-authenticate'];
    if (status === 401) expect(challenge).toMatch(/^(Bearer|Basic) /);
    if (response.body.code === 'insufficient_scope') {
      expect(challenge).toMatch(/error="insufficient_scope".* scope="[a-z-]+:[a-z-]+"/);
    }
  });
});
