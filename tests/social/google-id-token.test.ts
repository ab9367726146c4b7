import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import type { TestClock } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { refusalOf } from '../support/codes.ts';
import { PAGE, sessionCookieIn } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CLIENT, callbackOf, googleEnv, openBrowser, useSocialApp } from '../support/social-browser.ts';
import { causesOf, eventsOf, expectNothingCreated, identitiesOf } from '../support/social-outcomes.ts';
import { type GooglePeer, type GoogleUser, startGoogle } from '../support/social-peers/google.ts';
import type { Claims, Tampering } from '../support/social-peers/id-tokens.ts';
import { type Failure, json } from '../support/social-peers/peer.ts';
import { outcomesOf } from '../support/winners.ts';

const ANDROID = 'android-app.apps.googleusercontent.com';
const NONCE = 'a-nonce-of-the-app';
const DISCOVERY = '/.well-known/openid-configuration';
const KEYS = '/oauth2/v3/certs';

const start = (clock: TestClock) => startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock });
const env = (peer: GooglePeer) => ({
  ...googleEnv(peer),
  GOOGLE_NATIVE_CLIENT_IDS: ANDROID,
  CORS_ORIGINS: PAGE,
});

let people = 0;

/** A person who has not been here yet. */
function aGoogleUser(details: Partial<GoogleUser> = {}): GoogleUser {
  people++;
  return { sub: `1081${people}`, email: `phone-${people}@example.com`, name: 'Grace Hopper', ...details };
}

/** As the operating system of a phone gives it to the app. */
async function idTokenOf(peer: GooglePeer, tampering: Tampering = {}, user = aGoogleUser()): Promise<string> {
  peer.tamperIdTokens(tampering);
  const idToken = await peer.nativeIdToken({ user, androidClientId: ANDROID, nonce: NONCE });
  peer.tamperIdTokens();
  return idToken;
}

const changed = (changes: Claims): Tampering => ({ claims: (claims) => ({ ...claims, ...changes }) });

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('POST /login/google/id-token, before Google has been asked for anything', () => {
  const used = useSocialApp({ start, env });
  const send = (idToken: string): Test =>
    used.app.post('/login/google/id-token').send({ id_token: idToken, nonce: NONCE });

  // In this order: what has been read once is kept.
  describe.each([DISCOVERY, KEYS])('where %s', (path) => {
    it.each<[name: string, failure: Failure, refusal: string]>([
      ['answers with 503', 503, '503 provider_unavailable'],
      ['answers with 404', 404, '502 provider_error'],
      ['cuts the connection', 'reset', '503 provider_unavailable'],
      ['answers with a half', 'garbage', '502 provider_error'],
      ['answers without end', 'huge', '502 provider_error'],
      ['answers with an empty object', json({}), '502 provider_error'],
    ])('%s, does not blame the app', async (_name, failure, refusal) => {
      const { app, peer } = used;
      peer.fail(path, failure);
      const idToken = await idTokenOf(peer);
      const causes = await causesOf(app, () =>
        expectNothingCreated(app, async () => expect(refusalOf(await send(idToken))).toBe(refusal)),
      );
      expect(causes).toHaveLength(1);
    });

    it('takes too long, gives up', async () => {
      const { peer, timeOut } = used;
      peer.fail(path, 'hang');
      const arrival = peer.arrival(path);
      const answer = send(await idTokenOf(peer)).then(refusalOf);
      await arrival;
      timeOut();
      expect(await answer).toBe('503 provider_unavailable');
    });
  });

  it('takes the token that was refused for that, since it has not been used', async () => {
    const { peer } = used;
    const idToken = await idTokenOf(peer);
    await peer.goDown();
    expect(refusalOf(await send(idToken))).toBe('503 provider_unavailable');
    await peer.comeBack();
    await send(idToken).expect(200);
  });
});

