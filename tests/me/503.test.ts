import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { useApp } from '../support/app.ts';
import {
  FEW_MAY_WAIT,
  keepBusyAfterNextCompare,
  LITTLE_TIME_TO_WAIT,
  useWarmThreads,
  whileBusy,
} from '../support/busy.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { eventually } from '../support/several-processes.ts';

onEachDatabase((kind) => {
  const app = useApp(kind, FEW_MAY_WAIT);
  useWarmThreads(app);

  const failuresCounted = async (id: string) => {
    const rows = await app.models.loginFailures.findAll({ where: { account: id } });
    return rows.reduce((sum, { failures }) => sum + failures, 0);
  };

  describe.each([
    ['POST /me/password', 'post', '/me/password'],
    ['DELETE /me', 'delete', '/me'],
    ['POST /me/delete', 'post', '/me/delete'],
  ] as const)('%s', (_operation, method, path) => {
    const bodyOf = (password: string) =>
      path === '/me/password'
        ? { current_password: password, new_password: aPerson().password }
        : { password };

    it('answers 503 where the password would wait too long to be compared, and changes and counts nothing', async () => {
      const { id, email, password, token } = await signUp(app);
      const send = () => app[method](path).auth(token, { type: 'bearer' }).send(bodyOf(password));
      const before = await app.store.users.findById(id);

      const response = await whileBusy(app, () => send().expect(503));

      expect(response.body).toMatchObject({ status: 503, code: 'overloaded' });
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(await app.store.users.findById(id)).toEqual(before);
      expect(await failuresCounted(id)).toBe(0);
      await app.post('/login').send({ email, password }).expect(200);
      await send().expect(204);
    });
  });
});

onOneDatabase((kind) => {
  describe('POST /me/password', () => {
    const app = useApp(kind, LITTLE_TIME_TO_WAIT);
    useWarmThreads(app);

    it('answers 503 where the new password would wait too long to be hashed, and the right old one is no failure', async () => {
      const { id, email, password, token } = await signUp(app);
      const passwordHash = await bcrypt.hash(password, 4);
      await app.models.users.update({ passwordHash }, { where: { id } });
      const busy = keepBusyAfterNextCompare(app);

      const response = await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: aPerson().password })
        .expect(503);
      await busy.over();

      expect(response.body.code).toBe('overloaded');
      const rows = await app.models.loginFailures.findAll({ where: { account: id } });
      expect(rows.map(({ failures }) => failures).filter((failures) => failures > 0)).toEqual([]);
      const logIn = async () => (await app.post('/login').send({ email, password })).status;
      expect(await eventually(logIn, (status) => status === 200)).toBe(200);
    });
  });
});
