import { randomBytes, randomUUID } from 'node:crypto';
import type { Test } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { parseEmail } from '../../src/core/users/identifiers.ts';
import { makeKey } from './api-keys.ts';
import type { TestApp, TestClock } from './app.ts';
import { aPhone, latestMessages, resetFor } from './codes.ts';
import { logInByCookie, PAGE } from './cookies.ts';
import type { DatabaseKind } from './databases.ts';
import { aPerson, type Person, signUp } from './people.ts';
import { CLIENT, callbackOf, googleEnv, openBrowser, useSocialApp } from './social-browser.ts';
import { type GooglePeer, type GoogleUser, startGoogle } from './social-peers/google.ts';

/** The providers of `useSocial`, all of which one stand-in is: to the service each of them is another. */
export const PROVIDERS = ['google', 'acme', 'globex'] as const;
export type Provider = (typeof PROVIDERS)[number];

const as = { type: 'bearer' } as const;

export const startProviders = (clock?: { now: () => number }): Promise<GooglePeer> =>
  startGoogle({ ...CLIENT, redirectUris: PROVIDERS.map(callbackOf), ...(clock && { clock }) });

/** The variables with which a service knows them. */
export function providersEnv(peer: GooglePeer): Record<string, string> {
  const others = PROVIDERS.slice(1).map((id) => ({
    id,
    name: `The ${id} provider`,
    issuer: peer.issuer,
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
  }));
  return { ...googleEnv(peer), OIDC_PROVIDERS: JSON.stringify(others) };
}

/** A service with these providers, which pages of PAGE may call. */
export function useSocial(kind: DatabaseKind, env: Record<string, string> = {}) {
  return useSocialApp({
    kind,
    start: startProviders,
    env: (peer) => ({ ...providersEnv(peer), CORS_ORIGINS: PAGE, ...env }),
  });
}

/** The subjects of what the owner of an account is told. */
export const LINKED = 'Google was connected to your account at auth.example.com';
export const CLAIMED = 'The password of your account at auth.example.com was removed';

export interface Social {
  readonly clock: TestClock;
  readonly app: TestApp;
  readonly peer: GooglePeer;
}

/** A person with an account at the providers, whose address is verified there. */
export function aVisitor(details: Partial<GoogleUser> = {}): GoogleUser {
  const sub = randomBytes(10).toString('hex');
  return { sub, email: `visitor-${sub}@example.com`, name: 'Grace Hopper', ...details };
}

/** What names them in the table of identities. */
export function keyOf({ peer }: Pick<Social, 'peer'>, { sub }: GoogleUser, provider: Provider = 'google') {
  return { provider, issuer: peer.issuer, subject: sub };
}

/** A browser that is signed in at the providers. */
export function browserOf({ app, peer }: Social, visitor: GoogleUser) {
  peer.signIn(visitor);
  return openBrowser(app);
}

/** An ID token as an app gets it, with its nonce. */
export async function idTokenOf({ peer }: Pick<Social, 'peer'>, user: GoogleUser) {
  const nonce = randomUUID();
  const androidClientId = CLIENT.clientId;
  return { id_token: await peer.nativeIdToken({ user, androidClientId, nonce }), nonce };
}

/** Links an account at a provider to that of a session. */
export async function link(social: Social, token: string, visitor: GoogleUser, provider: Provider = 'acme') {
  const proof = await idTokenOf(social, visitor);
  const { body } = await social.app
    .post(`/me/identities/${provider}`)
    .auth(token, as)
    .send(proof)
    .expect(201);
  return body.identity as { readonly id: string; readonly provider: string; readonly email: string | null };
}

/** Removes it. */
export function unlink({ app }: Pick<Social, 'app'>, token: string, id: string): Test {
  return app.delete(`/me/identities/${id}`).auth(token, as);
}

export interface AccountInUse extends Person {
  readonly id: string;
  readonly token: string;
  readonly sessionId: string;
  readonly refreshToken: string;
  readonly deviceToken: string;
  readonly phone: string;
  readonly keyId: string;
  readonly key: string;
  readonly cookie: string;
  /** At `acme`. */
  readonly visitor: GoogleUser;
  readonly identityId: string;
  readonly exchangeCode: string;
  readonly resetToken: string;
}

/** An account whose address is not verified, with every way in to it that there can be. */
export async function anAccountInUse(social: Social, details: Partial<Person> = {}): Promise<AccountInUse> {
  const { app } = social;
  const person = await signUp(app, details);
  const phone = aPhone();
  await app.store.users.setPhone(person.id, phone, new Date(app.clock.now()));
  const { id: keyId, key } = await makeKey(app, person.token);
  const { cookie } = await logInByCookie(app, person);
  const visitor = aVisitor();
  const { id: identityId } = await link(social, person.token, visitor);
  const page = await browserOf(social, visitor).signIn('acme');
  const exchangeCode = page.searchParams.get('code') ?? '';
  const { token: resetToken } = await resetFor(app, person.email);
  await app.follower.catchUp();
  return { ...person, phone, keyId, key, cookie, visitor, identityId, exchangeCode, resetToken };
}

