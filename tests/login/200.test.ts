import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import jwt from 'jsonwebtoken';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aUsername, signUp } from '../support/people.ts';

/** The cost at which the apps of the suite hash. */
const LIVE_COST = 4;

async function readHash(app: TestApp, id: string): Promise<string | null | undefined> {
  return (await app.models.users.findByPk(id))?.passwordHash;
}

async function writeHash(app: TestApp, id: string, passwordHash: string): Promise<void> {
  await app.models.users.update({ passwordHash }, { where: { id } });
}

/** Which key went into the hash in front of bcrypt. */
function keyIdOf(hash: string | null | undefined): string | undefined {
  return hash?.split(':')[1];
}

onEachDatabase((kind) => {
  describe('POST /login', () => {
    const app = useApp(kind);

    it('answers 200 with the account, a bearer token and its lifetime, for no cache to keep', async () => {
      const { id, email, password, username } = await signUp(app, { username: aUsername(), name: 'Ada' });

      const response = await app.post('/login').send({ email, password }).expect(200);

      expect(response.type).toBe('application/json');
      expect(response.headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(response.body).toEqual({
        user: {
          id,
          email,
          username,
          name: 'Ada',
          phone: null,
          language: null,
          email_verified: false,
          created_at: new Date(app.clock.now()).toISOString(),
          updated_at: new Date(app.clock.now()).toISOString(),
        },
        access_token: expect.stringMatching(/^eyJ/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^[0-9a-f-]{36}\.0\.[\w-]{43}$/),
        refresh_expires_in: 2_592_000,
        device_token: expect.stringMatching(/^[\w-]{22}\.[\w-]{43}$/),
      });
    });

    it('answers 200 with a token that opens /me', async () => {
      const { id, email, password } = await signUp(app);

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      const me = await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
      expect(me.body.user.id).toBe(id);
    });

    it('answers 200 with another token every time, even within one second', async () => {
      const { email, password } = await signUp(app);

      const logins = [1, 2, 3].map(() => app.post('/login').send({ email, password }).expect(200));
      const ids = (await Promise.all(logins)).map(
        ({ body }) => jwt.decode(body.access_token, { json: true })?.jti,
      );

      expect(ids).not.toContain(undefined);
      expect(new Set(ids).size).toBe(3);
    });

    it('answers 200 with a token that says how and when its user proved who they are', async () => {
      const { email, password } = await signUp(app);
      app.clock.advanceSeconds(60);

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      expect(jwt.decode(body.access_token)).toMatchObject({
        amr: ['pwd'],
        acr: '1',
        auth_time: Math.floor(app.clock.now() / 1000),
      });
    });

    it('answers 200 with a token that holds neither email, username nor name', async () => {
      const { email, password } = await signUp(app, { username: aUsername(), name: 'Ada Lovelace' });

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      const claims = jwt.decode(body.access_token, { json: true }) ?? {};
      expect(Object.keys(claims).sort()).toEqual([
        'acr',
        'amr',
        'aud',
        'auth_time',
        'exp',
        'iat',
        'iss',
        'jti',
        'roles',
        'rv',
        'scope',
        'sid',
        'sub',
      ]);
    });

    it.each<[string, (email: string) => string]>([
      ['in another case', (email) => email.toUpperCase()],
      ['with white space around it', (email) => `  ${email}\t`],
      ['with its domain in punycode', (email) => email.replace('bücher', 'xn--bcher-kva')],
      ['with its accents typed apart', (email) => email.normalize('NFD')],
    ])('answers 200 for an email address %s', async (_how, typedAs) => {
      const { id, email, password } = await signUp(app, { email: `zoé-${aUsername()}@bücher.example` });

      const response = await app
        .post('/login')
        .send({ email: typedAs(email), password })
        .expect(200);

      expect(response.body.user).toMatchObject({ id, email });
    });

    it('answers 200 for a username, in another case too, and shows it as it was typed at the sign-up', async () => {
      const username = `Ada.${aUsername()}`;
      const { id, password } = await signUp(app, { username });

      for (const typed of [username, username.toUpperCase(), username.toLowerCase()]) {
        const response = await app.post('/login').send({ username: typed, password }).expect(200);
        expect(response.body.user).toMatchObject({ id, username });
      }
    });

    it('answers 200 for a password whose accents are typed apart on another system', async () => {
      const password = `${CANARY} Ångström café`;
      const { email } = await signUp(app, { password: password.normalize('NFC') });

      await app
        .post('/login')
        .send({ email, password: password.normalize('NFD') })
        .expect(200);
    });

    it('answers 200 for a password with white space around it, all of which counts', async () => {
      const password = ` ${CANARY} \t`;
      const { email } = await signUp(app, { password });

      await app.post('/login').send({ email, password }).expect(200);
      await app.post('/login').send({ email, password: password.trim() }).expect(401);
    });

    it.each(['$2a$', '$2b$', '$2y$'])(
      'answers 200 for a plain %s hash of another system, which it upgrades',
      async (prefix) => {
        const { id, email, password } = await signUp(app);
        await writeHash(app, id, (await bcrypt.hash(password, LIVE_COST)).replace('$2b$', prefix));

        await app.post('/login').send({ email, password }).expect(200);

        expect(await readHash(app, id)).toMatch(/^lk1:[0-9a-f]{8}:\$2b\$04\$/);
        await app.post('/login').send({ email, password }).expect(200);
        await app
          .post('/login')
          .send({ email, password: `${password}!` })
          .expect(401);
      },
    );

    it('leaves a hash as it is that needs no upgrade', async () => {
      const { id, email, password } = await signUp(app);
      const before = await readHash(app, id);

      await app.post('/login').send({ email, password }).expect(200);

      expect(await readHash(app, id)).toBe(before);
    });

    it('does not touch updated_at for an upgrade of the hash', async () => {
      const { id, email, password } = await signUp(app);
      await writeHash(app, id, await bcrypt.hash(password, LIVE_COST));
      app.clock.advanceSeconds(60);

      const { body } = await app.post('/login').send({ email, password }).expect(200);

      expect(body.user.updated_at).toBe(body.user.created_at);
      const me = await app.get('/me').auth(body.access_token, { type: 'bearer' }).expect(200);
      expect(me.body.user.updated_at).toBe(body.user.created_at);
    });

    it('answers 200 to each of ten at once, of whom one upgrades the hash', async () => {
      const { id, email, password } = await signUp(app);
      await writeHash(app, id, await bcrypt.hash(password, LIVE_COST));

      const logins = Array.from({ length: 10 }, () =>
        app.post('/login').send({ email, password }).expect(200),
      );
      await Promise.all(logins);

      await app.post('/login').send({ email, password }).expect(200);
    });
  });

  describe('POST /login with BCRYPT_COST=5', () => {
    const cheap = useApp(kind);
    const costly = useApp(kind, { BCRYPT_COST: '5' });

    it('answers 200 for a hash of a lower cost, which it upgrades', async () => {
      const { email, password, id } = await signUp(costly);
      const before = await readHash(cheap, (await signUp(cheap, { password })).id);
      expect(before).toMatch(/^lk1:[0-9a-f]{8}:\$2b\$04\$/);
      await writeHash(costly, id, before ?? '');

      await costly.post('/login').send({ email, password }).expect(200);

      expect(await readHash(costly, id)).toMatch(/^lk1:[0-9a-f]{8}:\$2b\$05\$/);
      await costly.post('/login').send({ email, password }).expect(200);
    });

    it('answers 200 for a hash of a higher cost than the live one, which it makes anew at that one', async () => {
      const { email, password, id } = await signUp(cheap);
      const before = await readHash(costly, (await signUp(costly, { password })).id);
      await writeHash(cheap, id, before ?? '');

      await cheap.post('/login').send({ email, password }).expect(200);

      expect(await readHash(cheap, id)).toMatch(/:\$2b\$04\$/);
    });
  });

  describe('POST /login with a PASSWORD_PEPPER', () => {
    const plain = useApp(kind);
    const peppered = useApp(kind, { PASSWORD_PEPPER: 'a-pepper-of-the-test-suite-that-hashes-nothing-else' });

    it('answers 200 for a hash from before there was a pepper, which it upgrades', async () => {
      const { email, password, id } = await signUp(peppered);
      const current = await readHash(peppered, id);
      const before = await readHash(plain, (await signUp(plain, { password })).id);
      expect(keyIdOf(before)).not.toBe(keyIdOf(current));
      await writeHash(peppered, id, before ?? '');

      await peppered.post('/login').send({ email, password }).expect(200);

      expect(keyIdOf(await readHash(peppered, id))).toBe(keyIdOf(current));
      await peppered.post('/login').send({ email, password }).expect(200);
    });
  });
});
