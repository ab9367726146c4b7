import { describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import { useApp } from '../support/app.ts';
import { aPhone, messagesDuring } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { useTwoApps } from '../support/two-apps.ts';

const as = { type: 'bearer' } as const;

/** Sends one more than there may be, and expects that to be refused by a policy. */
async function expectLimit(limit: number, policy: string, ask: () => Test): Promise<void> {
  const isTold = !['send-address', 'send-total'].includes(policy);
  for (let times = 0; times < limit; times++) {
    const { headers } = await ask().expect(202);
    // What is left for others is nobody's business.
    if (isTold) expect(headers.ratelimit).toContain(`"${policy}";r=${limit - 1 - times}`);
    else expect(headers.ratelimit ?? '').not.toContain(policy);
  }
  const refused = await ask().expect(429);
  expect(refused.body).toMatchObject({ code: 'rate_limited', policy });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.headers['ratelimit-policy']).toContain(`"${policy}";q=${limit}`);
  expect(refused.headers.ratelimit).toContain(`"${policy}";r=0`);
}

describe('Messages to one address', () => {
  const app = useApp('SQLite', { RATE_LIMIT_SEND_ADDRESS: '4/900' });

  it.each(['known', 'unknown'])(
    'are limited together, whatever they are for, where it is %s',
    async (which) => {
      const { email } = which === 'known' ? await signUp(app) : aPerson();
      // The sign-up has sent one.
      if (which === 'unknown') await app.post('/otp').send({ email }).expect(202);
      await app.post('/otp').send({ email: email.toUpperCase() }).expect(202);
      await app.post('/login/link').send({ email }).expect(202);
      await app
        .post('/password/forgot')
        .send({ email: ` ${email} ` })
        .expect(202);

      for (const path of ['/otp', '/login/link', '/password/forgot', '/email/verify/resend']) {
        const { body, headers } = await app.post(path).send({ email }).expect(429);
        expect(body).toMatchObject({ code: 'rate_limited', policy: 'send-address' });
        expect(Number(headers['retry-after'])).toBeGreaterThan(890);
      }
      const messages = await messagesDuring(app, () => app.post('/otp').send({ email }).expect(429));
      expect(messages).toEqual([]);
    },
  );

  it('are counted for numbers as well, however they are written', async () => {
    const phone = aPhone();
    const spelled = `${phone.slice(0, 3)} (${phone.slice(3, 6)}) ${phone.slice(6)}`;
    let turn = 0;
    await expectLimit(4, 'send-address', () =>
      app.post('/otp').send({ phone: turn++ % 2 ? spelled : phone }),
    );
  });

  it('are counted where a user asks for a change to it', async () => {
    const { token } = await signUp(app);
    const { email } = aPerson();
    await expectLimit(4, 'send-address', () => app.post('/me/email').auth(token, as).send({ email }));
  });

  it('leave a sign-up without one once there were too many', async () => {
    const person = aPerson();
    for (let times = 0; times < 4; times++) await app.post('/otp').send({ email: person.email }).expect(202);

    const messages = await messagesDuring(app, async () => {
      const { body } = await app.post('/signup').send(person).expect(201);
      expect(body.verification).toBeNull();
    });

    expect(messages).toEqual([]);
  });
});

describe('Messages that one account asks for', () => {
  const app = useApp('SQLite', { RATE_LIMIT_SEND_ACCOUNT: '3/3600' });

  it('are limited while it is signed in, to whatever address they go', async () => {
    const { token } = await signUp(app);
    let turn = 0;
    await expectLimit(3, 'send-account', () =>
      turn++ % 2
        ? app.post('/me/phone').auth(token, as).send({ phone: aPhone() })
        : app.post('/me/email').auth(token, as).send({ email: aPerson().email }),
    );
  });
});

describe('Messages that one network asks for', () => {
  const app = useApp('SQLite', { RATE_LIMIT_SEND_IP: '5/3600', TRUST_PROXY: '1' });

  it('are limited before anything is looked up, and those of others are not', async () => {
    const from = (ip: string, path = '/otp') =>
      app.post(path).set('X-Forwarded-For', ip).send({ email: aPerson().email });
    const paths = ['/otp', '/login/link', '/password/forgot', '/email/verify/resend'];
    let turn = 0;
    await expectLimit(5, 'send-ip', () => from('192.0.2.7', paths[turn++ % 4]));
    await from('192.0.2.8').expect(202);
  });
});

describe('Messages in all', () => {
  const app = useApp('SQLite', { RATE_LIMIT_SEND_TOTAL: '6/3600', TRUST_PROXY: '1' });

  it('are limited for all networks and addresses together', async () => {
    let turn = 0;
    await expectLimit(6, 'send-total', () =>
      app.post('/otp').set('X-Forwarded-For', `192.0.2.${turn++}`).send({ email: aPerson().email }),
    );
  });
});

onEachDatabase((kind) => {
  describe('SMS of a day', () => {
    const apps = useTwoApps(kind, () => ({ SMS_DAILY_BUDGET: '10' }));
    const spend = (index: number) =>
      (index % 2 ? apps.first : apps.second).post('/otp').send({ phone: aPhone() });

    it('are bounded over two processes, shown as a gauge, warned of once at 80 percent, and free the next day', async () => {
      const { clock } = apps.first;
      // The middle of a day, so that none ends meanwhile.
      const toNoon = 86_400 + 43_200 - (Math.floor(clock.now() / 1000) % 86_400);
      for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(toNoon);

      const statuses = (await Promise.all(Array.from({ length: 16 }, (_, index) => spend(index)))).map(
        ({ status }) => status,
      );

      expect(statuses.filter((status) => status === 202)).toHaveLength(10);
      expect(statuses.filter((status) => status === 429)).toHaveLength(6);
      const refused = await spend(0).expect(429);
      expect(refused.body).toMatchObject({ code: 'rate_limited', policy: 'sms-daily' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(43_000);
      expect(refused.headers['ratelimit-policy']).toContain('"sms-daily";q=10;w=86400');
      expect(await apps.second.scrape()).toMatch(/^latchkey_sms_today\S* 10$/m);
      for (const app of [apps.first, apps.second]) {
        await spend(app === apps.first ? 1 : 0).expect(429);
        const warnings = app.logs.entries().filter(({ sms_daily_budget: budget }) => budget !== undefined);
        expect(warnings).toMatchObject([{ level: 40, sms_daily_budget: 10 }]);
      }

      for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(43_200);
      await spend(0).expect(202);
      expect(await apps.second.scrape()).toMatch(/^latchkey_sms_today\S* 1$/m);
      // The other process learns of it, and of the end of the day, once a minute.
      for (const task of apps.first.housekeeping) await task();
      expect(await apps.first.scrape()).toMatch(/^latchkey_sms_today\S* 1$/m);
    });
  });
});
