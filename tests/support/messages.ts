import { expect } from '@jest/globals';
import { issueLinkWithin } from '../../src/core/codes/issue.ts';
import { PUBLIC_URL, type TestApp } from './app.ts';

/** A message as its reader sees it, with what is to be typed or followed. */
export interface ReadMessage {
  readonly subject: string;
  readonly text: string;
  /** Empty where it has none. */
  readonly code: string;
  readonly link: string;
  /** The end of the link. */
  readonly token: string;
}

const MANY = 200;
/** Outside production any page of the own machine will do. */
const APP_PAGE = 'http://localhost:5173/signed-in';

/** The last message to an address, once everything that is due was sent. */
export async function lastMessageTo(app: TestApp, address: string): Promise<ReadMessage> {
  await app.outbox.settled();
  const message = (await app.outbox.listLatest(MANY)).find(({ to }) => to === address);
  if (message === undefined) throw new Error(`there is no message to ${address}`);
  const { subject, text, data } = message;
  const { code = '', link = '' } = data as { readonly code?: string; readonly link?: string };
  return { subject, text, code, link, token: link.slice(link.lastIndexOf('/') + 1) };
}

/** A phone number that there can be, of its own. */
export function aPhone(): string {
  return `+49151${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;
}

/** The token of a link that says that a sign-in was somebody else's. */
export async function lockdownTokenOf(app: TestApp, userId: string): Promise<string> {
  const link = { purpose: 'lockdown', subject: userId, userId } as const;
  const issued = await app.store.transaction((stores) =>
    issueLinkWithin(stores, link, new Date(app.clock.now())),
  );
  return issued.token;
}

/** The token of the link that takes a change of the address of this user back. */
export async function undoTokenOf(
  app: TestApp,
  { token, email }: { readonly token: string; readonly email: string },
  to: string,
): Promise<string> {
  await app.post('/me/email').auth(token, { type: 'bearer' }).send({ email: to }).expect(202);
  const change = await lastMessageTo(app, to);
  await app.post('/email/verify').send({ token: change.token }).expect(204);
  return (await lastMessageTo(app, email)).token;
}

/** The code that the page of a sign-in link leads back to its app with. */
export async function exchangeCodeOf(app: TestApp, email: string): Promise<string> {
  const asked = await app.post('/login/link').send({ email, return_to: APP_PAGE }).expect(202);
  const path = (await lastMessageTo(app, email)).link.replace(PUBLIC_URL, '');
  const browser = (asked.headers['set-cookie'] as unknown as string[]).map((text) => text.split(';')[0]);
  const { headers } = await app.post(path).set('Cookie', browser.join('; ')).type('form').expect(303);
  const code = new URL(headers.location ?? '').searchParams.get('code') ?? '';
  expect(code).not.toBe('');
  return code;
}
