import request, { type Response, type Test } from 'supertest';
import { issueLinkWithin } from '../../src/core/codes/issue.ts';
import type { KeptMessage } from '../../src/core/messages/outbox.ts';
import type { TestApp } from './app.ts';
import { setCookiesIn } from './cookies.ts';

/** A message, with the code, the link and the token of the link that stand in it; empty where there is none. */
export interface ReadMessage extends KeptMessage {
  readonly code: string;
  readonly link: string;
  readonly token: string;
}

/** What a request for a code or a link led to: the id of its challenge, and its one message. */
export interface Sent extends ReadMessage {
  readonly challengeId: string;
}

type Outboxed = Pick<TestApp, 'outbox' | 'clock'>;

/** So many messages at most come of what a test does at once. */
const LATEST = 60;
/** Outside production any page of this machine may be returned to. */
const APP_PAGE = 'http://localhost:5173/signed-in';

/** The messages that come of some work, the latest first. */
export async function messagesDuring(
  app: Outboxed,
  work: () => PromiseLike<unknown>,
): Promise<ReadMessage[]> {
  const before = new Set((await latestMessages(app)).map(({ id }) => id));
  // The ids of messages of one moment are in no order.
  app.clock.advanceSeconds(0.01);
  await work();
  return (await latestMessages(app)).filter(({ id }) => !before.has(id));
}

/** The messages of late, the latest first. */
export async function latestMessages({ outbox }: Outboxed): Promise<ReadMessage[]> {
  await outbox.settled();
  return (await outbox.listLatest(LATEST)).map(readMessage);
}

/** The latest message to an address. */
export async function messageTo(app: Outboxed, to: string): Promise<ReadMessage> {
  const found = (await latestMessages(app)).find((message) => message.to === to);
  if (found === undefined) throw new Error(`there is no message to ${to}`);
  return found;
}

function readMessage(message: KeptMessage): ReadMessage {
  const data = message.data as { readonly code?: string; readonly link?: string };
  const { code = '', link = '' } = data;
  return { ...message, code, link, token: tokenIn(link) };
}

/** The token at the end of a link. */
export function tokenIn(link: string): string {
  return /[\w-]{43}$/.exec(link)?.[0] ?? '';
}

/** Sends a request that answers 202, and reads the one message that comes of it. */
export async function sent(app: Outboxed, request: Test): Promise<Sent> {
  let challengeId = '';
  const messages = await messagesDuring(app, async () => {
    const { body } = await request.expect(202);
    challengeId = body.challenge_id;
  });
  const [message] = messages;
  if (message === undefined || messages.length > 1) throw new Error(`${messages.length} messages were sent`);
  return { ...message, challengeId };
}

/** A code to sign in with, by mail or by SMS. */
export function codeFor(
  app: TestApp,
  to: { readonly email: string } | { readonly phone: string },
): Promise<Sent> {
  const address = 'phone' in to ? { phone: to.phone } : { email: to.email };
  return sent(app, app.post('/otp').send(address));
}

/** A link to sign in with. */
export function linkFor(app: TestApp, email: string, more: object = {}): Promise<Sent> {
  return sent(app, app.post('/login/link').send({ email, ...more }));
}

/** A code and a link to choose another password with. */
export function resetFor(app: TestApp, email: string): Promise<Sent> {
  return sent(app, app.post('/password/forgot').send({ email }));
}

/** A code and a link to change an address with. */
export function changeOf(app: TestApp, token: string, email: string): Promise<Sent> {
  return sent(app, app.post('/me/email').auth(token, { type: 'bearer' }).send({ email }));
}

/** A code to add a phone number with. */
export function phoneCodeOf(app: TestApp, token: string, phone: string): Promise<Sent> {
  return sent(app, app.post('/me/phone').auth(token, { type: 'bearer' }).send({ phone }));
}

/** The token of the link that takes a change of this user's address back. */
export async function undoTokenOf(
  app: TestApp,
  { token, email }: { readonly token: string; readonly email: string },
  to: string,
): Promise<string> {
  await markVerified(app, email);
  await verifyBy(app, await changeOf(app, token, to)).expect(204);
  return (await messageTo(app, email)).token;
}

/** The token of a link that says that a sign-in of this user was somebody else's. */
export async function lockdownTokenOf(app: TestApp, userId: string): Promise<string> {
  const link = { purpose: 'lockdown', subject: userId, userId } as const;
  const issued = await app.store.transaction((stores) =>
    issueLinkWithin(stores, link, new Date(app.clock.now())),
  );
  return issued.token;
}

/** The code with which the page of a sign-in link leads back to its app, for POST /login/exchange. */
export async function exchangeCodeOf(app: TestApp, email: string): Promise<string> {
  const asked = await app.post('/login/link').send({ email, return_to: APP_PAGE }).expect(202);
  const { pathname } = new URL((await messageTo(app, email)).link);
  const cookie = setCookiesIn(asked)
    .map((text) => text.split(';')[0])
    .join('; ');
  const { headers } = await pagesOf(app).post(pathname).set('Cookie', cookie).type('form').expect(303);
  return new URL(headers.location ?? '').searchParams.get('code') ?? '';
}

/** The pages that people see, which stand in no API document. */
export function pagesOf({ url }: Pick<TestApp, 'url'>) {
  return request(url);
}

/** Uses a code to sign in. */
export function signInBy(
  app: TestApp,
  { challengeId, code }: Pick<Sent, 'challengeId' | 'code'>,
  more: object = {},
): Test {
  return app.post('/otp/verify').send({ challenge_id: challengeId, code, ...more });
}

/** Verifies an address by the code that was mailed to it. */
export function verifyBy(app: TestApp, { challengeId, code }: Pick<Sent, 'challengeId' | 'code'>): Test {
  return app.post('/email/verify').send({ challenge_id: challengeId, code });
}

/** Another code than this one, of six digits as well. */
export function wrong(code: string, by = 1): string {
  return String((Number(code) + by) % 1_000_000).padStart(6, '0');
}

let numbers = 0;

/** A mobile number of its own in Germany, to which an SMS could go. */
export function aPhone(): string {
  numbers += 1;
  return `+4915112${String(Math.floor(Math.random() * 900) + 100)}${String(numbers % 1000).padStart(3, '0')}`;
}

/** What an answer says was wrong: the code of its problem. */
export function refusalOf({ status, body }: Response): string {
  return `${status} ${body.code}`;
}

/** As if the owner of an address had proved it. */
export async function markVerified({ models, clock }: TestApp, email: string): Promise<void> {
  const where = { emailCanonical: email.toLowerCase() };
  await models.users.update({ emailVerifiedAt: new Date(clock.now()) }, { where });
}
