import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { PUBLIC_URL, TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { makeClient, type TestClient, tokenOf } from '../support/clients.ts';
import { recordRevocation, untilWaiting } from '../support/feed.ts';
import { onPython } from '../support/interop.ts';
import { signUp } from '../support/people.ts';
import { type PythonVerifier, useLatchkeyPy } from '../support/python.ts';
import { makeRole } from '../support/roles.ts';
import { eventually } from '../support/several-processes.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { aSecretKey, sign, useHttpServers } from '../support/verifiers.ts';

const IN_A_DAY = new Date(Date.now() + 86_400_000).toISOString();

onPython((python) => {
  const latchkey = useLatchkeyPy(python);

  /** A verifier that follows the feed of the service; it is ready. */
  async function following(app: TestApp, revocations: object = {}, client?: TestClient) {
    const { id, secret } = client ?? (await makeClient(app, { scope: 'revocations:read' }));
    const verifier = await latchkey.verifier({
      issuer: PUBLIC_URL,
      audience: 'latchkey',
      secrets: [TEST_SECRET],
      revocations: { url: `${app.url}/revocations`, client_id: id, client_secret: secret, ...revocations },
    });
    return verifier;
  }

  const untilRefused = (verifier: PythonVerifier, token: string) =>
    eventually(
      () => verifier.codeOf(token),
      (code) => code !== undefined,
    );

  describe('latchkey.py, which follows the feed of a service,', () => {
    const app = useApp('SQLite');
    let verifier: PythonVerifier;
    beforeAll(async () => {
      verifier = await following(app);
      expect(await verifier.ready()).toEqual({ result: null });
      // The service reads its table for followers alone, as long as no test has it do so.
      await untilWaiting(app, 1);
    });
    afterAll(() => verifier.close());

    it('accepts a token until its session ends, and no longer than the news takes', async () => {
      const { token } = await signUp(app);
      expect(await verifier.codeOf(token)).toBeUndefined();

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      expect(await untilRefused(verifier, token)).toBe('token_revoked');
      expect((await verifier.verify(token)).message).toContain('Its session has ended');
    });

    it('knows at its start of whatever was revoked before', async () => {
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      const another = await following(app);

      await another.ready();

      expect(await another.codeOf(token)).toBe('token_revoked');
      await another.close();
    });

    it.each<[what: string, message: RegExp, revoke: (userId: string, admin: string) => Promise<unknown>]>([
      [
        'is deleted',
        /Its session has ended/,
        (id, admin) => app.delete(`/admin/users/${id}`).auth(admin, { type: 'bearer' }).expect(204),
      ],
      [
        'is disabled',
        /Its session has ended/,
        (id, admin) => app.post(`/admin/users/${id}/disable`).auth(admin, { type: 'bearer' }).expect(200),
      ],
      [
        'gets a role',
        /a refresh will do/,
        async (id, admin) => {
          const roles = ['user', await makeRole(app, [])];
          const put = app.put(`/admin/users/${id}/roles`).auth(admin, { type: 'bearer' });
          await put.send({ roles }).expect(200);
        },
      ],
      [
        'may do more, as everybody with a role',
        /a refresh will do/,
        (_id, admin) =>
          app
            .patch('/admin/roles/user')
            .auth(admin, { type: 'bearer' })
            .send({ permissions: ['users:read'] })
            .expect(200),
      ],
    ])('refuses the tokens of a user who %s, and says what helps', async (_what, message, revoke) => {
      const [{ id, token }, admin] = [await signUp(app), await anAdmin(app)];
      expect(await verifier.codeOf(token)).toBeUndefined();
      app.clock.advanceSeconds(1);

      await revoke(id, admin.token);
      await app.follower.catchUp();

      expect(await untilRefused(verifier, token)).toBe('token_revoked');
      expect((await verifier.verify(token)).message).toMatch(message);
    });

    it('accepts the token that a user gets after all others were revoked', async () => {
      const person = await signUp(app);
      const admin = await anAdmin(app);
      app.clock.advanceSeconds(1);
      const roles = ['user', await makeRole(app, [])];
      await app.put(`/admin/users/${person.id}/roles`).auth(admin.token, { type: 'bearer' }).send({ roles });
      await untilRefused(verifier, person.token);

      const { body } = await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);

      expect(await verifier.codeOf(body.access_token)).toBeUndefined();
    });

    it('refuses a token of a machine client that was revoked by itself', async () => {
      const machine = await makeClient(app, { scope: 'users:read' });
      const token = await tokenOf(app, machine);
      expect(await verifier.codeOf(token)).toBeUndefined();
      const revoke = app.post('/oauth/revoke').type('form').auth(machine.id, machine.secret);
      await revoke.send({ token }).expect(200);

      expect(await untilRefused(verifier, token)).toBe('token_revoked');
    });

    it.each<[what: string, change: (client: TestClient) => TestClient, message: RegExp]>([
      ['with a wrong secret', ({ id }) => ({ id, secret: 'wrong' }), /answered 401, invalid_client/],
      [
        'with a client that is none',
        ({ secret }) => ({ id: 'nobody', secret }),
        /answered 401, invalid_client/,
      ],
    ])('is not ready %s, and says so instead of waiting without end', async (_what, change, message) => {
      const client = change(await makeClient(app, { scope: 'revocations:read' }));
      const another = await following(app, {}, client);

      expect((await another.ready()).raised).toMatch(message);
      await another.close();
    });

    it('is not ready with a client that may not follow', async () => {
      const another = await following(app, {}, await makeClient(app, { scope: 'users:read' }));

      expect((await another.ready()).raised).toMatch(/lacks the permission revocations:read/);
      await another.close();
    });

    it('asks nothing any more once it is closed', async () => {
      const another = await following(app, { max_lag_seconds: 2 });
      await another.ready();
      await untilWaiting(app, 2);

      await another.close();

      await untilWaiting(app, 1);
    });
  });

  describe('latchkey.py, whose service goes away,', () => {
    const app = useApp('SQLite');
    let proxy: TcpProxy;
    beforeAll(async () => {
      proxy = await startTcpProxy('127.0.0.1', app.port);
    });
    afterAll(() => proxy.stop());

    it('refuses or accepts, as it was told, once it is stale, and goes on when the service is back', async () => {
      const url = `http://127.0.0.1:${proxy.port}/revocations`;
      const strict = await following(app, { url, max_lag_seconds: 2 });
      const lenient = await following(app, { url, max_lag_seconds: 2, when_stale: 'accept' });
      await Promise.all([strict.ready(), lenient.ready()]);
      await untilWaiting(app, 2);
      const [alive, gone, later] = [await signUp(app), await signUp(app), await signUp(app)];
      await app.post('/logout').auth(gone.token, { type: 'bearer' }).expect(204);
      await Promise.all([untilRefused(strict, gone.token), untilRefused(lenient, gone.token)]);

      await proxy.refuse();
      await app.post('/logout').auth(later.token, { type: 'bearer' }).expect(204);
      await untilRefused(strict, alive.token);

      expect(await strict.verify(alive.token)).toMatchObject({ code: 'revocations_stale', status: 503 });
      expect(await strict.lagSeconds()).toBeGreaterThan(2);
      expect(await strict.codeOf(gone.token)).toBe('token_revoked');
      expect(await lenient.codeOf(alive.token)).toBeUndefined();
      expect(await lenient.codeOf(gone.token)).toBe('token_revoked');
      expect(await lenient.codeOf(later.token)).toBeUndefined();

      await proxy.restore();

      await eventually(
        () => strict.codeOf(alive.token),
        (code) => code === undefined,
      );
      expect(await strict.codeOf(alive.token)).toBeUndefined();
      expect(await untilRefused(lenient, later.token)).toBe('token_revoked');
      await Promise.all([strict.close(), lenient.close()]);
    });
  });

  describe('latchkey.py, whose cursor has become too old,', () => {
    const app = useApp('SQLite');

    it('begins with a fresh snapshot, and a fresh token', async () => {
      const [gone, alive] = [await signUp(app), await signUp(app)];
      const verifier = await following(app, { max_lag_seconds: 2, when_stale: 'accept' });
      await verifier.ready();
      await untilWaiting(app, 1);

      app.clock.advanceSeconds(3600);
      await recordRevocation(app, undefined, gone.sessionId);

      expect(await untilRefused(verifier, gone.token)).toBe('token_revoked');
      expect(await verifier.codeOf(alive.token)).toBeUndefined();
      expect(app.logs.lines.filter((line) => line.includes('"status":410')).length).toBeGreaterThan(0);
      await verifier.close();
    });
  });

  describe('latchkey.py, in a process that forks,', () => {
    const app = useApp('SQLite');
    // The child takes the place of its parent.
    const forking = useLatchkeyPy(python);

    it('follows in the child too', async () => {
      const { id, secret } = await makeClient(app, { scope: 'revocations:read' });
      const verifier = await forking.verifier({
        issuer: PUBLIC_URL,
        audience: 'latchkey',
        secrets: [TEST_SECRET],
        revocations: { url: `${app.url}/revocations`, client_id: id, client_secret: secret },
      });
      await verifier.ready();
      const { token } = await signUp(app);

      await forking.call('fork');
      expect(await verifier.codeOf(token)).toBeUndefined();
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      await app.follower.catchUp();

      expect(await untilRefused(verifier, token)).toBe('token_revoked');
    });
  });

  describe('latchkey.py, whose feed', () => {
    const serve = useHttpServers();
    const page = { events: [], cursor: 'c', more: false, lag_milliseconds: 0, now: new Date().toISOString() };
    const token = sign(aSecretKey(TEST_SECRET), {
      iss: PUBLIC_URL,
      sub: 'ada',
      sid: 'a-session',
      rv: [500, 500],
    });
    type Answer = (req: IncomingMessage, res: ServerResponse) => void;

    const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
      return (_req, res) => {
        res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
      };
    };

    /** Answers the first requests as the list says, and each one after that like the last. */
    async function follow(answers: Answer[], expires_in = 900) {
      const asked: string[] = [];
      let tokens = 0;
      const url = await serve((req, res) => {
        if (req.url === '/oauth/token') json(200, { access_token: `t${tokens++}`, expires_in })(req, res);
        else {
          const answer = answers[Math.min(asked.length, answers.length - 1)];
          asked.push(new URL(req.url ?? '', 'http://x').searchParams.get('after') ?? '');
          // As a service that waits, so that the verifier does not ask in a loop.
          setTimeout(() => answer?.(req, res), 20);
        }
      });
      const verifier = await latchkey.verifier({
        issuer: PUBLIC_URL,
        audience: 'latchkey',
        secrets: [TEST_SECRET],
        revocations: {
          url: `${url}/revocations`,
          client_id: 'id',
          client_secret: 'secret',
          max_lag_seconds: 2,
        },
      });
      const untilAsked = (count: number) =>
        eventually(
          () => asked.length,
          (times) => times >= count,
        );
      return { verifier, asked, untilAsked, tokens: () => tokens };
    }

    const event = (members: object) => ({ ...page, events: [{ expires_at: IN_A_DAY, ...members }] });
    const now = Math.floor(Date.now() / 1000);
    const at = (seconds: number) => new Date(seconds * 1000).toISOString();

    const roleEvents = (...times: number[]) => ({
      ...page,
      events: times.flatMap((time) => event({ kind: 'role', id: 'user', not_before: at(time) }).events),
    });

    it.each<[what: string, body: unknown]>([
      ['nothing', null],
      ['no cursor', { ...page, cursor: undefined }],
      ['no word of whether that is all', { ...page, more: undefined }],
      ['no list', { ...page, events: {} }],
      ['no event', { ...page, events: [null] }],
      ['an event without an id', event({ kind: 'session' })],
      ['an event without an end', event({ kind: 'session', id: 'x', expires_at: undefined })],
      ['a user without a time', event({ kind: 'user', id: 'x' })],
      ['a time that is none', event({ kind: 'user', id: 'x', not_before: 'soon' })],
      ['an age below zero', { ...page, lag_milliseconds: -1e9 }],
      ['no time', { ...page, now: 'now' }],
    ])('answers with %s, believes none of it and says so', async (_what, body) => {
      const { verifier, untilAsked } = await follow([json(200, body)]);

      await untilAsked(2);

      expect(await verifier.codeOf(token)).toBe('revocations_stale');
      await verifier.close();
      expect(latchkey.log()).toContain(
        'revocations are not followed: the feed answered with an invalid page',
      );
    });

    it.each<[what: string, code: string | undefined, body: unknown]>([
      ['a kind that it does not know', undefined, event({ kind: 'planet', id: 'x' })],
      ['this session', 'token_revoked', event({ kind: 'session', id: 'a-session' })],
      ['another session', undefined, event({ kind: 'session', id: 'another' })],
      ['this user, later', 'token_revoked', event({ kind: 'user', id: 'ada', not_before: at(now + 60) })],
      ['this user, before', undefined, event({ kind: 'user', id: 'ada', not_before: at(now - 60) })],
      ['these rights, later', 'token_revoked', event({ kind: 'rights', id: 'ada', not_before: at(0.501) })],
      ['these rights, at the time', undefined, event({ kind: 'rights', id: 'ada', not_before: at(0.5) })],
      ['this role, later', 'token_revoked', event({ kind: 'role', id: 'user', not_before: at(0.501) })],
      ['this role, at the time', undefined, event({ kind: 'role', id: 'user', not_before: at(0.5) })],
      ['another role', undefined, event({ kind: 'role', id: 'admin', not_before: at(now) })],
      ['this role twice, the later time last', 'token_revoked', roleEvents(0.4, 0.501)],
      ['this role twice, the later time first', 'token_revoked', roleEvents(0.501, 0.4)],
      [
        'this session, but so long ago that it need not be kept',
        undefined,
        event({ kind: 'session', id: 'a-session', expires_at: at(now - 1) }),
      ],
    ])('tells of %s, applies it as the verifier for Node does', async (_what, code, body) => {
      const { verifier } = await follow([json(200, body)]);

      await verifier.ready();

      expect(await verifier.codeOf(token)).toBe(code);
      await verifier.close();
    });

    it('comes in pages, is not known before the last', async () => {
      const first = { ...event({ kind: 'session', id: 'a-session' }), cursor: 'second', more: true };
      const { verifier, asked } = await follow([json(200, first), json(200, { ...page, cursor: 'live' })]);

      expect(await verifier.ready()).toEqual({ result: null });

      expect(asked.slice(0, 2)).toEqual(['', 'second']);
      expect(await verifier.codeOf(token)).toBe('token_revoked');
      await verifier.close();
    });

    it.each([400, 410])(
      'answers %d to its cursor, begins anew without one and forgets nothing',
      async (status) => {
        const first = event({ kind: 'session', id: 'a-session' });
        const { verifier, asked, untilAsked } = await follow([
          json(200, first),
          json(status, {}),
          json(200, page),
        ]);

        await untilAsked(3);

        expect(asked.slice(0, 3)).toEqual(['', 'c', '']);
        expect(await verifier.codeOf(token)).toBe('token_revoked');
        await verifier.close();
      },
    );

    it('refuses its token, gets another one and keeps its cursor', async () => {
      const { verifier, asked, untilAsked, tokens } = await follow([
        json(200, page),
        json(401, {}),
        json(200, page),
      ]);

      await untilAsked(3);
      await verifier.close();

      expect(asked.slice(0, 3)).toEqual(['', 'c', 'c']);
      expect(tokens()).toBe(2);
    });

    it('is read with a token that is about to expire, gets another one before', async () => {
      const { verifier, untilAsked, tokens } = await follow([json(200, page)], 30);

      const count = await untilAsked(3);
      await verifier.close();

      expect(tokens()).toBeGreaterThanOrEqual(count);
    });

    it('is itself stale, is not ready', async () => {
      const { verifier, asked } = await follow([
        json(200, { ...page, lag_milliseconds: 5_000 }),
        json(200, page),
      ]);

      await verifier.ready();

      expect(asked.length).toBeGreaterThan(1);
      expect(await verifier.lagSeconds()).toBeLessThan(2);
      await verifier.close();
    });

    it('says for how long it waited, is as fresh as its answer', async () => {
      const waited: Answer = (req, res) =>
        void setTimeout(() => json(200, page, { 'Server-Timing': 'wait;dur=1500' })(req, res), 1_500);
      const begunAt = performance.now();
      const { verifier, untilAsked } = await follow([json(200, page), waited, () => {}]);
      await verifier.ready();
      await untilAsked(3);

      // The request was sent after `begunAt`, and the time that the feed held it does not count.
      const lag = await verifier.lagSeconds();
      expect(lag).toBeLessThanOrEqual((performance.now() - begunAt - 1_500) / 1000);
      await verifier.close();
    });

    it('refuses for good, asks seldom, since each try is an entry in an audit log', async () => {
      const { verifier, asked } = await follow([json(403, { code: 'insufficient_scope', detail: 'No.' })]);

      expect((await verifier.ready()).raised).toMatch(/answered 403, insufficient_scope: No\./);
      await new Promise((resolve) => setTimeout(resolve, 1_000));

      expect(asked.length).toBeLessThan(4);
      await verifier.close();
    });

    it('wants to be asked later, is asked later', async () => {
      const { verifier, asked, untilAsked } = await follow([json(429, {}, { 'Retry-After': '60' })]);
      await untilAsked(1);

      expect((await verifier.ready(0.5)).raised).toMatch(/^TimeoutError: /);
      expect(asked).toHaveLength(1);
      await verifier.close();
    });
  });
});
