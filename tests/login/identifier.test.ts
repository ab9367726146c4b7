import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('The identifier of a login', () => {
    const app = useApp(kind);

    const spellings = (text: string) => [text, text.toUpperCase(), ` ${text}`, `${text} `, `\t${text}\n`];

    it.each(['identifier', 'email', 'username'])(
      'is an email address or a username in the member %s, in any case and with spaces around it',
      async (member) => {
        const { id, email, username = '', password } = await signUp(app, { username: aUsername() });

        for (const typed of [...spellings(email), ...spellings(username)]) {
          const { body } = await app
            .post('/login')
            .send({ [member]: typed, password })
            .expect(200);
          expect(body.user.id).toBe(id);
        }
        expect((await app.store.loginFailures.find(id, ''))?.failures ?? 0).toBe(0);
      },
    );

    it('is an address of a domain in any script, in both of its spellings', async () => {
      const local = randomBytes(5).toString('hex');
      const { id, password } = await signUp(app, { email: `${local}@münchen.de` });

      for (const domain of ['münchen.de', 'MÜNCHEN.DE', 'mu\u0308nchen.de', 'xn--mnchen-3ya.de']) {
        const { body } = await app
          .post('/login')
          .send({ identifier: `${local.toUpperCase()}@${domain}`, password })
          .expect(200);
        expect(body.user.id).toBe(id);
      }
    });

    it('is no other account than the one it names', async () => {
      const { username = '', password } = await signUp(app, { username: aUsername() });

      for (const identifier of [`${username}@`, `@${username}`, `${username}.`, username.slice(1), '']) {
        await app.post('/login').send({ identifier, password }).expect(401);
      }
    });
  });

  describe('The username of a sign-up or a change', () => {
    const app = useApp(kind);

    it('is kept without the spaces around it', async () => {
      const username = aUsername();
      const { token, password } = await signUp(app, { username: ` ${username} ` });
      await app.post('/login').send({ username, password }).expect(200);

      const other = aUsername();
      const { body } = await app
        .patch('/me')
        .auth(token, { type: 'bearer' })
        .send({ username: `${other}\t` })
        .expect(200);

      expect(body.user.username).toBe(other);
    });
  });
});