describe('POST /login/google/id-token', () => {
  const used = useSocialApp({ start, env });
  const send = (idToken: string, body: object = {}): Test =>
    used.app.post('/login/google/id-token').send({ id_token: idToken, nonce: NONCE, ...body });
  const shifted = (name: string, seconds: number): Tampering => ({
    claims: (claims) => ({ ...claims, [name]: Math.floor(used.clock.now() / 1000) + seconds }),
  });

  it('signs up with tokens', async () => {
    const { app, peer, clock } = used;
    const user = aGoogleUser();
    const { body } = await send(await idTokenOf(peer, {}, user)).expect(200);

    expect(body.user).toMatchObject({ email: user.email, email_verified: true, name: 'Grace Hopper' });
    expect(claimsIn(body.access_token)).toMatchObject({
      amr: ['fed'],
      auth_time: Math.floor(clock.now() / 1000),
    });
    expect(await identitiesOf(app, body.user.id)).toMatchObject([
      { provider: 'google', issuer: peer.issuer, subject: user.sub, tokens: null },
    ]);
    expect(await eventsOf(app, body.user.id)).toEqual([
      ['user.signed_up', {}],
      ['identity.linked', { provider: 'google' }],
      ['login.succeeded', { method: 'social', provider: 'google' }],
    ]);
    await app.post('/refresh').send({ refresh_token: body.refresh_token }).expect(200);
  });

  it('signs in with a cookie, on a page that may', async () => {
    const { peer } = used;
    const idToken = await idTokenOf(peer);
    const ask = (origin: string) => send(idToken, { transport: 'cookie' }).set('Origin', origin);
    expect(refusalOf(await ask('https://evil.example'))).toBe('403 origin_not_allowed');

    const signedIn = await ask(PAGE).expect(200);
    expect(signedIn.body).not.toHaveProperty('access_token');
    await used.app.get('/me').set('Cookie', sessionCookieIn(signedIn)).expect(200);
  });

  it('signs in to the account that the browser has made', async () => {
    const { app, peer } = used;
    const user = aGoogleUser();
    peer.signIn(user);
    const inBrowser = await openBrowser(app).enter('google');
    const { body } = await send(await idTokenOf(peer, {}, user)).expect(200);
    expect(body.user.id).toBe(inBrowser.user.id);
    // Also where an older library has written the issuer without its scheme.
    const alias = changed({ iss: peer.issuer.replace('http://', '') });
    const again = await send(await idTokenOf(peer, alias, user)).expect(200);
    expect(again.body.user.id).toBe(inBrowser.user.id);
  });

  it.each<[what: string, tampering: () => Tampering]>([
    ['for the client of the phone', () => changed({ aud: ANDROID })],
    ['for the web client alone', () => changed({ azp: CLIENT.clientId })],
    ['without an authorized party', () => changed({ azp: undefined })],
    ['for a list of one client', () => changed({ aud: [CLIENT.clientId], azp: undefined })],
    ['for several clients, one of which asked', () => changed({ aud: ['another', CLIENT.clientId] })],
    ['with the SHA-256 of the nonce', () => changed({ nonce: sha256(NONCE) })],
    ['of a clock that is a minute ahead', () => shifted('iat', 60)],
    ['that has expired a moment ago', () => shifted('exp', -59)],
    ['of eleven minutes ago', () => shifted('iat', -659)],
    ['without a type', () => ({ header: { typ: undefined } })],
  ])('takes an ID token %s', async (_what, tampering) => {
    await send(await idTokenOf(used.peer, tampering())).expect(200);
  });

  it.each<[problem: string, tampering: () => Tampering]>([
    ['signed with a key of another', () => ({ foreignKey: true })],
    ['that names an unknown key', () => ({ header: { kid: 'made-up' } })],
    ['of another issuer', () => changed({ iss: 'https://accounts.example.com' })],
    ['of the issuer with another scheme', () => changed({ iss: used.peer.issuer.replace('http', 'https') })],
    ['of the issuer with a slash', () => changed({ iss: `${used.peer.issuer}/` })],
    ['of a list of issuers', () => changed({ iss: [used.peer.issuer] })],
    ['without an issuer', () => changed({ iss: undefined })],
    ['for another client', () => changed({ aud: 'another' })],
    ['for a list of other clients', () => changed({ aud: ['another', 'third'] })],
    ['for a client whose id begins like ours', () => changed({ aud: `${CLIENT.clientId}-2` })],
    ['for no client', () => changed({ aud: undefined })],
    [
      'for several clients, without saying who asked',
      () => changed({ aud: [CLIENT.clientId, 'another'], azp: undefined }),
    ],
    [
      'for several clients, another of which asked',
      () => changed({ aud: [CLIENT.clientId, 'another'], azp: 'another' }),
    ],
    ['that another client asked for', () => changed({ azp: 'another' })],
    ['whose authorized party is no text', () => changed({ azp: null })],
    ['with another nonce', () => changed({ nonce: 'another' })],
    ['with the SHA-256 of another nonce', () => changed({ nonce: sha256('another') })],
    [
      'with the SHA-256 of the nonce in base64url',
      () => changed({ nonce: createHash('sha256').update(NONCE).digest('base64url') }),
    ],
    ['without a nonce', () => changed({ nonce: undefined })],
    ['whose nonce is no text', () => changed({ nonce: [NONCE] })],
    ['that has expired', () => shifted('exp', -60)],
    ['whose end is a text', () => changed({ exp: '9999999999' })],
    ['without an end', () => changed({ exp: undefined })],
    ['of more than eleven minutes ago', () => shifted('iat', -661)],
    ['of the future', () => shifted('iat', 61)],
    ['that begins later', () => shifted('nbf', 61)],
    ['without a beginning', () => changed({ iat: undefined })],
    ['without a subject', () => changed({ sub: undefined })],
    ['whose subject is empty', () => changed({ sub: '' })],
    ['whose subject is a number', () => changed({ sub: 108 })],
    ['whose subject is too long', () => changed({ sub: '1'.repeat(256) })],
    ['whose subject has a NUL', () => changed({ sub: '10\u00008' })],
    ['whose subject is no Unicode', () => changed({ sub: '\ud800' })],
  ])('refuses an ID token %s', async (_problem, tampering) => {
    const idToken = await idTokenOf(used.peer, tampering());
    await expectNothingCreated(used.app, async () =>
      expect(refusalOf(await send(idToken))).toBe('400 invalid_id_token'),
    );
  });

  it('refuses an ID token that is not signed, or signed with what is no secret', async () => {
    const { peer } = used;
    const [header = '', claims = '', signature = ''] = (await idTokenOf(peer)).split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const keys = (await (await fetch(peer.url + KEYS)).json()) as { keys: unknown[] };
    const withHmac = (key: string) => {
      const signed = `${encode({ alg: 'HS256', kid })}.${claims}`;
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    };
    const tokens = [
      `${encode({ alg: 'none' })}.${claims}.`,
      `${encode({ alg: 'None', kid })}.${claims}.${signature}`,
      `${encode({ alg: 'none', kid })}.${claims}.${signature}`,
      withHmac(CLIENT.clientSecret),
      withHmac(JSON.stringify(keys.keys[0])),
      `${encode({ alg: 'RS256', kid, b64: false, crit: ['b64'] })}.${claims}.${signature}`,
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${encode({})}.${signature}`,
      `.${claims}.${signature}`,
      `${header}.${claims}.${signature}.${signature}.${signature}`,
      '..',
      'made-up',
      '',
    ];
    for (const token of tokens) expect(refusalOf(await send(token))).toBe('400 invalid_id_token');
  });

  it('refuses a token that comes without the nonce of the app', async () => {
    const { peer } = used;
    const idToken = await idTokenOf(peer);
    const body = { id_token: idToken };
    expect(refusalOf(await used.app.post('/login/google/id-token').send(body))).toBe('400 validation_failed');
    expect(refusalOf(await send(idToken, { nonce: '' }))).toBe('400 invalid_id_token');
    expect(refusalOf(await send(await idTokenOf(peer, changed({ nonce: undefined })), { nonce: '' }))).toBe(
      '400 invalid_id_token',
    );
  });

  it('takes an ID token once, also with its signature written in another way', async () => {
    const { peer, clock } = used;
    const idToken = await idTokenOf(peer);
    await send(idToken).expect(200);
    expect(refusalOf(await send(idToken))).toBe('400 id_token_used');

    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last letter of 256 bytes stands for two bits, so there are 16 for each.
    const last = alphabet.indexOf(idToken.at(-1) ?? '');
    const same = Array.from({ length: 16 }, (_, low) => alphabet[(last & 0b110000) | low]);
    const written = [...same.map((letter) => idToken.slice(0, -1) + letter), `${idToken}=`, `${idToken}==`];
    for (const text of written) {
      expect(refusalOf(await send(text))).toMatch(/^400 (id_token_used|invalid_id_token)$/);
    }
    clock.advanceSeconds(659);
    expect(refusalOf(await send(idToken))).toBe('400 id_token_used');
  });

  it('takes an ID token that could not sign in when it came first', async () => {
    const { app, peer } = used;
    const user = aGoogleUser();
    const unverified = changed({ email_verified: false });
    await app.post('/signup').send({ email: user.email, password: 'canary horse staple' }).expect(201);
    const idToken = await idTokenOf(peer, unverified, user);
    expect(refusalOf(await send(idToken))).toBe('409 account_exists');
    expect(refusalOf(await send(idToken))).toBe('409 account_exists');
  });

  it('goes on after Google has changed its keys, and refuses the ones before', async () => {
    const { peer, clock } = used;
    const old = await idTokenOf(peer);
    await peer.rotateKeys();
    clock.advanceSeconds(1);
    await send(await idTokenOf(peer)).expect(200);
    await send(old).expect(200);
    const older = await idTokenOf(peer);
    await peer.rotateKeys();
    await peer.rotateKeys();
    // Nothing has told yet that it is gone, until the keys are read again.
    clock.advanceSeconds(600);
    expect(refusalOf(await send(older))).toBe('400 invalid_id_token');
  });

  it('is there for no provider without ID tokens, and for none that is not configured', async () => {
    for (const provider of ['github', 'microsoft', 'none', '__proto__']) {
      const answer = await used.app.post(`/login/${provider}/id-token`).send({ id_token: 'a', nonce: 'b' });
      expect(refusalOf(answer)).toBe('404 provider_not_found');
    }
  });
});

onEachDatabase((kind) => {
  describe('POST /login/google/id-token, at once', () => {
    const used = useSocialApp({ kind, start, env });

    it('signs in once by one token', async () => {
      const { app, peer } = used;
      const idToken = await idTokenOf(peer);
      const send = () => app.post('/login/google/id-token').send({ id_token: idToken, nonce: NONCE });
      expect(await outcomesOf(8, send)).toEqual({ '200': 1, '400 id_token_used': 7 });
    });
  });
});
