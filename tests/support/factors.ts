import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { Secret, TOTP } from 'otpauth';
import type { Test } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import type { FactorMethod, RememberedDevice } from '../../src/core/factors/factor.ts';
import type { TestApp } from './app.ts';
import { type Person, signUp } from './people.ts';

const as = { type: 'bearer' } as const;

/** The code of an authenticator app, by the clock of the service and so many steps off. */
export function codeOf({ clock }: Pick<TestApp, 'clock'>, secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
  return totp.generate({ timestamp: clock.now() + steps * 30_000 });
}

/** An authenticator app that a user has set up. */
export interface Authenticator {
  readonly id: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
  /** Of the session that has set it up, by two factors. */
  readonly token: string;
}

/** Sets an authenticator app up, whose first code is used then. */
export async function addTotp(app: TestApp, token: string): Promise<Authenticator> {
  const { body } = await app.post('/me/factors/totp').auth(token, as).expect(201);
  const { factor_id: id, secret } = body;
  const code = codeOf(app, secret);
  const confirmed = await app
    .post(`/me/factors/totp/${id}/confirm`)
    .auth(token, as)
    .send({ code })
    .expect(200);
  const { recovery_codes: recoveryCodes, session } = confirmed.body;
  return { id, secret, recoveryCodes: recoveryCodes ?? [], token: session.access_token };
}

/** A user with an authenticator app, whose next code is good at once. */
export async function signUpWithTotp(
  app: TestApp,
  details: Partial<Person> = {},
): Promise<Awaited<ReturnType<typeof signUp>> & { readonly totp: Authenticator }> {
  const person = await signUp(app, details);
  const totp = await addTotp(app, person.token);
  app.clock.advanceSeconds(30);
  return { ...person, totp, token: totp.token };
}

/** What a sign-in answers that needs a second factor. */
export interface Challenge {
  readonly challenge_token: string;
  readonly methods: readonly FactorMethod[];
}

/** Logs in up to the challenge. */
export async function challengeFor(
  app: TestApp,
  { email, password }: Person,
  more: object = {},
): Promise<Challenge> {
  const { body } = await app
    .post('/login')
    .send({ email, password, ...more })
    .expect(403);
  expect(body.code).toBe('second_factor_required');
  return body;
}

/** Answers a challenge. */
export function answer(
  app: TestApp,
  { challenge_token }: Pick<Challenge, 'challenge_token'>,
  given: { readonly method: FactorMethod; readonly code: string } & Readonly<Record<string, unknown>>,
): Test {
  return app.post('/login/factor').send({ challenge_token, ...given });
}

/** The code of an app as POST /login/factor takes it. */
export function totpOf(app: Pick<TestApp, 'clock'>, { secret }: Pick<Authenticator, 'secret'>, steps = 0) {
  return { method: 'totp', code: codeOf(app, secret, steps) } as const;
}

/** The token of a device on which the user has logged in by both factors. One from before the second factor counts for nothing. */
export async function aKnownDevice(
  app: TestApp,
  person: Person,
  { recoveryCodes }: Pick<Authenticator, 'recoveryCodes'>,
): Promise<string> {
  const given = { method: 'recovery_code', code: recoveryCodes.at(-1) ?? '' } as const;
  const { body } = await answer(app, await challengeFor(app, person), given).expect(200);
  return body.device_token;
}

/** Has the service remember a device of a user. */
export async function rememberDevice({ store, clock }: TestApp, userId: string): Promise<RememberedDevice> {
  const device = {
    id: uuidv7({ msecs: clock.now() }),
    userId,
    deviceId: randomBytes(16).toString('base64url'),
    userAgent: null,
    ip: null,
    createdAt: new Date(clock.now()),
    expiresAt: new Date(clock.now() + 86_400_000),
  };
  await store.factors.remember(device);
  return device;
}
