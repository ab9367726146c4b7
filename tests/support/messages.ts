import { afterAll, beforeAll } from '@jest/globals';
import type { Message, TemplateName } from '../../src/core/messages/message.ts';
import { SAMPLES } from '../../src/mail/samples.ts';
import { startApp, type TestApp } from './app.ts';
import type { DatabaseKind } from './databases.ts';
import { type SmtpPeer, startSmtpServer } from './smtp-server.ts';

export const MAIL_FROM = 'Example <no-reply@example.com>';
const HOUR_SECONDS = 3600;

/** A mail to be sent; tests name only what they are about. */
export function aMail<Name extends TemplateName = 'sign-in-code'>(
  clock: { now: () => number },
  details: Partial<Message<Name>> = {},
): Message {
  const template = details.template ?? 'sign-in-code';
  return {
    channel: 'email',
    to: 'ada@example.com',
    template,
    data: SAMPLES[template],
    language: null,
    userId: null,
    expiresAt: new Date(clock.now() + HOUR_SECONDS * 1000),
    ...details,
  };
}

/** An SMS to be sent. */
export function anSms(clock: { now: () => number }, details: Partial<Message<'phone-code'>> = {}): Message {
  return aMail<'phone-code'>(clock, {
    channel: 'sms',
    to: '+15550001111',
    template: 'phone-code',
    ...details,
  });
}

/** Writes messages into the outbox in one transaction, as a request does. */
export async function addMessages({ store, outbox }: TestApp, messages: readonly Message[]): Promise<void> {
  await store.transaction(async (stores) => {
    for (const message of messages) await outbox.addWithin(stores, message);
  });
}

/** Writes messages, and waits until all that is due has been tried. */
export async function sendMessages(app: TestApp, ...messages: readonly Message[]): Promise<void> {
  await addMessages(app, messages);
  await app.outbox.settled();
}

/** An app that sends its mail to a server of the suite. */
export function useMailApp(kind: DatabaseKind, env: Record<string, string> = {}) {
  let started: { readonly app: TestApp; readonly smtp: SmtpPeer };
  beforeAll(async () => {
    const smtp = await startSmtpServer();
    started = { app: await startApp(kind, { SMTP_URL: smtp.url, MAIL_FROM, ...env }), smtp };
  });
  afterAll(async () => {
    await started.app.stop();
    await started.smtp.stop();
  });
  return () => started;
}
