import { beforeEach, describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { addMessages, aMail, sendMessages, useMailApp } from '../support/messages.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

describe('Mail over SMTP', () => {
  const started = useMailApp('SQLite');
  beforeEach(() => started().smtp.forget());

  it('has the headers of a mail that a program has sent, and both parts', async () => {
    const { app, smtp } = started();

    await sendMessages(app, aMail(app.clock));

    const [mail] = smtp.mails;
    expect(smtp.mails).toHaveLength(1);
    expect(mail?.mailFrom).toBe('no-reply@example.com');
    expect(mail?.headers).toMatchObject({
      from: 'Example <no-reply@example.com>',
      to: 'ada@example.com',
      subject: 'Your sign-in code for Example',
      'auto-submitted': 'auto-generated',
      'mime-version': '1.0',
      'message-id': expect.stringMatching(/^<[0-9a-f-]{36}@example\.com>$/),
    });
    expect(mail?.headers['content-type']).toMatch(/^multipart\/alternative/);
    expect(mail?.text).toContain('\n123456\n');
    expect(mail?.html).toContain('>123456</p>');
    expect(mail?.raw).not.toMatch(/<(?:img|link|script|style)\b/);
  });

  it.each([
    'ada@example.com>\r\nRCPT TO:<eve@example.org',
    'ada@example.com\r\nBcc: eve@example.org',
    '"a<b"@example.com',
    'ada@example.com\0',
  ])('is not sent to what no mail server takes as it stands: %j', async (to) => {
    const { app, smtp } = started();

    await sendMessages(app, aMail(app.clock, { to }));

    expect(smtp.recipients).toEqual([]);
    expect(await app.store.outbox.countWaiting('email')).toBe(0);
  });

  it('keeps its Message-ID over all attempts', async () => {
    const { app, smtp } = started();
    const ids: (string | undefined)[] = [];
    smtp.beforeTaking(async ({ headers }) => {
      ids.push(headers['message-id']);
      if (ids.length < 3) throw Object.assign(new Error('busy'), { responseCode: 450 });
    });

    await sendMessages(app, aMail(app.clock));
    for (const seconds of [2, 4]) {
      app.clock.advanceSeconds(seconds);
      await app.outbox.settled();
    }
    smtp.beforeTaking(async () => {});

    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(smtp.mails).toHaveLength(1);
  });
});

onEachDatabase((kind) => {
  describe('Mail whose server refuses it', () => {
    const started = useMailApp(kind);
    beforeEach(() => {
      started().smtp.forget();
      started().smtp.judge(() => undefined);
    });

    it('for a while is sent again, later each time', async () => {
      const { app, smtp } = started();
      smtp.judge(() => ({ code: 451, text: '4.7.1 Greylisted, come back later' }));

      await sendMessages(app, aMail(app.clock, { to: 'grey@example.com' }));
      await app.outbox.settled();
      expect(smtp.recipients).toHaveLength(1);

      app.clock.advanceSeconds(2);
      await app.outbox.settled();
      expect(smtp.recipients).toHaveLength(2);

      app.clock.advanceSeconds(2);
      await app.outbox.settled();
      expect(smtp.recipients).toHaveLength(2);

      smtp.judge(() => undefined);
      app.clock.advanceSeconds(2);
      await app.outbox.settled();
      expect(smtp.mails.map(({ rcptTo }) => rcptTo)).toEqual([['grey@example.com']]);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
    });

    it('for good is not sent again, and the log says why', async () => {
      const { app, smtp } = started();
      const before = app.logs.lines.length;
      smtp.judge(() => ({ code: 550, text: '5.1.1 No such mailbox' }));

      await sendMessages(app, aMail(app.clock, { to: 'nobody@example.com' }));
      app.clock.advanceSeconds(3000);
      await app.outbox.settled();

      expect(smtp.recipients).toEqual(['nobody@example.com']);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
      const refusals = app.logs
        .entries()
        .slice(before)
        .filter(({ msg }) => msg === 'message refused');
      expect(refusals).toHaveLength(1);
      expect(refusals[0]).toMatchObject({ channel: 'email', template: 'sign-in-code', attempts: 1 });
      expect(JSON.stringify(refusals[0])).toContain('5.1.1 No such mailbox');
      expect(JSON.stringify(refusals[0])).not.toContain('123456');
    });

    it('because of what the operator has set is sent again', async () => {
      const { app, smtp } = started();
      smtp.judge(() => ({ code: 530, text: '5.7.0 Authentication required' }));
      await sendMessages(app, aMail(app.clock, { to: 'later@example.com' }));

      smtp.judge(() => undefined);
      app.clock.advanceSeconds(2);
      await app.outbox.settled();

      expect(smtp.mails).toHaveLength(1);
    });

    it('until it is of no use is given up, and the log says so', async () => {
      const { app, smtp } = started();
      smtp.judge(() => ({ code: 451, text: '4.7.1 Greylisted' }));
      await sendMessages(app, aMail(app.clock));

      app.clock.advanceSeconds(3600);
      await app.outbox.settled();

      expect(smtp.recipients).toHaveLength(1);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
      expect(app.logs.entries().at(-1)?.msg).toBe('message expired before it could be sent');
    });

    it('is not sent where nobody has such an account, after the time of one that is', async () => {
      const { app, smtp } = started();

      await sendMessages(app, aMail(app.clock, { isDecoy: true }));

      expect(smtp.recipients).toEqual([]);
      expect(await app.store.outbox.countWaiting('email')).toBe(0);
    });
  });
});

describe('Mail while its server is away', () => {
  const started = useMailApp('SQLite');

  it('for thirty seconds is all delivered once it is back', async () => {
    const { app, smtp } = started();
    const { port } = smtp;
    await smtp.stop();
    const to = Array.from({ length: 20 }, (_, index) => `person-${index}@example.com`);
    await addMessages(
      app,
      to.map((address) => aMail(app.clock, { to: address })),
    );

    for (let seconds = 0; seconds < 30; seconds += 2) {
      await app.outbox.settled();
      app.clock.advanceSeconds(2);
    }
    const back = await startSmtpServer({ port });
    app.clock.advanceSeconds(32);
    await app.outbox.settled();

    expect(back.recipients.toSorted()).toEqual(to.toSorted());
    expect(await app.store.outbox.countWaiting('email')).toBe(0);
    await back.stop();
  });
});
