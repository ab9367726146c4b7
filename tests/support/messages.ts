import { afterAll, beforeAll } from '@jest/globals';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Core } from '../../src/core/core.ts';
import type { Message, TemplateName } from '../../src/core/messages/message.ts';
import { createOutbox } from '../../src/core/messages/outbox.ts';
import { storesOf } from '../../src/core/stores.ts';
import { readKeyMaterial } from '../../src/core/tokens/key-material.ts';
import { createKeyRing } from '../../src/core/tokens/keys.ts';
import { createSeal } from '../../src/core/tokens/seal.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { createStore } from '../../src/db/store.ts';
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
export async function addMessages(
  { store, outbox }: Pick<Core, 'store' | 'outbox'>,
  messages: readonly Message[],
): Promise<void> {
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

/** The outbox of server processes with this environment, for a test to write into. It sends nothing itself. */
export async function openOutbox(env: Record<string, string>) {
  const config = loadConfig({ NODE_ENV: 'test', ...env });
  const logger = pino({ level: 'silent' });
  const database = await connectDatabase(config.database, logger);
  const store = createStore(database, storesOf);
  const outbox = createOutbox({
    store: store.outbox,
    messaging: { channels: {}, render: () => Promise.reject(new Error('it sends nothing')) },
    seal: createSeal(createKeyRing(readKeyMaterial(config.tokens)).appSecrets, 'outbox'),
    clock: systemClock,
    logger,
    onDelivery: () => {},
    onWaiting: () => {},
  });
  return {
    clock: systemClock,
    add: (messages: readonly Message[]) => addMessages({ store, outbox }, messages),
    waiting: () => store.outbox.countWaiting('email'),
    close: () => database.close(),
  };
}
