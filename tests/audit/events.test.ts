import { describe, expect, it } from '@jest/globals';
import { Op } from 'sequelize';
import { anAdmin, OPERATOR, userAdminOf } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { type ShownEvent, searchAudit } from '../support/audit.ts';
import { aPhone, markVerified, messageTo } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const BROWSER = 'Browser/7 (Desk)';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

onEachDatabase((kind) => {
  describe('The audit log records', () => {
    const app = useApp(kind, { LOGIN_FREE_FAILURES: '10', LOGIN_MAX_FAILURES: '3' });
    let requests = 0;

    /** Sends a request that can be told from all others, and returns it with what the audit log has of it. */
    async function record(method: 'post' | 'patch' | 'delete', path: string, body: object, token?: string) {
      const clientRequestId = `request-${++requests}`;
      const request = app[method](path).set('X-Request-Id', clientRequestId).set('User-Agent', BROWSER);
      const response = await (token === undefined ? request : request.auth(token, { type: 'bearer' })).send(
        body,
      );
      const { token: admin } = await anAdmin(app);
      const { events } = await searchAudit(app, admin, { limit: 20 });
      const own = events.filter(({ client_request_id }) => client_request_id === clientRequestId);
      return { response, events: own.reverse() };
    }

    function expectOrigin(events: readonly ShownEvent[]): void {
      for (const event of events) {
        expect(event).toMatchObject({
          ip: '127.0.0.1',
          user_agent: BROWSER,
          request_id: expect.stringMatching(UUID),
          client_request_id: `request-${requests}`,
          created_at: new Date(app.clock.now()).toISOString(),
        });
      }
    }

    it('a sign-up, the login that comes with it, and the code that is sent to its address', async () => {
      const { response, events } = await record('post', '/signup', aPerson());

      const { id } = response.body.user;
      expect(events).toMatchObject([
        {
          type: 'user.signed_up',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: null,
        },
        {
          type: 'login.succeeded',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          details: { method: 'password' },
        },
        {
          type: 'code.sent',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: null,
          details: { purpose: 'email_verification', channel: 'email' },
        },
      ]);
      expectOrigin(events);
    });

    it('a login, with the session that it began', async () => {
      const { id, email, password } = await signUp(app);

      const { response, events } = await record('post', '/login', { email, password });

      const { access_token } = response.body;
      const { body } = await app.get('/verify').auth(access_token, { type: 'bearer' }).expect(200);
      expect(events).toMatchObject([
        {
          type: 'login.succeeded',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: body.sid,
        },
      ]);
      expectOrigin(events);
    });

    it.each<[reason: string, columns: object]>([
      ['wrong_password', {}],
      ['no_password', { passwordHash: null }],
      ['disabled', { disabledAt: new Date() }],
    ])('a login that failed because of %s', async (reason, columns) => {
      const { id, email } = await signUp(app);
      await app.models.users.update({ createdAt: new Date(), ...columns }, { where: { id } });

      const { response, events } = await record('post', '/login', { email, password: `${CANARY} wrong` });

      expect(response.status).toBe(401);
      expect(events).toMatchObject([
        {
          type: 'login.failed',
          outcome: 'failure',
          actor: { type: 'anonymous', id: null },
          subject: id,
          session_id: null,
          details: { reason },
        },
      ]);
      expectOrigin(events);
    });

    it.each<[kind: 'email' | 'username', typed: string]>([
      ['email', 'nobody-of-this-name@example.com'],
      ['username', 'nobody_of_this_name'],
      ['username', 'a password, typed into the wrong field'],
    ])('a login with an unknown %s such as %j, of which it keeps a hash', async (member, typed) => {
      const { events } = await record('post', '/login', { [member]: typed, password: `${CANARY} any` });
      const { events: again } = await record('post', '/login', {
        [member]: typed,
        password: `${CANARY} other`,
      });

      expect(events).toMatchObject([
        {
          type: 'login.failed',
          outcome: 'failure',
          actor: { type: 'anonymous', id: null },
          subject: null,
          details: { reason: 'unknown_identifier', identifier: expect.stringMatching(/^nobody:[\w-]{43}$/) },
        },
      ]);
      expect(again[0]?.details).toEqual(events[0]?.details);
      expect(JSON.stringify(events)).not.toContain(typed);
    });

    it('the lock of an account, and what is tried after it', async () => {
      const { id, email, password } = await signUp(app);
      for (let failure = 1; failure < 3; failure++) {
        await app
          .post('/login')
          .send({ email, password: `${CANARY} wrong` })
          .expect(401);
      }

      const { events } = await record('post', '/login', { email, password: `${CANARY} wrong` });
      expect(events).toMatchObject([
        { type: 'login.failed', subject: id, details: { reason: 'wrong_password' } },
        { type: 'user.locked', subject: id, actor: { type: 'anonymous', id: null }, session_id: null },
      ]);
      expectOrigin(events);

      const { response, events: after } = await record('post', '/login', { email, password });
      expect(response.status).toBe(401);
      expect(after).toMatchObject([{ type: 'login.failed', subject: id, details: { reason: 'locked' } }]);
    });

    it.each(['local', 'global'])('a logout (%s)', async (scope) => {
      const { id, token, sessionId } = await signUp(app);

      const { events } = await record('post', `/logout?scope=${scope}`, {}, token);

      expect(events).toMatchObject([
        {
          type: 'logout',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
          details: { reason: 'logout', sessions: [sessionId] },
        },
      ]);
      expectOrigin(events);
    });

    it('a logout by refresh token', async () => {
      const { id, refreshToken, sessionId } = await signUp(app);

      const { events } = await record('post', '/logout', { refresh_token: refreshToken });

      expect(events).toMatchObject([
        { type: 'logout', actor: { type: 'user', id }, subject: id, session_id: sessionId },
      ]);
    });

    it('nothing where a user logs out twice', async () => {
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      const { response, events } = await record('post', '/logout', {}, token);

      expect([response.status, events]).toEqual([204, []]);
    });

    it('a refresh token that was used twice, without an actor', async () => {
      const { id, refreshToken, sessionId } = await signUp(app);
      const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      await app.post('/refresh').send({ refresh_token: body.refresh_token }).expect(200);
      app.clock.advanceSeconds(11);

      const { response, events } = await record('post', '/refresh', { refresh_token: refreshToken });

      expect(response.status).toBe(401);
      expect(events).toMatchObject([
        {
          type: 'refresh.reused',
          outcome: 'failure',
          actor: { type: 'anonymous', id: null },
          subject: id,
          session_id: sessionId,
          details: { sessions: [sessionId] },
        },
      ]);
      expectOrigin(events);
    });

    it('a changed password', async () => {
      const { id, token, sessionId, password } = await signUp(app);
      const body = { current_password: password, new_password: `${CANARY} another horse` };

      const { response, events } = await record('post', '/me/password', body, token);

      expect(response.status).toBe(204);
      expect(events).toMatchObject([
        {
          type: 'password.changed',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
        },
      ]);
      expectOrigin(events);
    });

    it.each<[what: string, method: 'post' | 'delete', path: string, body: object]>([
      [
        'a change of the password',
        'post',
        '/me/password',
        { current_password: `${CANARY} no`, new_password: `${CANARY} another horse` },
      ],
      ['a deletion', 'delete', '/me', { password: `${CANARY} no` }],
    ])('a password that was refused for %s', async (_what, method, path, body) => {
      const { id, token, sessionId } = await signUp(app);

      const { response, events } = await record(method, path, body, token);

      expect(response.status).toBe(403);
      expect(events).toMatchObject([
        {
          type: 'password.refused',
          outcome: 'failure',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
          details: { reason: 'wrong_password' },
        },
      ]);
      expectOrigin(events);
    });

    it('a right password whose successor was refused, since a thief has learned that it is right', async () => {
      const { id, email, token, password } = await signUp(app);
      const body = { current_password: password, new_password: email };

      const { response, events } = await record('post', '/me/password', body, token);

      expect(response.status).toBe(400);
      expect(events).toMatchObject([
        {
          type: 'password.refused',
          outcome: 'failure',
          actor: { type: 'user', id },
          subject: id,
          details: { reason: 'validation_failed' },
        },
      ]);
      expectOrigin(events);
    });

    it('the right password of the last administrator, whose account stays', async () => {
      const { id, token, password } = await anAdmin(app);
      await app.models.userRoles.destroy({ where: { role: 'admin', userId: { [Op.ne]: id } } });

      const { response, events } = await record('delete', '/me', { password }, token);

      expect(response.status).toBe(409);
      expect(events).toMatchObject([
        { type: 'password.refused', outcome: 'failure', subject: id, details: { reason: 'last_admin' } },
      ]);
    });

    it('a deleted account, whose events stay', async () => {
      const { id, token, sessionId, password } = await signUp(app);

      const { events } = await record('delete', '/me', { password }, token);

      expect(events).toMatchObject([
        {
          type: 'user.deleted',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
        },
      ]);
      expectOrigin(events);
      const all = await searchAudit(app, (await anAdmin(app)).token, { subject: id });
      expect(all.events.map(({ type }) => type)).toEqual([
        'user.deleted',
        'code.sent',
        'login.succeeded',
        'user.signed_up',
      ]);
    });

    it('a changed profile, by the names of the fields alone', async () => {
      const { id, token, sessionId } = await signUp(app);
      const username = aUsername();

      const { events } = await record('patch', '/me', { name: 'Grace', username }, token);

      expect(events).toMatchObject([
        {
          type: 'user.updated',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
        },
      ]);
      expect(events[0]?.details).toEqual({ fields: expect.arrayContaining(['name', 'username']) });
      expectOrigin(events);
    });

    it('a session that was ended', async () => {
      const { id, email, password, sessionId } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);

      const { events } = await record('delete', `/sessions/${sessionId}`, {}, body.access_token);

      expect(events).toMatchObject([
        {
          type: 'session.ended',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          details: { reason: 'ended_by_user', sessions: [sessionId] },
        },
      ]);
      expect(events[0]?.session_id).not.toBe(sessionId);
      expectOrigin(events);
    });

    it('an API key that was made, and one that was deleted', async () => {
      const { id, token, sessionId } = await signUp(app);

      const made = await record('post', '/api-keys', { name: 'Backup' }, token);
      const keyId = made.response.body.id;
      expectOrigin(made.events);
      const deleted = await record('delete', `/api-keys/${keyId}`, {}, token);
      expectOrigin(deleted.events);

      const common = {
        outcome: 'success',
        actor: { type: 'user', id },
        subject: keyId,
        session_id: sessionId,
      };
      expect([...made.events, ...deleted.events]).toMatchObject([
        { type: 'api_key.created', ...common, details: { name: 'Backup', scope: null, expires_at: null } },
        { type: 'api_key.deleted', ...common },
      ]);
    });

    it('an address that was proved, without an actor who is signed in', async () => {
      const { id, email } = await signUp(app);
      const { token } = await messageTo(app, email);

      const { response, events } = await record('post', '/email/verify', { token });

      expect(response.status).toBe(204);
      expect(events).toMatchObject([
        {
          type: 'email.verified',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: null,
        },
      ]);
      expectOrigin(events);
    });

    it('a change of the address: the code for it, its proof, and that it was taken back, which locks the account', async () => {
      const person = await signUp(app);
      const { id, token, sessionId } = person;
      await markVerified(app, person.email);
      const to = aPerson().email;

      const asked = await record('post', '/me/email', { email: to }, token);
      expectOrigin(asked.events);
      const proof = await messageTo(app, to);
      const changed = await record('post', '/email/verify', { token: proof.token });
      expectOrigin(changed.events);
      const undo = await messageTo(app, person.email);
      const restored = await record('post', '/email/undo', { token: undo.token });
      expectOrigin(restored.events);

      expect([...asked.events, ...changed.events, ...restored.events]).toMatchObject([
        {
          type: 'code.sent',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
          details: { purpose: 'email_change', channel: 'email' },
        },
        { type: 'email.changed', outcome: 'success', actor: { type: 'user', id }, subject: id },
        { type: 'email.restored', outcome: 'success', actor: { type: 'anonymous', id: null }, subject: id },
        { type: 'user.locked_down', outcome: 'success', actor: { type: 'anonymous', id: null }, subject: id },
      ]);
    });

    it('a phone number: the code for it, one that was wrong, its proof, and its removal', async () => {
      const { id, token, sessionId } = await signUp(app);
      const phone = aPhone();

      const asked = await record('post', '/me/phone', { phone }, token);
      expectOrigin(asked.events);
      const { code } = await messageTo(app, phone);
      const proof = { challenge_id: asked.response.body.challenge_id, code };
      const other = code === '000000' ? '000001' : '000000';
      const refused = await record('post', '/me/phone/verify', { ...proof, code: other }, token);
      expectOrigin(refused.events);
      const changed = await record('post', '/me/phone/verify', proof, token);
      expectOrigin(changed.events);
      const removed = await record('delete', '/me/phone', {}, token);
      expectOrigin(removed.events);

      const common = { actor: { type: 'user', id }, subject: id, session_id: sessionId };
      const events = [...asked.events, ...refused.events, ...changed.events, ...removed.events];
      expect(events).toMatchObject([
        { type: 'code.sent', ...common, details: { purpose: 'phone_change', channel: 'sms' } },
        { type: 'code.refused', outcome: 'failure', ...common, details: { purpose: 'phone_change' } },
        { type: 'phone.changed', outcome: 'success', ...common },
        { type: 'phone.removed', outcome: 'success', ...common },
      ]);
    });

    it('an account that its owner locked', async () => {
      const { id, token, sessionId } = await signUp(app);

      const { events } = await record('post', '/me/lockdown', {}, token);

      expect(events).toMatchObject([
        {
          type: 'user.locked_down',
          outcome: 'success',
          actor: { type: 'user', id },
          subject: id,
          session_id: sessionId,
        },
      ]);
      expectOrigin(events);
    });

    it('nothing of what was refused before anything was done', async () => {
      const { token } = await signUp(app);

      const refused = [
        await record('post', '/signup', { email: 'x' }),
        await record('patch', '/me', {}, token),
        await record('post', '/api-keys', { name: 'k', scope: 'users:list' }, token),
        await record('delete', '/sessions/01890000-0000-7000-8000-000000000001', {}, token),
      ];

      expect(refused.map(({ events }) => events)).toEqual([[], [], [], []]);
    });

    it('no password, no token, no key, no hash and no unknown identifier, in all that the suite has done', async () => {
      const person = await signUp(app);
      const { key } = await makeKey(app, person.token);
      await app.get('/me').auth(key, { type: 'bearer' }).expect(200);
      await app
        .post('/login')
        .send({ username: key, password: `${CANARY} x` })
        .expect(401);
      await app
        .post('/login')
        .send({ email: person.token.slice(0, 200), password: `${CANARY} x` })
        .expect(401);
      await userAdminOf(app).disable(person.id, OPERATOR);

      const rows = JSON.stringify(await app.models.ledger.findAll());

      expect(rows.length).toBeGreaterThan(1000);
      for (const secret of [
        CANARY,
        'eyJ',
        '$2b$',
        'lk1:',
        'lk_',
        person.refreshToken,
        '@',
        'nobody_of',
        'wrong field',
      ]) {
        expect({ secret, isThere: rows.includes(secret) }).toEqual({ secret, isThere: false });
      }
    });
  });
});
