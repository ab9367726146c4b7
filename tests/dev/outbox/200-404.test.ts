import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { aPhone, messagesDuring, pagesOf, refusalOf } from '../../support/codes.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;

onOneDatabase((kind) => {
  describe('GET /dev/outbox', () => {
    const app = useApp(kind);

    it('shows the latest messages with their codes and links, as JSON and as a page', async () => {
      const { email } = aPerson();
      await app.post('/otp').send({ email }).expect(202);
      await app.outbox.settled();

      const { body } = await app.get('/dev/outbox').expect(200);
      const page = await pagesOf(app).get('/dev/outbox').set('Accept', 'text/html').expect(200);

      expect(body.messages[0]).toMatchObject({
        channel: 'email',
        to: email,
        code: expect.stringMatching(/^\d{6}$/),
        link: null,
      });
      expect(page.type).toBe('text/html');
      expect(page.text).toContain(email);
    });

    it('shows text of others as text', async () => {
      const email = `"<img/src=x>"@example.com`;
      const { status } = await app.post('/otp').send({ email });
      if (status === 202) {
        await app.outbox.settled();
        const page = await pagesOf(app).get('/dev/outbox').set('Accept', 'text/html').expect(200);
        expect(page.text).not.toContain('<img');
      }
      const page = await pagesOf(app).get('/dev/outbox').set('Accept', 'text/html').expect(200);
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    });
  });

  describe('In production without a channel', () => {
    const app = useApp(kind, {
      NODE_ENV: 'production',
      JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
      BCRYPT_COST: '10',
    });

    it('GET /dev/outbox is not there', async () => {
      expect(refusalOf(await app.get('/dev/outbox'))).toBe('404 not_found');
    });

    it('what needs one answers 501, and counts and keeps nothing', async () => {
      const { token } = await signUp(app);
      const before = await app.models.challenges.count();
      for (const request of [
        app.post('/otp').send({ email: aPerson().email }),
        app.post('/otp').send({ phone: aPhone() }),
        app.post('/login/link').send({ email: aPerson().email }),
        app.post('/password/forgot').send({ email: aPerson().email }),
        app.post('/email/verify/resend').send({ email: aPerson().email }),
        app.post('/me/email').auth(token, as).send({ email: aPerson().email }),
        app.post('/me/phone').auth(token, as).send({ phone: aPhone() }),
        app.post('/me/lockdown').auth(token, as),
      ]) {
        expect(refusalOf(await request)).toBe('501 channel_not_configured');
      }
      expect(await app.models.challenges.count()).toBe(before);
      expect(await app.models.counts.count()).toBe(0);
    });

    it('a sign-up says that no mail is sent, and a login works', async () => {
      const person = aPerson();
      const { body } = await app.post('/signup').send(person).expect(201);
      expect(body.verification).toBeNull();
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
      expect(await messagesDuring(app, async () => {})).toEqual([]);
    });
  });

  describe('What is kept of codes, links and counts', () => {
    const app = useApp(kind);

    it('is removed by the task of every minute: challenges a day after they expired, counts two days after their hour', async () => {
      const person = await signUp(app);
      for (let times = 0; times < 5; times++) {
        app.clock.advanceSeconds(1);
        await app.post('/otp').send({ email: person.email }).expect(202);
        await app.post('/otp').send({ phone: aPhone() }).expect(202);
      }
      const counted = async () =>
        Promise.all([app.models.challenges.count(), app.models.counts.count(), app.models.outbox.count()]);
      app.clock.advanceSeconds(600 + 86_400 + 1);
      await app.codes.housekeeping();
      await app.outbox.housekeeping();
      // The challenge of the sign-up is good for a day. Each address and account has a count, and the SMS of the day.
      const [challenges, counts] = await counted();
      expect(challenges).toBe(1);
      expect(counts).toBe(13);
      app.clock.advanceSeconds(2 * 86_400 + 3_600);
      await app.codes.housekeeping();
      await app.outbox.housekeeping();

      expect(await counted()).toEqual([0, 0, 0]);
    });
  });
});
