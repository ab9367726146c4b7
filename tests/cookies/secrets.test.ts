import { afterEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.ts';
import { PAGE, signUpByCookie } from '../support/cookies.ts';

const [FIRST, SECOND] = ['a-secret-of-cookies-'.repeat(2), 'another-secret-of-cookies-'.repeat(2)];

describe('The secret that signs cookies', () => {
  const apps: TestApp[] = [];
  let databaseUrl = '';

  /** The same service, begun anew with other secrets. */
  async function start(env: Record<string, string> = {}): Promise<TestApp> {
    const app = await startApp('SQLite', { CORS_ORIGINS: PAGE, ...env }, (url) => {
      databaseUrl ||= url;
      return databaseUrl;
    });
    apps.push(app);
    return app;
  }

  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.stop();
    databaseUrl = '';
  });

  it.each([
    ['one of its own is set', {}, { COOKIE_SECRET: FIRST }],
    [
      'it is replaced and kept as a previous one',
      { COOKIE_SECRET: FIRST },
      { COOKIE_SECRET: SECOND, COOKIE_PREVIOUS_SECRETS: FIRST },
    ],
    [
      'it is taken away and kept as a previous one',
      { COOKIE_SECRET: FIRST },
      { COOKIE_PREVIOUS_SECRETS: FIRST },
    ],
  ] as [string, Record<string, string>, Record<string, string>][])(
    'leaves everybody signed in where %s',
    async (_what, before, after) => {
      const { cookie } = await signUpByCookie(await start(before));
      await (await start(after)).get('/me').set('Cookie', cookie).expect(200);
    },
  );

  it('ends every session where it is replaced and forgotten', async () => {
    const { cookie } = await signUpByCookie(await start({ COOKIE_SECRET: FIRST }));
    const { body } = await (await start({ COOKIE_SECRET: SECOND }))
      .get('/me')
      .set('Cookie', cookie)
      .expect(401);
    expect(body.code).toBe('session_ended');
  });
});
