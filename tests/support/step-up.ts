import type { TestApp } from './app.ts';

/** Somebody in a session that can be refreshed. */
interface InSession {
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** The same person, as if their session had been authenticated in this way, so many seconds ago. */
export async function authenticatedBy<Person extends InSession>(
  app: TestApp,
  person: Person,
  amr: string,
  secondsAgo = 0,
): Promise<Person & { readonly token: string }> {
  const authenticatedAt = new Date(app.clock.now() - secondsAgo * 1000);
  await app.models.sessions.update({ amr, authenticatedAt }, { where: { id: person.sessionId } });
  return refreshed(app, person);
}

/** The same person with the tokens of a refresh. */
export async function refreshed<Person extends InSession>(
  app: TestApp,
  person: Person,
): Promise<Person & { readonly token: string }> {
  const { body } = await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
  return { ...person, token: body.access_token, refreshToken: body.refresh_token };
}

/** Gives an account a second factor, in so far as its sessions have to show one from then on. */
export async function addSecondFactor(app: TestApp, id: string): Promise<void> {
  await app.models.users.update({ secondFactorSince: new Date(app.clock.now()) }, { where: { id } });
}

/** The challenge of RFC 9470. */
export function stepUpChallenge(needed: string): RegExp {
  const error = 'error="insufficient_user_authentication"';
  return new RegExp(`^Bearer realm="latchkey", ${error}, error_description="[^"]+", ${needed}$`);
}
