import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import type { Response } from 'supertest';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { comparable } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

interface Credentials {
  readonly email?: string;
  readonly username?: string | undefined;
  readonly password: string;
}

onEachDatabase((kind) => {
  describe('POST /login', () => {
    const app = useApp(kind);

    async function setColumns(id: string, columns: { passwordHash?: string | null; disabledAt?: Date }) {
      await app.models.users.update(columns, { where: { id } });
    }

    async function refuse(credentials: object): Promise<Response> {
      return app.post('/login').send(credentials).expect(401);
    }

    it('answers 401 with a problem document and a challenge that names no error', async () => {
      const response = await refuse(aPerson());

      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toMatchObject({
        'www-authenticate': 'Bearer realm="latchkey"',
        'cache-control': 'no-store',
      });
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#invalid_credentials`,
        title: expect.any(String),
        status: 401,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'invalid_credentials',
      });
    });

    describe('with no difference from an unknown email address', () => {
      const tries = new Map<string, number>();

      /** Compares with the answer to a stranger who tries as often as this identifier was tried before. */
      async function expectTheSame({ password, ...identifier }: Credentials) {
        const key = JSON.stringify(identifier);
        const earlier = tries.get(key) ?? 0;
        tries.set(key, earlier + 1);
        const stranger = aPerson();
        for (let i = 0; i < earlier; i++) await refuse(stranger);
        const reference = comparable(await refuse(stranger));
        expect(comparable(await refuse({ ...identifier, password }))).toEqual(reference);
      }

      it('answers 401 to a wrong password', async () => {
        const { email } = await signUp(app);

        await expectTheSame({ email, password: `${CANARY} wrong` });
      });

      it('answers 401 to a wrong password with a username', async () => {
        const { username } = await signUp(app, { username: aUsername() });

        await expectTheSame({ username, password: `${CANARY} wrong` });
      });

      it('answers 401 to an unknown username', () =>
        expectTheSame({ username: aUsername(), password: `${CANARY} staple` }));

      it.each(['', 'ada', 'ada@', 'ada@example.com/path', "' OR 1=1 --", '%', 'ada\u0000@example.com'])(
        'answers 401 to the malformed email address %j',
        (email) => expectTheSame({ email, password: `${CANARY} staple` }),
      );

      it.each(["' OR '1'='1", 'ab', 'ada@example.org', '%%%', 'ada\u0000', 'ünal'])(
        'answers 401 to the malformed username %j',
        (username) => expectTheSame({ username, password: `${CANARY} staple` }),
      );

      it('answers 401 to the right password of a disabled account', async () => {
        const { id, email, password } = await signUp(app);
        await setColumns(id, { disabledAt: new Date() });

        await expectTheSame({ email, password });
      });

      it('answers 401 to any password of an account without one', async () => {
        const { id, email, password } = await signUp(app);
        await setColumns(id, { passwordHash: null });

        await expectTheSame({ email, password });
        await expectTheSame({ email, password: '' });
      });

      it.each([
        '',
        'plain text',
        '$2b$04$short',
        'lk1:00000000:nonsense',
        '$argon2id$v=19$m=1,t=1,p=1$AA$AA',
      ])('answers 401 to any password of an account whose stored hash is %j', async (passwordHash) => {
        const { id, email, password } = await signUp(app);
        await setColumns(id, { passwordHash });

        await expectTheSame({ email, password });
        await expectTheSame({ email, password: passwordHash });
      });

      it('answers 401 to the stored hash itself in place of the password', async () => {
        const { id, email } = await signUp(app);
        const stored = (await app.models.users.findByPk(id))?.passwordHash ?? '';
        expect(stored).toMatch(/^lk1:/);

        await expectTheSame({ email, password: stored });
      });
    });

    describe('with a password that is almost right', () => {
      it.each<[string, (password: string) => string]>([
        ['by case', (password) => password.toUpperCase()],
        ['by a space at its end', (password) => `${password} `],
        ['by a NUL at its end', (password) => `${password}\0`],
        ['by what follows a NUL', (password) => `${password}\0more`],
        ['by missing its last character', (password) => password.slice(0, -1)],
        ['by being empty', () => ''],
      ])('answers 401 to one that differs only %s', async (_how, change) => {
        const { email, password } = await signUp(app);

        await refuse({ email, password: change(password) });
      });

      it('answers 401 to one that differs only after byte 72, where bcrypt alone stops to read', async () => {
        const password = `${CANARY.padEnd(72, '-')}A`;
        const { email } = await signUp(app, { password });

        await refuse({ email, password: `${password.slice(0, 72)}B` });
        await refuse({ email, password: password.slice(0, 72) });
        await app.post('/login').send({ email, password }).expect(200);
      });

      it('answers 401 to one that differs only after a NUL, where bcrypt alone stops to read', async () => {
        const password = `${CANARY} staple\0one`;
        const { email } = await signUp(app, { password });

        await refuse({ email, password: `${CANARY} staple\0two` });
        await refuse({ email, password: `${CANARY} staple` });
        await app.post('/login').send({ email, password }).expect(200);
      });

      it('answers 401 to one that differs only after a NUL, with the plain bcrypt hash of another system', async () => {
        const { id, email, password } = await signUp(app);
        await setColumns(id, { passwordHash: await bcrypt.hash(password, 4) });

        await refuse({ email, password: `${password}\0more` });
      });
    });

    it('leaves the hash of another system as it was, since only a right password may upgrade it', async () => {
      const { id, email, password } = await signUp(app);
      const passwordHash = await bcrypt.hash(password, 4);
      await setColumns(id, { passwordHash });

      await refuse({ email, password: `${CANARY} wrong` });

      expect((await app.models.users.findByPk(id))?.passwordHash).toBe(passwordHash);
    });

    it('leaves the hash of a disabled account as it was', async () => {
      const { id, email, password } = await signUp(app);
      const passwordHash = await bcrypt.hash(password, 4);
      await setColumns(id, { passwordHash, disabledAt: new Date() });

      await refuse({ email, password });

      expect((await app.models.users.findByPk(id))?.passwordHash).toBe(passwordHash);
    });
  });
});
