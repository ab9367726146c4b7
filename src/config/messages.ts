import {
  countries,
  directory,
  flag,
  integer,
  mailbox,
  oneOf,
  returnUrls,
  smsTestCodes,
  smtpUrl,
  text,
  twilioAccount,
  twilioSender,
  webhookSecret,
  webUrl,
} from './values.ts';
import { variable } from './variable.ts';

/** Codes and links, and how messages with them are sent. */
export const MESSAGES_VARIABLES = {
  SMTP_URL: variable({
    type: smtpUrl,
    meaning:
      'Mail server, such as smtp://user:password@mail.example.com:587 (STARTTLS) or smtps://…:465; without it messages stay in the outbox at /dev/outbox, outside production',
    secret: true,
  }),
  MAIL_FROM: variable({
    type: mailbox,
    meaning:
      'Sender of mail, such as Example <no-reply@example.com>; required with SMTP_URL. An address alone gets BRAND_NAME as its name',
  }),
  MAIL_TEMPLATES_DIR: variable({
    type: directory,
    meaning: 'Directory whose files replace templates of messages, or add languages',
  }),
  TWILIO_ACCOUNT_SID: variable({
    type: twilioAccount,
    meaning: 'Sends SMS by Twilio, with TWILIO_AUTH_TOKEN and TWILIO_FROM',
  }),
  TWILIO_AUTH_TOKEN: variable({
    type: text('the auth token'),
    meaning: 'Auth token of that account',
    secret: true,
  }),
  TWILIO_FROM: variable({
    type: twilioSender,
    meaning: 'Number in E.164, sender id or messaging service SID that sends',
  }),
  TWILIO_API_URL: variable({
    type: webUrl,
    default: 'https://api.twilio.com',
    meaning: 'Base URL of the API, such as that of a region',
  }),
  SMS_WEBHOOK_URL: variable({
    type: webUrl,
    meaning: 'Sends SMS by a service of your own, which gets each of them as JSON (docs/passwordless.md)',
  }),
  SMS_WEBHOOK_SECRET: variable({
    type: webhookSecret,
    meaning: 'Signs these requests as Standard Webhooks prescribe; required with SMS_WEBHOOK_URL',
    secret: true,
  }),
  SMS_COUNTRIES: variable({
    type: countries,
    default: '',
    meaning: 'Comma-separated countries whose numbers get SMS, such as DE,AT,CH; all where it is empty',
  }),
  SMS_DAILY_BUDGET: variable({
    type: integer(1, 10_000_000),
    default: '1000',
    meaning: 'Most SMS in a day (UTC), of all processes together',
  }),
  SMS_TEST_CODES: variable({
    type: smsTestCodes,
    default: '',
    meaning:
      'Numbers that get no SMS and always this code, for those who review apps: +15550001111:123456, in production with the day it ends, +15550001111:123456:2027-01-31',
    secret: true,
  }),
  OTP_SIGNUP: variable({
    type: flag,
    default: 'true',
    meaning: 'Whether a code for an unknown number or address makes an account',
  }),
  RETURN_URLS: variable({
    type: returnUrls,
    default: '',
    meaning:
      'Comma-separated pages that links and providers may lead back to, exactly, or origins for all of their pages; outside production pages at localhost as well',
  }),
  LINK_ANY_DEVICE: variable({
    type: flag,
    default: 'false',
    meaning: 'Whether a sign-in link signs in every device that opens it, not only the one that asked for it',
  }),
  REQUIRE_VERIFIED_EMAIL: variable({
    type: flag,
    default: 'false',
    meaning: 'Whether a login has to wait until the email address is verified',
  }),
  SIGNUP_ENUMERATION: variable({
    type: oneOf('show', 'hide'),
    default: 'show',
    meaning:
      'hide answers sign-ups alike for known and new addresses; the account is made once the address is verified',
  }),
  NEW_DEVICE_MAIL: variable({
    type: flag,
    default: 'true',
    meaning: 'Whether users get a mail about a sign-in on a device that their account has not seen',
  }),
  RECENT_SIGN_IN_SECONDS: variable({
    type: integer(60, 86_400, 'seconds'),
    default: '900',
    meaning:
      'How long an authentication counts as recent, in seconds: what is dangerous takes one, such as another email address, an API key or a change by an administrator',
  }),
};
