import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { parseMailbox } from '../../src/mail/mailbox.ts';
import { configProblems } from '../support/config-problems.ts';

const TWILIO = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'a token',
  TWILIO_FROM: '+15550001111',
};
const WEBHOOK = {
  SMS_WEBHOOK_URL: 'https://sms.example.com/send',
  SMS_WEBHOOK_SECRET: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
};
const SMTP = { SMTP_URL: 'smtp://mail.example.com', MAIL_FROM: 'no-reply@example.com' };

describe('The variables of messages', () => {
  it('warn of an outbox that other hosts can read, and not where it is on this one or nothing stays in it', () => {
    const warningsOf = (env: Record<string, string>) =>
      loadConfig(env).warnings.filter((warning) => warning.includes('/dev/outbox'));

    expect(warningsOf({ HOST: '0.0.0.0' })).toEqual([expect.stringContaining('HOST is 0.0.0.0')]);
    expect(warningsOf({ HOST: '0.0.0.0', ...SMTP })).toHaveLength(1);
    expect(warningsOf({ HOST: '0.0.0.0', ...SMTP, ...TWILIO })).toEqual([]);
    expect(warningsOf({ HOST: '127.0.0.1' })).toEqual([]);
    expect(warningsOf({})).toEqual([]);
  });

  it.each([
    [TWILIO],
    [{ ...TWILIO, TWILIO_FROM: `MG${'a'.repeat(32)}` }],
    [{ ...TWILIO, TWILIO_FROM: '12345' }],
    [{ ...TWILIO, TWILIO_FROM: 'Example 1' }],
    [WEBHOOK],
    [{ ...WEBHOOK, SMS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(64).toString('base64')}` }],
    [SMTP],
    [{ ...SMTP, SMTP_URL: 'smtps://user:p%40ss@[::1]:2465' }],
    [{ ...SMTP, MAIL_FROM: 'Müller & Söhne, Inc. <no-reply@example.com>' }],
    [{ MAIL_TEMPLATES_DIR: tmpdir() }],
  ] as [Record<string, string>][])('are taken: %j', (env) => {
    expect(configProblems(env)).toEqual([]);
  });

  it.each([
    ['TWILIO_ACCOUNT_SID', { ...TWILIO, TWILIO_ACCOUNT_SID: 'AC123' }],
    ['TWILIO_FROM', { ...TWILIO, TWILIO_FROM: 'A sender id that is too long' }],
    ['TWILIO_FROM', { ...TWILIO, TWILIO_FROM: '0155500011111' }],
    ['SMS_WEBHOOK_SECRET', { ...WEBHOOK, SMS_WEBHOOK_SECRET: 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD' }],
    [
      'SMS_WEBHOOK_SECRET',
      { ...WEBHOOK, SMS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(23).toString('base64')}` },
    ],
    [
      'SMS_WEBHOOK_SECRET',
      { ...WEBHOOK, SMS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(65).toString('base64')}` },
    ],
    ['SMS_WEBHOOK_SECRET', { ...WEBHOOK, SMS_WEBHOOK_SECRET: 'whsec_not base64 but as long as a secret' }],
    ['SMS_WEBHOOK_SECRET', { SMS_WEBHOOK_URL: WEBHOOK.SMS_WEBHOOK_URL }],
    ['MAIL_FROM', { ...SMTP, MAIL_FROM: 'Example <no-reply@example.com>, eve@example.org' }],
    ['MAIL_FROM', { SMTP_URL: SMTP.SMTP_URL }],
    ['SMTP_URL', { ...SMTP, SMTP_URL: 'smtp://mail.example.com?tls.rejectUnauthorized=false' }],
    ['SMTP_URL', { ...SMTP, SMTP_URL: 'https://mail.example.com' }],
    ['SMS_TEST_CODES', { SMS_TEST_CODES: '+15550001111:123456:2027-02-31' }],
    ['SMS_TEST_CODES', { SMS_TEST_CODES: '+15550001111:12345' }],
    ['SMS_TEST_CODES', { SMS_TEST_CODES: '15550001111:123456' }],
    ['MAIL_TEMPLATES_DIR', { MAIL_TEMPLATES_DIR: join(tmpdir(), 'is-not-there') }],
  ] as [string, Record<string, string>][])('are refused by the name of %s: %j', (name, env) => {
    const problems = configProblems(env);
    expect(problems[0]).toContain(name);
    expect(problems.join()).not.toContain('whsec_C2F');
  });

  it('take no file for a directory', () => {
    const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(configProblems({ MAIL_TEMPLATES_DIR: file })).toHaveLength(1);
    rmSync(directory, { recursive: true });
  });

  it('warn in production where codes cross the network in the clear', () => {
    const { warnings } = loadConfig({
      NODE_ENV: 'production',
      JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
      APP_SECRET: 'q7Lx2Vd9Hs4Kz8Nw3Bf6Tm1Rc5Gy0JpQeUiOaZxSvWbE',
      PUBLIC_URL: 'https://auth.example.com',
      DATABASE_URL: 'mysql://auth:hunter2@db.example.com/auth',
      ...SMTP,
      ...WEBHOOK,
      SMS_WEBHOOK_URL: 'http://sms.internal/send',
      RETURN_URLS: 'https://app.example.com,http://intranet.example.com,http://localhost:5173',
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^SMS_WEBHOOK_URL begins with http: /),
      expect.stringMatching(/^RETURN_URLS has http:\/\/intranet\.example\.com: /),
    ]);
  });
});

describe('MAIL_FROM', () => {
  it.each([
    ['no-reply@example.com', { name: '', address: 'no-reply@example.com' }],
    ['<no-reply@example.com>', { name: '', address: 'no-reply@example.com' }],
    ['Example, Inc. <no-reply@example.com>', { name: 'Example, Inc.', address: 'no-reply@example.com' }],
  ])('has a name and an address: %s', (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox);
  });
});
