import { randomBytes } from 'node:crypto';
import type { TestApp } from './app.ts';
import { claimsIn } from './claims.ts';
import { CANARY } from './logs.ts';

export interface Person {
  readonly email: string;
  readonly password: string;
  readonly username?: string;
  readonly name?: string;
}

/** A sign-up body of its own; tests name only the member they are about. */
export function aPerson(details: Partial<Person> = {}): Person {
  const unique = randomBytes(5).toString('hex');
  return { email: `person-${unique}@example.com`, password: `${CANARY} ${unique} staple`, ...details };
}

/** A unique username. */
export function aUsername(): string {
  return `user_${randomBytes(5).toString('hex')}`;
}

/** Signs a person up, whose mail has been sent by then, and returns them with their id, their tokens and the id of their session. */
export async function signUp(app: TestApp, details: Partial<Person> = {}) {
  const person = aPerson(details);
  const response = await app.post('/signup').send(person).expect(201);
  await app.outbox.settled();
  const token = response.body.access_token as string;
  return {
    ...person,
    id: response.body.user.id as string,
    token,
    refreshToken: response.body.refresh_token as string,
    deviceToken: response.body.device_token as string,
    sessionId: claimsIn(token).sid,
  };
}
