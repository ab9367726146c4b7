import { describe, expect, it } from '@jest/globals';
import { runAdminHere, useOperatedApp } from '../support/admin-command.ts';
import { anAdmin, userWho } from '../support/admins.ts';
import { messagesDuring, refusalOf } from '../support/codes.ts';
import { useDirectories } from '../support/directories.ts';
import { addTotp, answer, challengeFor, rememberDevice, signUpWithTotp, totpOf } from '../support/factors.ts';
import { waitOut } from '../support/guessing.ts';

const as = { type: 'bearer' } as const;
const PERMISSION = 'users:reset-factors';

describe('A reset of second factors', () => {
  const newDirectory = useDirectories();
  const { app, databaseUrl } = useOperatedApp('SQLite', newDirectory, { LOGIN_MAX_FAILURES: '8' });

  const eventsOf = async (subjectId: string) =>
    app().models.ledger.findAll({ where: { subjectId, type: 'factors.reset' }, raw: true });

  it('removes them with recovery codes and remembered devices, tells the owner, and leaves their sessions', async () => {
    const { id, email, password, token, totp } = await signUpWithTotp(app());
    await rememberDevice(app(), id);
    const challenge = await challengeFor(app(), { email, password });
    const admin = await userWho(app(), [PERMISSION]);

    const messages = await messagesDuring(app(), () =>
      app().delete(`/admin/users/${id}/factors`).auth(admin.token, as).expect(204),
    );

    expect(messages).toEqual([
      expect.objectContaining({
        to: email,
        subject: 'The second step of your sign-in at auth.example.com was removed',
      }),
    ]);
    expect(messages[0]?.link).toContain('/lockdown/');
    expect((await app().get('/me/factors').auth(token, as).expect(200)).body).toEqual({
      totp: [],
      passkeys: 0,
      recovery_codes: 0,
    });
    expect((await app().get('/sessions').auth(token, as).expect(200)).body.remembered_devices).toEqual([]);
    expect(refusalOf(await answer(app(), challenge, totpOf(app(), totp)))).toBe('400 invalid_challenge');
    await app().post('/login').send({ email, password }).expect(200);
    expect(await eventsOf(id)).toMatchObject([{ actorType: 'user', actorId: admin.id, outcome: 'success' }]);
  });

  it('is refused to those who may do less than the user', async () => {
    const { id } = await signUpWithTotp(app());
    await app().store.userRoles.add(id, ['admin']);
    const helper = await userWho(app(), [PERMISSION]);

    await app().delete(`/admin/users/${id}/factors`).auth(helper.token, as).expect(403);
    const { token } = await anAdmin(app());
    await app().delete(`/admin/users/${id}/factors`).auth(token, as).expect(204);
  });

  it('forgets wrong codes, which would lock the app that is added next', async () => {
    const { id, token, totp, ...person } = await signUpWithTotp(app());
    for (let time = 0; time < 9; time++) {
      waitOut(app());
      await answer(app(), await challengeFor(app(), person), { method: 'totp', code: 'wrong!' }).expect(403);
    }
    const admin = await userWho(app(), [PERMISSION]);
    await app().delete(`/admin/users/${id}/factors`).auth(admin.token, as).expect(204);
    const { email, password } = person;
    const { body } = await app().post('/login').send({ email, password }).expect(200);

    const added = await addTotp(app(), body.access_token);
    app().clock.advanceSeconds(30);

    await answer(app(), await challengeFor(app(), person), totpOf(app(), added)).expect(200);
  });

  it('is done at the command line as well', async () => {
    const { id, email, password } = await signUpWithTotp(app());

    const run = await runAdminHere(newDirectory(), ['reset-factors', '--email', email], {
      env: { DATABASE_URL: databaseUrl() },
    });

    expect(run).toEqual({
      exitCode: 0,
      stdout: `${email} signs in without a second factor, until one is added again.\n`,
      stderr: '',
    });
    await app().post('/login').send({ email, password }).expect(200);
    expect(await eventsOf(id)).toMatchObject([{ actorType: 'operator', actorId: null }]);
  });
});
