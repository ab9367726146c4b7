import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../../support/app.ts';
import { press } from '../../support/code-ways.ts';
import { linkFor, pagesOf } from '../../support/codes.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { aPerson } from '../../support/people.ts';
import {
  ALLOWED_RETURN_URLS,
  APP,
  LISTED_RETURN_URLS,
  PAGE,
  REFUSED_OUTSIDE_PRODUCTION,
  REFUSED_RETURN_URLS,
} from '../../support/return-urls.ts';

const LISTED = {
  NODE_ENV: 'production',
  RETURN_URLS: LISTED_RETURN_URLS,
  SMTP_URL: 'smtp://127.0.0.1:9',
  MAIL_FROM: 'no-reply@example.com',
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
};

const ask = (app: TestApp, returnTo: string) =>
  app
    .post('/login/link')
    .set('X-Forwarded-Proto', 'https')
    .send({ email: aPerson().email, return_to: returnTo });

onOneDatabase((kind) => {
  describe('return_to in production', () => {
    const app = useApp(kind, LISTED);

    it.each(ALLOWED_RETURN_URLS)('may be %s', async (url) => {
      await ask(app, url).expect(202);
    });

    it.each(REFUSED_RETURN_URLS)('must not be %j', async (url) => {
      const { body } = await ask(app, url).expect(400);

      expect(body).toMatchObject({
        code: 'validation_failed',
        errors: [{ pointer: '/return_to', code: 'return_to_not_allowed' }],
      });
    });

    it('is refused before a message is counted or written', async () => {
      const before = await app.models.outbox.count();
      const { email } = aPerson();
      await app.post('/login/link').send({ email, return_to: 'https://evil.example' }).expect(400);
      expect(await app.models.outbox.count()).toBe(before);
    });
  });

  describe('return_to outside production', () => {
    const app = useApp(kind, { RETURN_URLS: `${PAGE},${APP}` });

    it.each(['http://localhost:5173/x', 'http://127.0.0.1/', 'http://[::1]:8080/', 'https://localhost/'])(
      'may be %s as well',
      async (url) => {
        await ask(app, url).expect(202);
      },
    );

    it.each(REFUSED_OUTSIDE_PRODUCTION)('must not be %s', async (url) => {
      await ask(app, url).expect(400);
    });

    it.each([
      [PAGE, 'https://app.example.com/signed-in?from=mail&code='],
      [APP, 'com.example.app:/signed-in?code='],
    ])('leads back to exactly %s, with a code in addition', async (url, start) => {
      const link = await linkFor(app, aPerson().email, { return_to: url });

      const { headers } = await press(app, link).expect(303);

      expect(headers.location).toMatch(new RegExp(`^${start.replace(/[.?]/g, '\\$&')}[\\w-]{43}$`));
    });

    it('decides alone where the link leads: not Host, X-Forwarded-Host, Forwarded or Referer', async () => {
      const link = await linkFor(app, aPerson().email, { return_to: PAGE });
      const evil = 'evil.example';
      const pressed = await press(app, link)
        .set('Host', evil)
        .set('X-Forwarded-Host', evil)
        .set('Forwarded', `host=${evil}`)
        .set('Referer', `https://${evil}/`);

      expect(JSON.stringify([pressed.headers, pressed.text])).not.toContain(evil);
    });

    it.each(['/otp', '/login/link', '/password/forgot', '/email/verify/resend', '/signup'])(
      'has no part in the link that POST %s mails, and neither has any header',
      async (path) => {
        const person = aPerson();
        const other = path === '/email/verify/resend' || path === '/password/forgot';
        if (other) await app.post('/signup').send(person).expect(201);
        app.clock.advanceSeconds(1);
        const evil = 'evil.example';
        await app
          .post(path)
          .set('Host', evil)
          .set('X-Forwarded-Host', evil)
          .set('X-Forwarded-Proto', 'http')
          .set('Forwarded', `host=${evil}`)
          .set('Referer', `https://${evil}/`)
          .send(path === '/signup' ? person : { email: person.email });
        await app.outbox.settled();

        const [message] = (await app.outbox.listLatest(20)).filter(({ to }) => to === person.email);

        expect(JSON.stringify(message)).not.toContain(evil);
        if (path !== '/otp') expect(JSON.stringify(message)).toContain('https://auth.example.com/');
      },
    );

    it('shows which page the button leads to, and lets the form lead nowhere else', async () => {
      const link = await linkFor(app, aPerson().email, { return_to: PAGE });
      const page = await pagesOf(app)
        .get(`/login/link/${link.token}`)
        .set('Cookie', `latchkey-links=${link.challengeId}`)
        .expect(200);

      expect(page.text).toContain('app.example.com');
      expect(page.headers['content-security-policy']).toContain(
        "form-action 'self' https://app.example.com;",
      );
    });
  });
});
