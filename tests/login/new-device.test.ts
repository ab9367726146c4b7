import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { press } from '../support/code-ways.ts';
import { codeFor, linkFor, markVerified, messagesDuring, signInBy } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

onEachDatabase((kind) => {
  describe('A sign-in on a device that the account has not seen', () => {
    const app = useApp(kind, { NEW_DEVICE_MAIL: 'true' });
    const login = (person: { email: string; password: string }, more: object = {}) =>
      app.post('/login').send({ email: person.email, password: person.password, ...more });

    it('is told once by mail, with the time, the network, the browser and a link', async () => {
      const person = await signUp(app);

      const messages = await messagesDuring(app, () => login(person).set('User-Agent', FIREFOX).expect(200));

      expect(messages).toMatchObject([
        {
          to: person.email,
          data: {
            time: new Date(app.clock.now()).toISOString(),
            network: '127.0.0.1',
            browser: 'Firefox',
            system: 'Linux',
            days: 7,
          },
        },
      ]);
      expect(messages[0]?.link).toMatch(/^https:\/\/auth\.example\.com\/lockdown\/[\w-]{43}$/);
    });

    it.each([
      ['Chrome/143.0.0.0 Safari/537.36', 'Chrome'],
      ['HeadlessChrome/143.0.0.0 Safari/537.36', 'Chrome'],
      ['Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0', 'Edge'],
      ['Version/18.1 Safari/605.1.15', 'Safari'],
    ])('is told with the name of the browser that says %s', async (products, browser) => {
      const person = await signUp(app);
      const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${products}`;

      const [message] = await messagesDuring(app, () =>
        login(person).set('User-Agent', userAgent).expect(200),
      );

      expect(message).toMatchObject({ data: { browser, system: 'Linux' } });
    });

    it.each([
      ['Your account is at risk: https://evil.example/', 'Your'],
      ['evil.example/1.0', null],
      ['<b>evil</b>', null],
      ['python-requests/2.32.3', 'python-requests'],
      ['curl/8.5.0 https://evil.example/', 'curl'],
    ])('is told without what whoever signs in may write to the owner: %s', async (userAgent, browser) => {
      const person = await signUp(app);

      const [message] = await messagesDuring(app, () =>
        login(person).set('User-Agent', userAgent).expect(200),
      );

      expect(message).toMatchObject({ data: { browser } });
      expect(message?.text).not.toContain('evil');
    });

    it('is told where it is by a code or a link, and not where the device token comes along', async () => {
      const person = await signUp(app);
      await app.store.users.verifyEmail(person.id, person.email, new Date(app.clock.now()));
      const byCode = async (more: object) => signInBy(app, await codeFor(app, person), more).expect(200);
      const byLink = async (more: object) => {
        const { headers } = await press(
          app,
          await linkFor(app, person.email, { return_to: 'http://localhost/' }),
        );
        const code = new URL(String(headers.location)).searchParams.get('code');
        return app
          .post('/login/exchange')
          .send({ code, ...more })
          .expect(200);
      };
      for (const signIn of [byCode, byLink]) {
        const unknown = await messagesDuring(app, () => signIn({}));
        expect(unknown.filter(({ link }) => link.includes('/lockdown/'))).toHaveLength(1);
        const known = await messagesDuring(app, () => signIn({ device_token: person.deviceToken }));
        expect(known.filter(({ link }) => link.includes('/lockdown/'))).toEqual([]);
      }
      const byPassword = await messagesDuring(app, () =>
        login(person, { device_token: person.deviceToken }).expect(200),
      );
      expect(byPassword).toEqual([]);
    });

    it('is told with a device token of another account, or one that was made up', async () => {
      const [person, other] = [await signUp(app), await signUp(app)];
      const [deviceId = ''] = person.deviceToken.split('.');
      const [, macOfOther = ''] = other.deviceToken.split('.');
      for (const deviceToken of [other.deviceToken, `${deviceId}.${macOfOther}`]) {
        const messages = await messagesDuring(app, () =>
          login(person, { device_token: deviceToken }).expect(200),
        );
        expect(messages).toHaveLength(1);
      }
    });

    it('is no sign-up, by password or code, and none with a live session of the account', async () => {
      const bySignUp = await messagesDuring(app, () => app.post('/signup').send(aPerson()).expect(201));
      expect(bySignUp.filter(({ link }) => link.includes('/lockdown/'))).toEqual([]);
      const given = await codeFor(app, aPerson());
      expect(await messagesDuring(app, () => signInBy(app, given).expect(200))).toEqual([]);
      const person = await signUp(app);
      expect(await messagesDuring(app, () => login(person).auth(person.token, as).expect(200))).toEqual([]);
    });

    it('is told ten times an hour at most, or an attacker who made the account could flood its address', async () => {
      const person = await signUp(app);

      const messages = await messagesDuring(app, async () => {
        for (let times = 0; times < 14; times++) await login(person).expect(200);
      });

      expect(messages).toHaveLength(10);
      app.clock.advanceSeconds(3_600);
      expect(await messagesDuring(app, () => login(person).expect(200))).toHaveLength(1);
    });

    it('succeeds by a password and by a code where the mail cannot be written down, which is logged', async () => {
      const person = await signUp(app);
      await markVerified(app, person.email);
      const given = await codeFor(app, person);
      await app.outbox.settled();
      await app.database.sequelize.query('ALTER TABLE outbox RENAME TO outbox_away');

      await login(person).expect(200);
      await signInBy(app, given).expect(200);

      await app.database.sequelize.query('ALTER TABLE outbox_away RENAME TO outbox');
      const message = 'could not tell a user of a sign-in on a new device';
      const logged = app.logs.entries().filter(({ msg }) => msg === message);
      expect(logged).toMatchObject([{ user_id: person.id }, { user_id: person.id }]);
    });
  });

  describe('A sign-in on a new device where NEW_DEVICE_MAIL is off', () => {
    const app = useApp(kind, { NEW_DEVICE_MAIL: 'false' });

    it('is not told', async () => {
      const { email, password } = await signUp(app);
      expect(
        await messagesDuring(app, () => app.post('/login').send({ email, password }).expect(200)),
      ).toEqual([]);
    });
  });
});
