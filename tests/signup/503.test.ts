import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { FEW_MAY_WAIT, useWarmThreads, whileBusy } from '../support/busy.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind, FEW_MAY_WAIT);
    useWarmThreads(app);

    it('answers 503 where the password would wait too long to be hashed, and makes no account', async () => {
      const person = aPerson({ username: aUsername() });

      const response = await whileBusy(app, () => app.post('/signup').send(person).expect(503));

      expect(response.body).toMatchObject({ status: 503, code: 'overloaded' });
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(await app.models.users.count()).toBe(0);
      await app.post('/signup').send(person).expect(201);
    });

    it('answers 503 before the body is read, whatever is wrong with it', async () => {
      const { email } = aPerson();

      const response = await whileBusy(app, () =>
        app.post('/signup').send({ email, password: 'short' }).expect(503),
      );

      expect(response.body.code).toBe('overloaded');
    });
  });
});
