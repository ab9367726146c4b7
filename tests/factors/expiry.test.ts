import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { lockdownTokenOf, markVerified, refusalOf, resetFor } from '../support/codes.ts';
import {
  type Authenticator,
  answer,
  challengeFor,
  codeOf,
  signUpWithTotp,
  totpOf,
} from '../support/factors.ts';
import { aPerson, signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;
const DAY_SECONDS = 86_400;
const BROWSER = 'Browser/7 (Desk)';

describe('An authenticator app that is being set up', () => {
  const app = useApp('SQLite');

  it('takes its first code for ten minutes', async () => {
    const { token } = await signUp(app);
    const confirm = async (seconds: number) => {
      const { body } = await app.post('/me/factors/totp').auth(token, as).expect(201);
      app.clock.advanceSeconds(seconds);
      const code = codeOf(app, body.secret);
      return app.post(`/me/factors/totp/${body.factor_id}/confirm`).auth(token, as).send({ code });
    };

    expect(refusalOf(await confirm(600))).toBe('404 factor_not_found');
    const { token: other } = await signUp(app);
    const { body } = await app.post('/me/factors/totp').auth(other, as).expect(201);
    app.clock.advanceSeconds(599);
    await app
      .post(`/me/factors/totp/${body.factor_id}/confirm`)
      .auth(other, as)
      .send({ code: codeOf(app, body.secret) })
      .expect(200);
  });
});

describe('A remembered device', () => {
  const app = useApp('SQLite', { MFA_REMEMBER_DAYS: '14' });

  /** A user with a device on which no second factor is asked for. */
  async function withDevice() {
    const { totp, ...person } = await signUpWithTotp(app);
    const given = { ...totpOf(app, totp), remember_device: true };
    const { body } = await answer(app, await challengeFor(app, person), given)
      .set('User-Agent', BROWSER)
      .expect(200);
    const device = { device_token: body.device_token as string };
    const logIn = (more: object = device, password = person.password) =>
      app.post('/login').send({ email: person.email, password, ...more });
    return { ...person, totp, token: body.access_token as string, logIn };
  }

  const devicesOf = async (token: string) =>
    (await app.get('/sessions').auth(token, as).expect(200)).body.remembered_devices;

  it('is not asked for MFA_REMEMBER_DAYS, while every other one is', async () => {
    const [other, stranger] = [await signUp(app), await signUpWithTotp(app)];
    const { logIn } = await withDevice();

    await logIn().expect(200);
    for (const more of [{}, { device_token: other.deviceToken }]) await logIn(more).expect(403);
    await challengeFor(app, stranger);
    app.clock.advanceSeconds(14 * DAY_SECONDS - 1);
    await logIn().expect(200);
    app.clock.advanceSeconds(1);

    expect(refusalOf(await logIn())).toBe('403 second_factor_required');
  });

  it('is listed with the sessions, until its user forgets it or housekeeping does', async () => {
    const other = await withDevice();
    const { id, token, logIn } = await withDevice();

    const [device, ...more] = await devicesOf(token);
    expect(device).toEqual({
      id: expect.any(String),
      user_agent: BROWSER,
      ip: '127.0.0.1',
      created_at: new Date(app.clock.now()).toISOString(),
      expires_at: new Date(app.clock.now() + 14 * DAY_SECONDS * 1000).toISOString(),
    });
    expect(more).toEqual([]);
    await app.delete(`/me/remembered-devices/${device.id}`).auth(other.token, as).expect(404);
    await app.delete(`/me/remembered-devices/${device.id}`).auth(token, as).expect(204);
    expect(await devicesOf(token)).toEqual([]);
    expect(refusalOf(await logIn())).toBe('403 second_factor_required');

    await other.logIn().expect(200);
    app.clock.advanceSeconds(14 * DAY_SECONDS + 1);
    await app.store.factors.prune(new Date(app.clock.now()));
    expect(await app.models.rememberedDevices.count()).toBe(0);
    const events = await app.models.ledger.findAll({ where: { subjectId: id }, raw: true });
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['device.remembered', 'device.forgotten']),
    );
  });

  it('is asked again once the password is another one, by a change, by a reset and by a lockdown', async () => {
    for (const change of [
      async (
        { token, password, totp }: { token: string; password: string; totp: Authenticator },
        next: string,
      ) => {
        const raised = await app
          .post('/me/reauthenticate')
          .auth(token, as)
          .send(totpOf(app, totp))
          .expect(200);
        app.clock.advanceSeconds(30);
        await app
          .post('/me/password')
          .auth(raised.body.access_token, as)
          .send({ current_password: password, new_password: next })
          .expect(204);
      },
      async ({ email }: { email: string }, next: string) =>
        app
          .post('/password/reset')
          .send({ token: (await resetFor(app, email)).token, new_password: next })
          .expect(204),
      async ({ id, email }: { id: string; email: string }, next: string) => {
        await app
          .post('/lockdown')
          .send({ token: await lockdownTokenOf(app, id) })
          .expect(204);
        const { token } = await resetFor(app, email);
        await app.post('/password/reset').send({ token, new_password: next }).expect(204);
      },
    ]) {
      const person = await withDevice();
      // The first proof of an address would end everything else.
      await markVerified(app, person.email);
      // A factor of the last week would end with the lockdown.
      app.clock.advanceSeconds(8 * DAY_SECONDS);
      const { body } = await person.logIn().expect(200);
      const { password: next } = aPerson();

      await change({ ...person, token: body.access_token }, next);

      expect(refusalOf(await person.logIn(undefined, next))).toBe('403 second_factor_required');
      const challenge = await challengeFor(app, { ...person, password: next });
      const signedIn = await answer(app, challenge, totpOf(app, person.totp)).expect(200);
      expect(await devicesOf(signedIn.body.access_token)).toEqual([]);
    }
  });

  it('goes with the last second factor', async () => {
    const { token, totp, logIn } = await withDevice();

    await app.delete(`/me/factors/totp/${totp.id}`).auth(token, as).expect(204);

    expect(await devicesOf(token)).toEqual([]);
    await logIn({}).expect(200);
  });
});

describe('With MFA_REMEMBER_DAYS=0', () => {
  const app = useApp('SQLite', { MFA_REMEMBER_DAYS: '0' });

  it('no device is remembered', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const given = { ...totpOf(app, totp), remember_device: true };
    const { body } = await answer(app, await challengeFor(app, person), given).expect(200);

    await challengeFor(app, person, { device_token: body.device_token });
    expect(await app.models.rememberedDevices.count()).toBe(0);
  });
});
