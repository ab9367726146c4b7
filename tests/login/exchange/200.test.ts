import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { press } from '../../support/code-ways.ts';
import { linkFor, refusalOf } from '../../support/codes.ts';
import { PAGE, sessionCookieIn, setCookiesIn } from '../../support/cookies.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

/** A code that a page hands to its app. */
async function exchangeCode(app: TestApp, email: string): Promise<string> {
  const pressed = await press(app, await linkFor(app, email, { return_to: 'http://localhost:3000/' })).expect(
    303,
  );
  return new URL(String(pressed.headers.location)).searchParams.get('code') ?? '';
}

onEachDatabase((kind) => {
  describe('POST /login/exchange', () => {
    const app = useApp(kind, { CORS_ORIGINS: PAGE });

    it('signs in as of the time when the button was pressed', async () => {
      const code = await exchangeCode(app, aPerson().email);
      const pressedAt = Math.floor(app.clock.now() / 1000);
      app.clock.advanceSeconds(59);

      const { body } = await app.post('/login/exchange').send({ code }).expect(200);

      expect(claimsIn(body.access_token)).toMatchObject({ amr: ['otp'], auth_time: pressedAt });
      const list = await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);
      expect(list.body.sessions).toMatchObject([{ method: 'email_link' }]);
    });

    it('signs in with a cookie where that is asked for, and not for a page elsewhere', async () => {
      const code = await exchangeCode(app, aPerson().email);
      const ask = (origin: string) =>
        app.post('/login/exchange').set('Origin', origin).send({ code, transport: 'cookie' });
      const refused = await ask('https://evil.example').expect(403);
      expect(setCookiesIn(refused)).toEqual([]);
      expect(sessionCookieIn(await ask(PAGE).expect(200))).not.toBe('');
    });

    it('is void once all devices were signed out, the password was reset or the account locked down', async () => {
      const person = await signUp(app);
      await app.store.users.verifyEmail(person.id, person.email, new Date(app.clock.now()));
      const code = await exchangeCode(app, person.email);
      await app.post('/logout?scope=global').auth(person.token, { type: 'bearer' }).expect(204);

      expect(refusalOf(await app.post('/login/exchange').send({ code }))).toBe('400 code_replaced');
    });

    it('gives two tabs a session each', async () => {
      const { email } = aPerson();
      const codes = [await exchangeCode(app, email), await exchangeCode(app, email)];
      for (const code of codes) await app.post('/login/exchange').send({ code }).expect(200);
    });
  });
});