/** Which ways in to an account work. It uses the codes and the refresh token of the account up. */
export async function waysInto(social: Social, account: AccountInUse): Promise<Record<string, boolean>> {
  const { app } = social;
  const { id, email, password, phone, identityId, token, key, exchangeCode } = account;
  const isOk = async (request: Test) => (await request).status < 300;
  const identities = await app.store.identities.list(id);
  const user = await app.store.users.findById(id);
  const known = { email, password, device_token: account.deviceToken };
  const freshPassword = aPerson().password;
  return {
    accessToken: await isOk(app.get('/verify').auth(token, as)),
    apiKey: await isOk(app.get('/verify').auth(key, as)),
    cookie: await isOk(app.get('/me').set('Cookie', account.cookie)),
    exchangeCode: await isOk(app.post('/login/exchange').send({ code: exchangeCode })),
    refreshToken: await isOk(app.post('/refresh').send({ refresh_token: account.refreshToken })),
    password: await isOk(app.post('/login').send(known)),
    deviceToken: app.deviceTokens.read(account.deviceToken, user) !== null,
    phone: user?.phone === phone,
    identity: identities.some((identity) => identity.id === identityId),
    reset: await isOk(
      app.post('/password/reset').send({ token: account.resetToken, new_password: freshPassword }),
    ),
  };
}

const WAYS = [
  'accessToken',
  'apiKey',
  'cookie',
  'exchangeCode',
  'refreshToken',
  'password',
  'deviceToken',
  'phone',
  'identity',
  'reset',
];

export const allWays = (work: boolean) => Object.fromEntries(WAYS.map((way) => [way, work]));

/** All that is kept of an account: what a sign-in that is refused leaves as it was. */
export async function recordOf({ app }: Pick<Social, 'app'>, id: string) {
  const where = { userId: id };
  const rows = await Promise.all([
    app.models.users.findAll({ where: { id }, raw: true }),
    app.models.sessions.findAll({ where, order: ['id'], raw: true }),
    app.models.apiKeys.findAll({ where, order: ['id'], raw: true }),
    app.models.identities.findAll({ where, order: ['id'], raw: true }),
    app.models.challenges.findAll({ where, order: ['id'], raw: true }),
    app.models.ledger.findAll({ where: { subjectId: id }, order: ['id'], raw: true }),
  ]);
  return JSON.parse(JSON.stringify(rows)) as unknown;
}

/** The types of what the audit log holds of an account, sorted, since the time of a test stands still. */
export async function auditOf({ app }: Pick<Social, 'app'>, subjectId: string): Promise<string[]> {
  const rows = await app.models.ledger.findAll({ where: { subjectId }, raw: true });
  return rows.map(({ type }) => type).sort();
}

/** The subjects of the messages that an address has got, the latest first. */
export async function subjectsTo({ app }: Pick<Social, 'app'>, address: string): Promise<string[]> {
  const messages = await latestMessages(app);
  return messages.flatMap(({ to, ...message }) =>
    to === address && 'subject' in message ? String(message.subject) : [],
  );
}

/** An account that no route makes, such as one without an address. */
export async function insertAccount(
  { app }: Pick<Social, 'app'>,
  details: { readonly email?: string; readonly isVerified?: boolean; readonly phone?: string } = {},
): Promise<string> {
  const id = uuidv7();
  const createdAt = new Date(app.clock.now());
  const email = details.email === undefined ? null : parseEmail(details.email);
  await app.store.users.insert({
    id,
    email,
    phone: details.phone ?? null,
    username: null,
    name: null,
    passwordHash: null,
    emailVerifiedAt: details.isVerified ? createdAt : null,
    createdAt,
  });
  await app.store.userRoles.add(id, ['user']);
  return id;
}

/** An identity of an account, as if it had been linked. */
export async function insertIdentity(
  social: Pick<Social, 'app' | 'peer'>,
  userId: string,
  visitor: GoogleUser,
  provider: Provider = 'google',
): Promise<string> {
  const id = uuidv7();
  const at = new Date(social.app.clock.now());
  const { email = null } = visitor;
  const key = keyOf(social, visitor, provider);
  await social.app.store.identities.insert({
    ...key,
    id,
    userId,
    email,
    tokens: null,
    createdAt: at,
    lastUsedAt: at,
  });
  return id;
}
