import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type Channel, RefusedDelivery } from '../../src/core/messages/message.ts';
import { parseEmail } from '../../src/core/users/identifiers.ts';
import { parseMailbox } from '../../src/mail/mailbox.ts';
import { createSmtpChannel } from '../../src/mail/smtp.ts';
import { MAIL_FROM } from '../support/messages.ts';
import { type SmtpRecorder, startSmtpRecorder } from '../support/smtp-lines.ts';

describe('Mail goes to one recipient', () => {
  let recorder: SmtpRecorder;
  let channel: Channel;
  beforeAll(async () => {
    recorder = await startSmtpRecorder();
    channel = createSmtpChannel({ url: recorder.url, from: parseMailbox(MAIL_FROM), requireTls: false });
  });
  beforeEach(() => {
    recorder.lines.length = 0;
  });
  afterAll(async () => {
    await channel.close();
    await recorder.stop();
  });

  const sendTo = (to: string) =>
    channel.send({
      id: uuidv7(),
      to,
      template: 'sign-in-code',
      subject: 'A subject',
      text: 'A text',
      html: '<p>A text</p>',
    });
  const recipients = () => recorder.lines.filter((line) => /^RCPT TO/i.test(line));
  const headers = () =>
    recorder.lines.slice(recorder.lines.indexOf('DATA') + 1, recorder.lines.indexOf('')).join('\n');

  /** However odd, each of these is one address (RFC 5321 section 4.1.2, RFC 6531). */
  it.each([
    'ada+tag@example.com',
    "o'hara@example.com",
    '"a,b"@example.com',
    '"a;b"@example.com',
    '"eve@example.org,"@example.com',
    '"eve@example.org"@example.com',
    '"(comment)ada"@example.com',
    String.raw`"very.\"unusual\""@example.com`,
    'ada{}|~!#$%&*/=?^_`@example.com',
    'ada@xn--bcher-kva.example',
    'jörg@example.com',
    '用户@example.com',
  ])('%s', async (to) => {
    await sendTo(to);

    expect(recipients()).toEqual([`RCPT TO:<${to}>`]);
    expect(headers()).toMatch(new RegExp(`^To: <?${escapeRegExp(to)}>?$`, 'm'));
    expect(headers()).not.toMatch(/^(?:Cc|Bcc):/im);
  });

  it.each([
    ['a,eve@example.org', '"a,eve"@example.org'],
    ['ada@example.com,eve@example.org', '"ada@example.com,eve"@example.org'],
    ['Ada:eve@example.org;@example.com', '"Ada:eve@example.org;"@example.com'],
    ['eve@example.org@example.com', '"eve@example.org"@example.com'],
    ['ada eve@example.com', '"ada eve"@example.com'],
  ])('also where it is written without the quotes that it takes: %s', async (to, meant) => {
    await sendTo(to);

    expect(recipients()).toEqual([`RCPT TO:<${meant}>`]);
  });

  it.each([
    'ada@example.com>\r\nRCPT TO:<eve@example.org',
    'ada@example.com\r\nBcc: eve@example.org',
    'Ada <eve@example.org>',
    '"a<b"@example.com',
    'ada@example.com\0',
  ])('or to none, where it would go to another than it says: %j', async (to) => {
    await expect(sendTo(to)).rejects.toBeInstanceOf(RefusedDelivery);

    expect(recipients()).toEqual([]);
  });

  it('who is the one that the service has compared', async () => {
    for (const typed of ['Jörg@BÜCHER.example', '"A,B"@Example.com', 'ADA@example.com']) {
      recorder.lines.length = 0;
      const { canonical } = parseEmail(typed) ?? { canonical: '' };
      await sendTo(canonical);
      expect(recipients()).toHaveLength(1);
      expect(parseEmail(recipients()[0]?.slice('RCPT TO:<'.length, -1) ?? '')?.canonical).toBe(canonical);
    }
  });

  it.each([
    'Hello\r\nBcc: eve@example.org',
    'Hello\nBcc: eve@example.org',
    `${'long '.repeat(300)}\r\n\r\n<p>`,
  ])('whatever the subject holds: %j', async (subject) => {
    await channel.send({
      id: uuidv7(),
      to: 'ada@example.com',
      template: 'sign-in-code',
      subject,
      text: 'A text',
      html: null,
    });

    expect(recipients()).toHaveLength(1);
    expect(headers()).not.toMatch(/^Bcc:/im);
    expect(recorder.lines.filter((line) => /^(?:MIME-Version|Message-ID):/i.test(line))).toHaveLength(2);
  });
});

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
