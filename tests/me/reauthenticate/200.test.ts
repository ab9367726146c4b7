import { describe, expect, it } from '@jest/globals';
import { callerOf } from '../../../src/core/principal.ts';
import { createReauthenticate } from '../../../src/core/sign-in/reauthenticate.ts';
import { principalOf } from '../../../src/core/tokens/authenticate.ts';
import { anAdmin } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { postForm } from '../../support/clients.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { addSecondFactor, authenticatedBy, refreshed, stepUpChallenge } from '../../support/step-up.ts';
import { codeOf } from '../../support/verifiers.ts';

const as = { type: 'bearer' } as const;
const ORIGIN = { userAgent: null, ip: null, network: 'test', requestId: null, clientRequestId: null };

function prove(app: TestApp, token: string, password: string) {
  return app.post('/me/reauthenticate').auth(token, as).send({ password });
}

/** Raises the session of a token by something else than its password. */
async function proveBy(app: TestApp, token: string, methods: readonly string[]) {
  const principal = principalOf(app.verifyToken(token));
  if (principal.kind !== 'user') throw new Error('a token of no user');
  const { byProof } = createReauthenticate(app as never);
  const { grant } = await byProof(callerOf(principal, ORIGIN), async () => methods);
  return claimsIn(grant?.accessToken ?? '');
}

describe('POST /me/reauthenticate', () => {
  const app = useApp('SQLite');
  const seconds = () => Math.floor(app.clock.now() / 1000);

  it('answers 200 with an access token of the same session, which has just been authenticated', async () => {
    const person = await signUp(app);
    app.clock.advanceSeconds(880);

    const { body, headers } = await prove(app, person.token, person.password).expect(200);

    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      scope: '',
      acr: '1',
      auth_time: seconds(),
    });
    expect(headers['cache-control']).toBe('no-store');
    expect(claimsIn(body.access_token)).toMatchObject({
      sub: person.id,
      sid: person.sessionId,
      amr: ['pwd'],
      acr: '1',
      auth_time: seconds(),
    });
    app.clock.advanceSeconds(800);
    await app.post('/api-keys').auth(body.access_token, as).send({ name: 'A key' }).expect(201);
  });

  it('leaves the refresh token as it is, whose refreshes say the same from then on', async () => {
    const person = await signUp(app);
    app.clock.advanceSeconds(600);
    await prove(app, person.token, person.password).expect(200);
    const provedAt = seconds();
    app.clock.advanceSeconds(600);

    const { token } = await refreshed(app, person);

    expect(claimsIn(token)).toMatchObject({ sid: person.sessionId, amr: ['pwd'], auth_time: provedAt });
  });

  it('leaves the access token from before as it is', async () => {
    const person = await signUp(app);
    app.clock.advanceSeconds(600);
    const { body } = await prove(app, person.token, person.password).expect(200);
    app.clock.advanceSeconds(304);

    await app.post('/api-keys').auth(person.token, as).send({ name: 'A key' }).expect(401);
    await app.post('/api-keys').auth(body.access_token, as).send({ name: 'A key' }).expect(201);
  });

  it('gives back no rights that the token was narrowed out of', async () => {
    const admin = await anAdmin(app);
    const parameters = {
      grant_type: 'refresh_token',
      refresh_token: admin.refreshToken,
      scope: 'users:list',
    };
    const narrowed = await postForm(app, '/oauth/token', parameters).expect(200);

    const { body } = await prove(app, narrowed.body.access_token, admin.password).expect(200);

    expect(body.scope).toBe('users:list');
    expect(claimsIn(body.access_token)).toMatchObject({ roles: [], scope: 'users:list' });
  });

  it('does not take an answer to a refresh for arrived that may have been lost', async () => {
    const person = await signUp(app);
    // Its answer never arrives, so the client goes on with what it has.
    await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
    const { body } = await prove(app, person.token, person.password).expect(200);
    await app.get('/me').auth(body.access_token, as).expect(200);
    await app.confirmations.flush();
    app.clock.advanceSeconds(60);

    await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
  });

  it('records who has proved what', async () => {
    const person = await signUp(app);

    await prove(app, person.token, person.password).expect(200);

    const { events } = await app.store.audit
      .list({ subjectId: person.id, type: 'session.reauthenticated' }, 5, undefined)
      .then((found) => ({ events: found }));
    expect(events).toMatchObject([
      { outcome: 'success', sessionId: person.sessionId, details: { amr: ['pwd'], acr: '1' } },
    ]);
  });

  describe('says of a session no more than was proved since its auth_time:', () => {
    it('a password begins anew, also where there were two factors', async () => {
      const person = await authenticatedBy(app, await signUp(app), 'pwd otp mfa', 60);

      const { body } = await prove(app, person.token, person.password).expect(200);

      expect(claimsIn(body.access_token)).toMatchObject({ amr: ['pwd'], acr: '1', auth_time: seconds() });
    });

    it('a second factor is added to a recent first one, whose time it keeps', async () => {
      const person = await authenticatedBy(app, await signUp(app), 'pwd', 60);

      const claims = await proveBy(app, person.token, ['otp']);

      expect(claims).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: '2', auth_time: seconds() - 60 });
    });

    it('a second factor over and over does not keep the first one alive', async () => {
      const person = await authenticatedBy(app, await signUp(app), 'pwd otp mfa', 900);

      const claims = await proveBy(app, person.token, ['otp']);
      expect(claims).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], auth_time: seconds() - 900 });

      app.clock.advanceSeconds(1);
      expect(await codeOf(() => proveBy(app, person.token, ['otp']))).toBe(
        'insufficient_user_authentication',
      );
    });

    it('what proves two factors by itself begins anew', async () => {
      const person = await authenticatedBy(app, await signUp(app), 'pwd', 5000);

      const claims = await proveBy(app, person.token, ['hwk', 'user', 'mfa']);

      expect(claims).toMatchObject({ amr: ['hwk', 'user', 'mfa'], acr: '2', auth_time: seconds() });
    });
  });

  it('with a second factor leads through what was refused before', async () => {
    const person = await authenticatedBy(app, await signUp(app), 'pwd otp mfa', 5000);
    await addSecondFactor(app, person.id);
    const change = (token: string) => app.post('/me/email').auth(token, as).send({ email: aPerson().email });
    const refused = await change(person.token).expect(401);
    expect(refused.headers['www-authenticate']).toMatch(stepUpChallenge('max_age="900", acr_values="2"'));

    const { body } = await prove(app, person.token, person.password).expect(200);
    await change(body.access_token).expect(401);
    await proveBy(app, body.access_token, ['otp']);
    const { token } = await refreshed(app, person);

    await change(token).expect(202);
  });
});
