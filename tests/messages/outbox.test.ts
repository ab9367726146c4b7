import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { addMessages, aMail, anSms, MAIL_FROM, sendMessages, useMailApp } from '../support/messages.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

onEachDatabase((kind) => {
  describe('The outbox of a developer', () => {
    const app = useApp(kind);

    it('keeps what no channel sends, and shows it in the log', async () => {
      await sendMessages(app, aMail(app.clock, { to: 'ada@example.com' }), anSms(app.clock));

      const shown = app.logs.entries().filter(({ msg }) => String(msg).startsWith('message kept'));
      expect(shown).toHaveLength(2);
      expect(shown).toContainEqual(
        expect.objectContaining({
          to: 'ada@example.com',
          subject: 'Your sign-in code for auth.example.com',
          text: expect.stringContaining('\n123456\n'),
        }),
      );
      const kept = await app.outbox.listLatest(10);
      expect(kept).toHaveLength(2);
      const data = { code: '123456', minutes: 10 };
      expect(kept).toContainEqual(
        expect.objectContaining({ channel: 'sms', to: '+15550001111', isSent: true, data, html: null }),
      );
      expect(kept).toContainEqual(
        expect.objectContaining({
          channel: 'email',
          to: 'ada@example.com',
          isSent: true,
          data,
          html: expect.stringContaining('>123456</p>'),
        }),
      );
    });

    it('shows no decoys, and the others beside one that no secret opens any more', async () => {
      const before = await app.outbox.listLatest(10);
      await sendMessages(app, aMail(app.clock, { isDecoy: true }));
      await app.store.transaction(({ outbox }) =>
        outbox.add({
          id: '0192f6a0-0000-7000-8000-000000000001',
          channel: 'email',
          template: 'sign-in-code',
          userId: null,
          content: 'sealed with a secret that is gone',
          attempts: 0,
          dueAt: null,
          createdAt: new Date(),
          expiresAt: new Date(app.clock.now() + 60_000),
        }),
      );

      expect(await app.outbox.listLatest(10)).toEqual(before);
    });

    it('is emptied an hour after what is in it has expired', async () => {
      app.clock.advanceSeconds(3600 + 3599);
      await app.outbox.housekeeping();
      expect(await app.outbox.listLatest(10)).toHaveLength(2);

      app.clock.advanceSeconds(2);
      await app.outbox.housekeeping();
      expect(await app.outbox.listLatest(10)).toEqual([]);
    });
  });

  describe('The outbox', () => {
    const started = useMailApp(kind);

    it('has no message of a transaction that failed', async () => {
      const { app, smtp } = started();

      await app.store
        .transaction(async (stores) => {
          await app.outbox.addWithin(stores, aMail(app.clock));
          throw new Error('no');
        })
        .catch(() => {});
      await app.outbox.settled();

      expect(smtp.recipients).toEqual([]);
    });

    it('holds nothing of a message in the clear', async () => {
      const { app } = started();
      await addMessages(app, [aMail(app.clock, { to: 'secret@example.com' })]);

      const rows = await app.store.outbox.list(1);

      expect(rows[0]).toMatchObject({ channel: 'email', template: 'sign-in-code', attempts: 0 });
      expect(JSON.stringify(rows)).not.toMatch(/secret@example|123456/);
      await app.outbox.settled();
    });

    it('sends eight messages at a time, and the next as soon as one is done', async () => {
      const { app, smtp } = started();
      smtp.forget();
      let atOnce = 0;
      let most = 0;
      const releases: (() => void)[] = [];
      smtp.beforeTaking(async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise<void>((resolve) => releases.push(resolve));
        atOnce -= 1;
      });
      const addresses = Array.from({ length: 20 }, (_, index) => `person-${index}@example.com`);
      await addMessages(
        app,
        addresses.map((to) => aMail(app.clock, { to })),
      );

      app.outbox.wake();
      await smtp.until(() => atOnce === 8);
      for (let done = 1; done <= addresses.length; done += 1) {
        await smtp.until(() => releases.length > 0);
        releases.shift()?.();
        await smtp.received(done);
      }
      smtp.beforeTaking(async () => {});
      await app.outbox.settled();

      expect(most).toBe(8);
      expect(smtp.mails).toHaveLength(20);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
    });

    it('answers before its mail server does', async () => {
      const { app, smtp } = started();
      smtp.forget();
      let release: (() => void) | undefined;
      smtp.beforeTaking(
        () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      );
      await addMessages(app, [aMail(app.clock)]);
      app.outbox.wake();
      await smtp.until(() => release !== undefined);

      await app.get('/healthz').expect(200);

      release?.();
      await smtp.received(1);
      smtp.beforeTaking(async () => {});
      await app.outbox.settled();
    });
  });
});

describe('A process that stops while its mail server is slow', () => {
  let app: TestApp;
  let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
  beforeAll(async () => {
    smtp = await startSmtpServer();
    app = await startApp('SQLite', { SMTP_URL: smtp.url, MAIL_FROM });
  });
  afterAll(async () => {
    await app.stop();
    await smtp.stop();
  });

  it('writes down that what was on its way is to be sent again', async () => {
    let isSending = false;
    smtp.beforeTaking(() => {
      isSending = true;
      return new Promise(() => {});
    });
    await addMessages(app, [aMail(app.clock)]);
    app.outbox.wake();
    await smtp.until(() => isSending);

    await app.outbox.stop();

    const [row] = await app.store.outbox.list(1);
    expect(row).toMatchObject({ attempts: 1, dueAt: new Date(app.clock.now() + 2000) });
    expect(app.logs.entries().at(-1)).toMatchObject({ level: 40, msg: 'message postponed' });
  });
});

describe('A service in production without a mail server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp('SQLite', {
      NODE_ENV: 'production',
      JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
      BCRYPT_COST: '10',
    });
  });
  afterAll(() => app.stop());

  it('has no channel, and says at the start what that means', () => {
    expect([app.outbox.has('email'), app.outbox.has('sms')]).toEqual([false, false]);
    expect(app.config.warnings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^SMTP_URL is not set: no mail is sent, and routes that send mail answer 501/),
        expect.stringMatching(/^Neither TWILIO_ACCOUNT_SID nor SMS_WEBHOOK_URL is set: /),
      ]),
    );
  });
});
