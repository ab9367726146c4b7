import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind);

    async function expectTaken(details: object, code: string) {
      const response = await app.post('/signup').send(aPerson(details)).expect(409);
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 409, code });
      expect(response.body).not.toHaveProperty('access_token');
      return response;
    }

    it('answers 409 to an email address that has an account, and leaves that account as it is', async () => {
      const first = await signUp(app, { name: 'The first' });

      await expectTaken({ email: first.email, name: 'The second' }, 'email_taken');

      const login = await app
        .post('/login')
        .send({ email: first.email, password: first.password })
        .expect(200);
      expect(login.body.user).toMatchObject({ id: first.id, name: 'The first' });
    });

    it('answers 409 to an email address that differs only by case', async () => {
      const { email } = await signUp(app);

      await expectTaken({ email: email.toUpperCase() }, 'email_taken');
    });

    it('answers 409 to an email address that differs only by the white space around it', async () => {
      const { email } = await signUp(app);

      await expectTaken({ email: `\t ${email} ` }, 'email_taken');
    });

    it('answers 409 to an email address whose accents are typed apart (NFD and NFC)', async () => {
      const local = `zoé.ångström-${randomBytes(4).toString('hex')}`;
      await signUp(app, { email: `${local}@example.com`.normalize('NFC') });

      await expectTaken({ email: `${local}@example.com`.normalize('NFD') }, 'email_taken');
      await expectTaken({ email: `${local}@example.com`.normalize('NFD').toUpperCase() }, 'email_taken');
    });

    it('answers 409 to an email address whose domain is written in punycode', async () => {
      const local = randomBytes(5).toString('hex');
      await signUp(app, { email: `${local}@Bücher.example` });

      await expectTaken({ email: `${local}@xn--bcher-kva.example` }, 'email_taken');
      await expectTaken({ email: `${local}@XN--BCHER-KVA.EXAMPLE` }, 'email_taken');
      await expectTaken({ email: `${local}@BÜCHER.example` }, 'email_taken');
    });

    it('answers 409 to a username that differs only by case', async () => {
      const username = aUsername();
      await signUp(app, { username });

      await expectTaken({ username }, 'username_taken');
      await expectTaken({ username: username.toUpperCase() }, 'username_taken');
    });

    it('answers 409 to a taken username, and leaves the email address free', async () => {
      const username = aUsername();
      await signUp(app, { username });
      const person = aPerson({ username });

      await expectTaken(person, 'username_taken');

      await app
        .post('/signup')
        .send({ ...person, username: aUsername() })
        .expect(201);
    });

    it('answers 409 naming the email address where both are taken, on every database', async () => {
      const { email } = await signUp(app);
      const { username } = await signUp(app, { username: aUsername() });

      await expectTaken({ email, username }, 'email_taken');
    });

    it('answers 409 to all but one of twenty who race for one email address', async () => {
      const { email } = aPerson();

      const responses = await Promise.all(
        Array.from({ length: 20 }, () => app.post('/signup').send(aPerson({ email }))),
      );

      const statuses = responses.map((response) => response.status).sort();
      expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
    });

    describe('with what a careless collation takes for one another', () => {
      it.each([
        ['a and á', (unique: string) => [`a${unique}@example.com`, `á${unique}@example.com`]],
        ['ß and ss', (unique: string) => [`ß${unique}@example.com`, `ss${unique}@example.com`]],
        ['i and dotless ı', (unique: string) => [`i${unique}@example.com`, `ı${unique}@example.com`]],
        ['o and ø', (unique: string) => [`o${unique}@example.com`, `ø${unique}@example.com`]],
        ['two emoji', (unique: string) => [`${unique}@🔑.example`, `${unique}@🚪.example`]],
        ['plus and no plus', (unique: string) => [`${unique}@example.com`, `${unique}+a@example.com`]],
        ['_ and any character', (unique: string) => [`${unique}xa@example.com`, `${unique}_a@example.com`]],
        ['% and any text', (unique: string) => [`${unique}xa@example.com`, `${unique}%@example.com`]],
      ])('answers 201 to addresses with %s', async (_what, addresses) => {
        for (const email of addresses(randomBytes(5).toString('hex'))) {
          await app.post('/signup').send(aPerson({ email })).expect(201);
        }
      });

      it('answers 201 to a username that reads like the other with a dot moved', async () => {
        const username = aUsername();

        await signUp(app, { username: `${username}.a` });
        await signUp(app, { username: `${username}_a` });
        await signUp(app, { username: `${username}-a` });
      });

      it('answers 201 to people without a username, of whom there may be many', async () => {
        await signUp(app);
        await signUp(app);
      });
    });
  });
});
