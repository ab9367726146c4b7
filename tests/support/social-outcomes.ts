import { expect } from '@jest/globals';
import type { Response } from 'supertest';
import type { TestApp } from './app.ts';
import { APP_PAGE, locationOf, parametersOf } from './social-browser.ts';

/** What is kept of the accounts at providers of a user, the first one first. */
export async function identitiesOf({ models }: TestApp, userId: string) {
  const rows = await models.identities.findAll({ where: { userId }, order: [['id', 'ASC']] });
  return rows.map((row) => row.get());
}

/** What the audit log has about a user, the earliest first: each as its type and its details. */
export async function eventsOf({ models }: TestApp, userId: string) {
  const rows = await models.ledger.findAll({ where: { subjectId: userId }, order: [['id', 'ASC']] });
  return rows.map((row) => {
    const { type, details } = row.get();
    return [type, details === null ? {} : JSON.parse(details)] as const;
  });
}

/** Runs `work`, after which there must be no account, identity, session or code that was not there before. */
export async function expectNothingCreated({ models }: TestApp, work: () => Promise<void>): Promise<void> {
  const count = () =>
    Promise.all([
      models.users.count(),
      models.identities.count(),
      models.sessions.count(),
      models.challenges.count(),
    ]);
  const before = await count();
  await work();
  expect(await count()).toEqual(before);
}

/** An answer leads back to the app with this error, and has nothing else for it. */
export function expectSentBack(response: Response, error: string): void {
  const page = locationOf(response);
  expect(page.href.startsWith(APP_PAGE)).toBe(true);
  expect({ status: response.status, ...parametersOf(page) }).toEqual({
    status: 303,
    error,
    error_description: expect.any(String),
  });
}

/** The answer is a page that leads nowhere: the sign-in is over, or began elsewhere. */
export function expectCannotGoOn(response: Response): void {
  expect(response.status).toBe(400);
  expect(response.text).toContain('This sign-in cannot go on here');
}

/** What the log says of the errors since `work` began, with their causes: their messages in one text each. */
export async function causesOf({ logs }: TestApp, work: () => Promise<unknown>): Promise<string[]> {
  const before = logs.lines.length;
  await work();
  return logs
    .entries()
    .slice(before)
    .flatMap(({ level, err }) => (level === 50 && err !== undefined ? [messagesIn(err as Logged)] : []));
}

interface Logged {
  readonly message: string;
  readonly cause?: Logged;
}

function messagesIn({ message, cause }: Logged): string {
  return cause === undefined ? message : `${message}: ${messagesIn(cause)}`;
}
