import type { Response } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import type { TestApp } from './app.ts';
import { AAGUID, type Authenticator, createAuthenticator, type Saying } from './authenticator.ts';
import { setCookiesIn } from './cookies.ts';
import { signUp } from './people.ts';

const as = { type: 'bearer' } as const;

/** The options to make a passkey with. */
export async function creationOptions(app: TestApp, token: string) {
  const { body } = await app.post('/passkeys/registration/options').auth(token, as).expect(200);
  return body;
}

/** What a new authenticator makes of options; of those of another user where there are none. */
export async function aNewCredential(
  app: TestApp,
  options?: Awaited<ReturnType<typeof creationOptions>>,
): Promise<object> {
  const { challenge_token, public_key } = options ?? (await creationOptions(app, (await signUp(app)).token));
  return { challenge_token, credential: createAuthenticator().create(public_key) };
}

/** Registers what the authenticator makes, and returns the answer. */
export async function tryToRegister(
  app: TestApp,
  token: string,
  authenticator: Authenticator,
  { name, ...said }: Saying & { readonly name?: string } = {},
): Promise<Response> {
  const { challenge_token, public_key } = await creationOptions(app, token);
  const credential = authenticator.create(public_key, said);
  return app.post('/passkeys/registration').auth(token, as).send({ challenge_token, credential, name });
}

/** Registers a passkey, whose owner has been told by then. The new token says that the session has two factors. */
export async function registerPasskey(
  app: TestApp,
  token: string,
  authenticator = createAuthenticator(),
  name?: string,
) {
  const answer = await tryToRegister(app, token, authenticator, name === undefined ? {} : { name });
  if (answer.status !== 201) throw new Error(`no passkey was registered: ${JSON.stringify(answer.body)}`);
  await app.outbox.settled();
  const passkeyId: string = answer.body.passkey.id;
  const raised: string = answer.body.session.access_token;
  return { authenticator, passkeyId, answer, token: raised };
}

/** A passkey that no authenticator has, for what depends on there being one. */
export async function insertPasskey({ store, clock }: TestApp, userId: string): Promise<string> {
  const id = uuidv7();
  await store.passkeys.insert({
    ...{ id, userId, name: 'My phone', credentialId: id, publicKey: 'A', counter: 0, transports: [] },
    ...{ aaguid: AAGUID, isBackupEligible: true, isBackedUp: true },
    ...{ createdAt: new Date(clock.now()), lastUsedAt: null },
  });
  return id;
}

/** A person with a passkey. */
export async function aPasskeyOwner(app: TestApp, kind: Saying & { readonly counts?: boolean } = {}) {
  const person = await signUp(app);
  return { ...person, ...(await registerPasskey(app, person.token, createAuthenticator(kind))) };
}

/** The options to sign in with: for anybody, or for an address. */
export async function requestOptions(app: TestApp, email?: string) {
  const { body } = await app.post('/login/passkey/options').send({ email }).expect(200);
  return body;
}

/** What signs in with a passkey. */
export async function anAssertion(
  app: TestApp,
  authenticator: Authenticator,
  { email, ...said }: Saying & { readonly email?: string } = {},
) {
  const { challenge_token, public_key } = await requestOptions(app, email);
  return { challenge_token, credential: authenticator.get(public_key, said) };
}

/** What signs in by cookie with a passkey, and the cookie that names the browser which has asked for it. */
export async function anAssertionInBrowser(app: TestApp, authenticator: Authenticator, cookie = '') {
  const answer = await app
    .post('/login/passkey/options')
    .set('Cookie', cookie)
    .send({ transport: 'cookie' })
    .expect(200);
  const { challenge_token, public_key } = answer.body;
  const [named = ''] = setCookiesIn(answer);
  const body = { challenge_token, credential: authenticator.get(public_key), transport: 'cookie' };
  return { body, cookie: named.split(';')[0] ?? '', attributes: named };
}

/** Tries to sign in with a passkey. */
export async function signInBy(
  app: TestApp,
  authenticator: Authenticator,
  said: Saying & { readonly email?: string } = {},
): Promise<Response> {
  return app.post('/login/passkey').send(await anAssertion(app, authenticator, said));
}
