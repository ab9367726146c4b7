import { Secret, TOTP } from 'otpauth';
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
  return { id, secret, recoveryCodes: confirmed.body.recovery_codes ?? [] };
}

/** A user with an authenticator app, whose next code is good at once. */
export async function signUpWithTotp(
  app: TestApp,
  details: Partial<Person> = {},
): Promise<Awaited<ReturnType<typeof signUp>> & { readonly totp: Authenticator }> {
  const person = await signUp(app, details);
  const totp = await addTotp(app, person.token);
  app.clock.advanceSeconds(30);
  return { ...person, totp };
}
