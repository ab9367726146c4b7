import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { PUBLIC_URL, TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const OTHER_SECRET = 'another-secret-that-this-service-has-never-heard-of';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Headers that differ between any two answers: when, which, and how many are left to whom. */
const OF_EACH_ANSWER = ['date', 'x-request-id', 'ratelimit', 'ratelimit-policy'];

const own = createRefreshTokens([secretKey(TEST_SECRET)]);
const foreign = createRefreshTokens([secretKey(OTHER_SECRET)]);

function refresh(app: TestApp, refreshToken: string) {
  return app.post('/refresh').send({ refresh_token: refreshToken });
}

/** All of a refusal that may not tell one cause from another. */
function essenceOf({ status, headers, body }: Response) {
  const sameHeaders = { ...headers };
  for (const name of OF_EACH_ANSWER) delete sameHeaders[name];
  const { instance: _instance, ...sameBody } = body;
  return { status, headers: sameHeaders, body: sameBody };
}

function partsOf(token: string): [sessionId: string, counter: string, mac: string] {
  const [sessionId = '', counter = '', mac = ''] = token.split('.');
  return [sessionId, counter, mac];
}

/** The mac spelled with other bits in its last character, which lenient decoders drop. */
function respelled(mac: string): string {
  const last = BASE64URL.indexOf(mac.at(-1) ?? '');
  return mac.slice(0, -1) + BASE64URL[last ^ 1];
}

function changed(text: string, position: number): string {
  const character = text[position] === 'a' ? 'b' : 'a';
  return text.slice(0, position) + character + text.slice(position + 1);
}

onEachDatabase((kind) => {
  describe('POST /refresh, 401 invalid_refresh_token', () => {
    const app = useApp(kind);

    async function expectInvalid(token: string): Promise<void> {
      const reference = await refresh(app, 'garbage').expect(401);
      const response = await refresh(app, token);
      expect(essenceOf(response)).toEqual(essenceOf(reference));
    }

    it('answers 401 invalid_refresh_token as a problem document with a challenge that names no error of the access token', async () => {
      const response = await refresh(app, 'garbage').expect(401);

      expect(response.headers).toMatchObject({
        'www-authenticate': 'Bearer realm="latchkey"',
        'cache-control': 'no-store',
      });
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#invalid_refresh_token`,
        title: 'The refresh token is not valid',
        status: 401,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'invalid_refresh_token',
      });
    });

    it.each<[what: string, make: (token: string) => string]>([
      ['nothing', () => ''],
      ['a space', () => ' '],
      ['dots alone', () => '..'],
      ['a NUL', (token) => `${token}\u0000`],
      ['a space before it', (token) => ` ${token}`],
      ['a line break behind it', (token) => `${token}\n`],
      ['a fourth part', (token) => `${token}.x`],
      ['without its mac', (token) => partsOf(token).slice(0, 2).join('.')],
      ['with an empty mac', (token) => `${partsOf(token).slice(0, 2).join('.')}.`],
      ['cut short', (token) => token.slice(0, -1)],
      ['twice', (token) => token + token],
      ['in capitals', (token) => token.toUpperCase()],
      ['of 8,000 characters', (token) => token.padEnd(8_000, 'A')],
      ['whose counter is in other digits', (token) => token.replace('.0.', '.\u0660.')],
    ])('answers 401 invalid_refresh_token to a token that is %s', async (_what, make) => {
      const { refreshToken } = await signUp(app);

      await expectInvalid(make(refreshToken));

      await refresh(app, refreshToken).expect(200);
    });

    it.each<[what: string, make: (parts: [string, string, string]) => string[]]>([
      ['the first digit of its session', ([id, counter, mac]) => [changed(id, 0), counter, mac]],
      ['the last digit of its session', ([id, counter, mac]) => [changed(id, 35), counter, mac]],
      ['its session in capitals', ([id, counter, mac]) => [id.toUpperCase(), counter, mac]],
      ['the counter 1', ([id, , mac]) => [id, '1', mac]],
      ['the counter 00', ([id, , mac]) => [id, '00', mac]],
      ['the counter +0', ([id, , mac]) => [id, '+0', mac]],
      ['the counter -0', ([id, , mac]) => [id, '-0', mac]],
      ['the counter -1', ([id, , mac]) => [id, '-1', mac]],
      ['the counter 0x0', ([id, , mac]) => [id, '0x0', mac]],
      ['the counter 0e0', ([id, , mac]) => [id, '0e0', mac]],
      ['the counter 2147483648', ([id, , mac]) => [id, '2147483648', mac]],
      ['a counter of 400 digits', ([id, , mac]) => [id, '9'.repeat(400), mac]],
      ['no counter', ([id, , mac]) => [id, '', mac]],
      ['the first character of its mac', ([id, counter, mac]) => [id, counter, changed(mac, 0)]],
      ['the middle of its mac', ([id, counter, mac]) => [id, counter, changed(mac, 21)]],
      ['another spelling of the same mac', ([id, counter, mac]) => [id, counter, respelled(mac)]],
      ['its mac padded', ([id, counter, mac]) => [id, counter, `${mac}=`]],
      [
        'its mac in the other base64',
        ([id, counter, mac]) => [id, counter, Buffer.from(mac, 'base64url').toString('base64')],
      ],
      ['a mac of zeros', ([id, counter]) => [id, counter, 'A'.repeat(43)]],
    ])(
      'answers 401 invalid_refresh_token to a token with %s, and the real one goes on',
      async (_what, make) => {
        const { refreshToken } = await signUp(app);
        const tampered = make(partsOf(refreshToken)).join('.');
        expect(tampered).not.toBe(refreshToken);

        await expectInvalid(tampered);

        await refresh(app, refreshToken).expect(200);
      },
    );

    it('answers 401 invalid_refresh_token to the mac of another session of the same person', async () => {
      const { email, password, refreshToken } = await signUp(app);
      const login = await app.post('/login').send({ email, password }).expect(200);
      const [id, counter] = partsOf(refreshToken);

      await expectInvalid([id, counter, partsOf(login.body.refresh_token)[2]].join('.'));
    });

    it('answers 401 invalid_refresh_token to a token that another party made for this session', async () => {
      const { refreshToken, sessionId } = await signUp(app);

      await expectInvalid(foreign.issue({ sessionId, counter: 0 }));

      await refresh(app, refreshToken).expect(200);
    });

    it('answers 401 invalid_refresh_token to a token made here of a session that never was', async () => {
      await expectInvalid(own.issue({ sessionId: randomUUID(), counter: 0 }));
    });

    it('answers 401 invalid_refresh_token to an access token', async () => {
      await expectInvalid((await signUp(app)).token);
    });

    it('answers 401 invalid_refresh_token to the tokens of a session that was logged out, old and new ones', async () => {
      const { refreshToken, token } = await signUp(app);
      const next = await refresh(app, refreshToken).expect(200);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      await expectInvalid(refreshToken);
      await expectInvalid(next.body.refresh_token);
      app.clock.advanceSeconds(11);
      await expectInvalid(refreshToken);
    });

    it('answers 401 invalid_refresh_token to the token of a deleted account', async () => {
      const { token, password, refreshToken } = await signUp(app);
      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);

      await expectInvalid(refreshToken);
    });

    it('answers 401 invalid_refresh_token to the token of an account that was disabled in the database, until it is enabled again', async () => {
      const { id, refreshToken } = await signUp(app);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      await expectInvalid(refreshToken);

      await app.models.users.update({ disabledAt: null }, { where: { id } });
      await refresh(app, refreshToken).expect(200);
    });

    it('answers 401 invalid_refresh_token to the previous token of a disabled account, in the grace as well', async () => {
      const { id, refreshToken } = await signUp(app);
      await refresh(app, refreshToken).expect(200);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      await expectInvalid(refreshToken);
    });

    it('answers 401 invalid_refresh_token without a database query where the mac is wrong', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const queries: string[] = [];
      app.database.sequelize.addHook('beforeQuery', 'count', (_options, query) => {
        queries.push(String((query as { sql?: string }).sql));
      });

      for (const wrong of [
        'garbage',
        foreign.issue({ sessionId, counter: 0 }),
        changed(refreshToken, 0),
        refreshToken.replace('.0.', '.1.'),
      ]) {
        await refresh(app, wrong).expect(401);
      }
      expect(queries).toEqual([]);

      await refresh(app, refreshToken).expect(200);
      expect(queries.length).toBeGreaterThan(0);
      app.database.sequelize.removeHook('beforeQuery', 'count');
    });
  });

  describe('POST /refresh, 401 refresh_token_reused', () => {
    const app = useApp(kind);

    /** Signs a user up and refreshes once. */
    async function refreshedOnce() {
      const person = await signUp(app);
      const { body } = await refresh(app, person.refreshToken).expect(200);
      return { ...person, newToken: body.access_token, newRefreshToken: body.refresh_token as string };
    }

    /** The same, and the new access token is in use: the answer has arrived. */
    async function refreshedAndUsed() {
      const person = await refreshedOnce();
      await app.get('/verify').auth(person.newToken, { type: 'bearer' }).expect(200);
      return person;
    }

    async function expectReused(token: string): Promise<void> {
      const response = await refresh(app, token).expect(401);
      expect(response.body).toMatchObject({ status: 401, code: 'refresh_token_reused' });
      expect(response.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
    }

    it('answers 401 refresh_token_reused to the previous token after the grace, and the session is over with all its tokens', async () => {
      const { sessionId, token, newToken, refreshToken, newRefreshToken } = await refreshedAndUsed();
      app.clock.advanceSeconds(10.001);

      await expectReused(refreshToken);

      for (const dead of [token, newToken]) {
        const { body } = await app.get('/verify').auth(dead, { type: 'bearer' }).expect(401);
        expect(body.code).toBe('token_revoked');
      }
      const { body } = await refresh(app, newRefreshToken).expect(401);
      expect(body.code).toBe('invalid_refresh_token');
      expect((await app.models.sessions.findByPk(sessionId))?.get()).toMatchObject({
        revokedAt: new Date(app.clock.now()),
        revokedReason: 'refresh_token_reused',
      });
    });

    it('logs the session and the person, and no token', async () => {
      const { id, sessionId, refreshToken, newRefreshToken } = await refreshedAndUsed();
      app.clock.advanceSeconds(11);

      await expectReused(refreshToken);

      const events = app.logs.entries().filter((entry) => entry.session_id === sessionId);
      expect(events).toEqual([
        expect.objectContaining({ event: 'refresh_token_reused', user_id: id, level: 40 }),
      ]);
      for (const token of [refreshToken, newRefreshToken]) {
        expect(app.logs.lines.join('')).not.toContain(partsOf(token)[2]);
      }
    });

    it('answers 401 refresh_token_reused to any token before the previous one after the grace, although nothing shows that its successor arrived', async () => {
      const { refreshToken, newRefreshToken, newToken } = await refreshedOnce();
      await refresh(app, newRefreshToken).expect(200);
      app.clock.advanceSeconds(10.001);

      await expectReused(refreshToken);

      await app.get('/verify').auth(newToken, { type: 'bearer' }).expect(401);
      await refresh(app, newRefreshToken).expect(401);
    });

    it('answers 401 refresh_token_reused once; from then on the session is ended like any other', async () => {
      const { refreshToken } = await refreshedAndUsed();
      app.clock.advanceSeconds(11);
      await expectReused(refreshToken);

      const { body } = await refresh(app, refreshToken).expect(401);

      expect(body.code).toBe('invalid_refresh_token');
    });

    it('ends no other session, of the same person or of others', async () => {
      const other = await signUp(app);
      const { email, password, refreshToken } = await refreshedAndUsed();
      const login = await app.post('/login').send({ email, password }).expect(200);
      app.clock.advanceSeconds(11);

      await expectReused(refreshToken);

      for (const alive of [login.body.access_token, other.token]) {
        await app.get('/verify').auth(alive, { type: 'bearer' }).expect(200);
      }
      for (const alive of [login.body.refresh_token, other.refreshToken]) {
        await refresh(app, alive).expect(200);
      }
    });

    it('answers 401 refresh_token_reused even when the clock of the process stands before the rotation and the token is older still', async () => {
      const { refreshToken, newRefreshToken } = await refreshedOnce();
      app.clock.advanceSeconds(11);
      await refresh(app, newRefreshToken).expect(200);
      app.clock.advanceSeconds(-3);

      await expectReused(refreshToken);
      app.clock.advanceSeconds(3);
    });
  });

  describe('POST /refresh with REFRESH_REUSE_GRACE_SECONDS=0', () => {
    const app = useApp(kind, { REFRESH_REUSE_GRACE_SECONDS: '0' });

    it('answers 401 to the previous token a moment after the next one was used', async () => {
      const { refreshToken } = await signUp(app);
      const next = await refresh(app, refreshToken).expect(200);
      await app.get('/verify').auth(next.body.access_token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(0.001);

      const { body } = await refresh(app, refreshToken).expect(401);

      expect(body.code).toBe('refresh_token_reused');
    });
  });
});
