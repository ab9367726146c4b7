import { describe, expect, it } from '@jest/globals';
import { userWho } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /me', () => {
    const app = useApp(kind);

    it('answers 200 with the account of the token, for no cache to keep', async () => {
      const person = await signUp(app, { username: aUsername(), name: 'Ada Lovelace' });
      await signUp(app);

      const response = await app.get('/me').auth(person.token, { type: 'bearer' }).expect(200);

      expect(response.type).toBe('application/json');
      expect(response.headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(response.headers).not.toHaveProperty('www-authenticate');
      expect(response.body).toEqual({
        user: {
          id: person.id,
          email: person.email,
          username: person.username,
          name: 'Ada Lovelace',
          phone: null,
          language: null,
          email_verified: false,
          created_at: new Date(app.clock.now()).toISOString(),
          updated_at: new Date(app.clock.now()).toISOString(),
          roles: ['user'],
          scope: '',
          has_password: true,
          last_sign_in_at: new Date(app.clock.now()).toISOString(),
        },
      });
    });

    it('answers 200 with the roles and permissions of the credential, and when its user signed in last', async () => {
      const { token, email, password, role } = await userWho(app, ['users:list', 'users:read']);
      const narrow = await makeKey(app, token, { scope: 'users:read' });
      const read = async (credential: string) =>
        (await app.get('/me').auth(credential, { type: 'bearer' }).expect(200)).body.user;
      app.clock.advanceSeconds(60);
      const login = await app.post('/login').send({ email, password }).expect(200);
      const last_sign_in_at = new Date(app.clock.now()).toISOString();
      app.clock.advanceSeconds(60);
      await app.post('/refresh').send({ refresh_token: login.body.refresh_token }).expect(200);

      const all = { roles: [role, 'user'].sort(), scope: 'users:list users:read', last_sign_in_at };
      expect(await read(token)).toMatchObject(all);
      expect(await read(login.body.access_token)).toMatchObject(all);
      expect(await read(narrow.key)).toMatchObject({ roles: [], scope: 'users:read', last_sign_in_at });
      await app.post('/logout?scope=global').auth(token, { type: 'bearer' }).expect(204);
      expect(await read(narrow.key)).toMatchObject({ last_sign_in_at });
      await app.models.sessions.destroy({ where: {} });
      expect(await read(narrow.key)).toMatchObject({ last_sign_in_at: null });
    });

    it.each(['bearer', 'BEARER', 'bEaReR'])(
      'answers 200 for the scheme in any case, such as %s',
      async (scheme) => {
        const { token } = await signUp(app);

        await app.get('/me').set('Authorization', `${scheme} ${token}`).expect(200);
      },
    );

    it('answers 200 for more than one space between the scheme and the token', async () => {
      const { token } = await signUp(app);

      await app.get('/me').set('Authorization', `Bearer   ${token}`).expect(200);
    });

    it('answers 200 to HEAD, with the headers alone', async () => {
      const { token } = await signUp(app);

      const response = await app.head('/me').auth(token, { type: 'bearer' }).expect(200);

      expect(response.text ?? '').toBe('');
      expect(Number(response.headers['content-length'])).toBeGreaterThan(0);
    });

    it('answers 200 to a client that says its empty body has no bytes', async () => {
      const { token } = await signUp(app);

      await app.get('/me').auth(token, { type: 'bearer' }).set('Content-Length', '0').expect(200);
    });

    it('answers 200 with the email address shown as verified once it is', async () => {
      const { id, token } = await signUp(app);
      await app.models.users.update({ emailVerifiedAt: new Date() }, { where: { id } });

      const { body } = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);

      expect(body.user.email_verified).toBe(true);
    });
  });

  describe('GET /me near the end of a token', () => {
    const app = useApp(kind);

    it('answers 200 up to 5 seconds after its expiry, which another clock may not have reached', async () => {
      const { token } = await signUp(app);

      app.clock.advanceSeconds(904);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });
  });

  describe('GET /me with a token from the future', () => {
    const app = useApp(kind);

    it('answers 200 to one of up to 5 seconds, where the clock that issued it is ahead', async () => {
      app.clock.advanceSeconds(5);
      const { token } = await signUp(app);
      app.clock.advanceSeconds(-5);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });
  });

  describe('PATCH /me', () => {
    const app = useApp(kind);

    async function change(token: string, body: object) {
      const response = await app.patch('/me').auth(token, { type: 'bearer' }).send(body).expect(200);
      const me = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(response.body).toEqual(me.body);
      return response.body.user;
    }

    it('answers 200 with the changed account, and leaves everything else as it was', async () => {
      const person = await signUp(app, { username: aUsername(), name: 'Ada' });
      const createdAt = new Date(app.clock.now()).toISOString();
      app.clock.advanceSeconds(60);

      const user = await change(person.token, { name: 'Ada Lovelace' });

      expect(user).toEqual({
        id: person.id,
        email: person.email,
        username: person.username,
        name: 'Ada Lovelace',
        phone: null,
        language: null,
        email_verified: false,
        created_at: createdAt,
        updated_at: new Date(app.clock.now()).toISOString(),
        roles: ['user'],
        scope: '',
        has_password: true,
        last_sign_in_at: createdAt,
      });
    });

    it('answers 200 to a new username, which logs in from then on, while the old one does not', async () => {
      const { username, password, token } = await signUp(app, { username: aUsername() });
      const renamed = aUsername();

      expect(await change(token, { username: renamed })).toMatchObject({ username: renamed });

      await app.post('/login').send({ username: renamed, password }).expect(200);
      await app.post('/login').send({ username, password }).expect(401);
      await signUp(app, username === undefined ? {} : { username });
    });

    it('answers 200 to a first username', async () => {
      const { token } = await signUp(app);
      const username = aUsername();

      expect(await change(token, { username })).toMatchObject({ username });
    });

    it("answers 200 to the person's own username in another case, since no other account has it", async () => {
      const username = aUsername();
      const { token } = await signUp(app, { username });

      expect(await change(token, { username: username.toUpperCase() })).toMatchObject({
        username: username.toUpperCase(),
      });
    });

    it('answers 200 to the same again, in the same instant', async () => {
      const { token, username } = await signUp(app, { username: aUsername(), name: 'Ada' });

      expect(await change(token, { username, name: 'Ada' })).toMatchObject({ username, name: 'Ada' });
    });

    it('answers 200 to an empty name, which means none', async () => {
      const { token } = await signUp(app, { name: 'Ada' });

      expect(await change(token, { name: '  ' })).toMatchObject({ name: null });
    });

    it('answers 200 to null, which means no name and no username', async () => {
      const { token, username, password } = await signUp(app, { username: aUsername(), name: 'Ada' });

      expect(await change(token, { name: null })).toMatchObject({ name: null, username });
      expect(await change(token, { username: null })).toMatchObject({ name: null, username: null });

      await app.post('/login').send({ username, password }).expect(401);
      await signUp(app, username === undefined ? {} : { username });
    });

    it('answers 200 to a name in any script, trimmed and in one normal form', async () => {
      const { token } = await signUp(app);

      expect(await change(token, { name: `  ${'Zoé 山田 👩‍👩‍👧 O’Neil'.normalize('NFD')} ` })).toMatchObject({
        name: 'Zoé 山田 👩‍👩‍👧 O’Neil'.normalize('NFC'),
      });
    });

    it('answers 200 to a name of 200 characters, however many code units each one takes', async () => {
      const { token } = await signUp(app);

      for (const name of ['a'.repeat(200), '山'.repeat(200), '🔑'.repeat(200)]) {
        expect(await change(token, { name })).toMatchObject({ name });
      }
    });

    it('answers 200 to a name that looks like SQL or HTML, which is only text', async () => {
      const { token } = await signUp(app);

      for (const name of [
        "Robert'); DROP TABLE users;--",
        '<script>alert(1)</script>',
        '\\',
        '%_$1 :name ?',
      ]) {
        expect(await change(token, { name })).toMatchObject({ name });
      }
    });

    it('changes no other account', async () => {
      const other = await signUp(app, { name: 'Grace' });
      const { token } = await signUp(app);

      await change(token, { name: 'Ada' });

      const { body } = await app.get('/me').auth(other.token, { type: 'bearer' }).expect(200);
      expect(body.user.name).toBe('Grace');
    });
  });
});
