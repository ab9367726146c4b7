import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { claimsIn } from '../../support/claims.ts';
import { refusalOf } from '../../support/codes.ts';
import { PAGE, sessionCookieIn } from '../../support/cookies.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aGoogleUser, useGoogleApp } from '../../support/google-app.ts';
import { openBrowser } from '../../support/social-browser.ts';

onEachDatabase((kind) => {
  describe('POST /login/exchange with the code of a sign-in at a provider', () => {
    const app = useGoogleApp(kind, { CORS_ORIGINS: PAGE });

    async function codeOf(query: Record<string, string> = {}): Promise<string> {
      app.google.signIn(aGoogleUser());
      const page = await openBrowser(app).signIn('google', query);
      return page.searchParams.get('code') ?? '';
    }

    const exchange = (body: Record<string, unknown>) => app.post('/login/exchange').send(body);

    it('signs in once, as of the time when the browser came back', async () => {
      const code = await codeOf();
      const cameBackAt = Math.floor(app.clock.now() / 1000);
      app.clock.advanceSeconds(59);

      const { body } = await exchange({ code }).expect(200);

      expect(claimsIn(body.access_token)).toMatchObject({ amr: ['fed'], auth_time: cameBackAt });
      const list = await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);
      expect(list.body.sessions).toMatchObject([{ method: 'social' }]);
      expect(refusalOf(await exchange({ code }))).toBe('400 code_used');
    });

    it('refuses the code after a minute', async () => {
      const code = await codeOf();
      app.clock.advanceSeconds(60);

      expect(refusalOf(await exchange({ code }))).toBe('400 code_expired');
    });

    it('takes it with the challenge of the page that began, in capitals too', async () => {
      const challenge = randomUUID();

      await exchange({ code: await codeOf({ challenge_id: challenge }), challenge_id: challenge }).expect(
        200,
      );
      const capital = challenge.toUpperCase();
      await exchange({ code: await codeOf({ challenge_id: capital }), challenge_id: challenge }).expect(200);
    });

    it('is refused without the challenge that it was begun with, and taken where there was none', async () => {
      const refused = await exchange({ code: await codeOf({ challenge_id: randomUUID() }) });

      expect(refusalOf(refused)).toBe('400 invalid_link');
      await exchange({ code: await codeOf() }).expect(200);
    });

    it.each([
      ['a challenge of their own', { challenge_id: randomUUID() }],
      ['none', {}],
    ])(
      'refuses one that an attacker began with %s, and leaves it good for its page',
      async (_what, query) => {
        const code = await codeOf(query);

        expect(refusalOf(await exchange({ code, challenge_id: randomUUID() }))).toBe('400 invalid_link');

        await exchange({ code, ...query }).expect(200);
      },
    );

    it('signs in with a cookie where that is asked for, and not for a page elsewhere', async () => {
      const code = await codeOf();
      const ask = (origin: string) => exchange({ code, transport: 'cookie' }).set('Origin', origin);

      await ask('https://evil.example').expect(403);
      expect(sessionCookieIn(await ask(PAGE).expect(200))).not.toBe('');
    });
  });
});
