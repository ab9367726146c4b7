import { describe, expect, it } from '@jest/globals';
import type { RevocationsOptions } from '@latchkey/verifier';
import { anAdmin } from '../support/admins.ts';
import { PUBLIC_URL, TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { makeClient, type TestClient, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordRevocation, untilWaiting } from '../support/feed.ts';
import { signUp } from '../support/people.ts';
import { makeRole } from '../support/roles.ts';
import { eventually } from '../support/several-processes.ts';
import { codeOf, useHttpServers, useVerifiers } from '../support/verifiers.ts';

onEachDatabase((kind) => {
  describe('A verifier that follows revocations', () => {
    const app = useApp(kind);
    const verifierWith = useVerifiers();
    const serve = useHttpServers();

    const aClient = (on: TestApp = app) => makeClient(on, { scope: 'revocations:read' });

    function verifierOf({ id, secret }: TestClient, options: Partial<RevocationsOptions> = {}) {
      const errors: string[] = [];
      const verifier = verifierWith({
        issuer: PUBLIC_URL,
        secret: TEST_SECRET,
        clock: app.clock,
        onError: ({ message }) => errors.push(message),
        revocations: { url: `${app.url}/revocations`, clientId: id, clientSecret: secret, ...options },
      });
      return Object.assign(verifier, { errors });
    }

    const untilRefused = (verify: () => unknown) =>
      eventually(
        () => codeOf(verify),
        (code) => code !== undefined,
      );

    it('accepts a token until its session ends, and not a moment longer than the news takes', async () => {
      const verifier = verifierOf(await aClient());
      await verifier.ready();
      const { token } = await signUp(app);
      expect(await codeOf(() => verifier.verify(token))).toBeUndefined();

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      expect(await untilRefused(() => verifier.verify(token))).toBe('token_revoked');
      expect(await codeOf(() => verifier.verifySync(token))).toBe('token_revoked');
    });

    it('knows at its start of whatever was revoked before', async () => {
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      const verifier = verifierOf(await aClient());

      await verifier.ready();

      expect(await codeOf(() => verifier.verify(token))).toBe('token_revoked');
    });

    it.each<[what: string, revoke: (userId: string, admin: string, token: string) => Promise<unknown>]>([
      [
        'is deleted',
        (id, admin) => app.delete(`/admin/users/${id}`).auth(admin, { type: 'bearer' }).expect(204),
      ],
      [
        'is disabled',
        (id, admin) => app.post(`/admin/users/${id}/disable`).auth(admin, { type: 'bearer' }).expect(200),
      ],
      [
        'gets a role',
        async (id, admin) => {
          const roles = ['user', await makeRole(app, [])];
          await app
            .put(`/admin/users/${id}/roles`)
            .auth(admin, { type: 'bearer' })
            .send({ roles })
            .expect(200);
        },
      ],
      [
        'may do more, as everybody with a role',
        (_id, admin) =>
          app
            .patch('/admin/roles/user')
            .auth(admin, { type: 'bearer' })
            .send({ permissions: ['users:read'] })
            .expect(200),
      ],
    ])('refuses the tokens of a user who %s', async (_what, revoke) => {
      const verifier = verifierOf(await aClient());
      await verifier.ready();
      const [{ id, token }, admin] = [await signUp(app), await anAdmin(app)];
      expect(await codeOf(() => verifier.verify(token))).toBeUndefined();
      app.clock.advanceSeconds(1);

      await revoke(id, admin.token, token);
      await app.follower.catchUp();

      expect(await untilRefused(() => verifier.verify(token))).toBe('token_revoked');
    });

    it('tells a user whose rights have changed to refresh, and one who logged out to log in', async () => {
      const verifier = verifierOf(await aClient());
      await verifier.ready();
      const [changed, gone, admin] = [await signUp(app), await signUp(app), await anAdmin(app)];
      const roles = ['user', await makeRole(app, [])];
      app.clock.advanceSeconds(1);

      await app.put(`/admin/users/${changed.id}/roles`).auth(admin.token, { type: 'bearer' }).send({ roles });
      await app.post('/logout').auth(gone.token, { type: 'bearer' }).expect(204);
      await untilRefused(() => verifier.verify(gone.token));
      await untilRefused(() => verifier.verify(changed.token));

      await expect(verifier.verify(changed.token)).rejects.toThrow(/a refresh will do/);
      await expect(verifier.verify(gone.token)).rejects.toThrow(/Its session has ended/);
    });

    it('refuses a token of a machine client that was revoked by itself', async () => {
      const verifier = verifierOf(await aClient());
      await verifier.ready();
      const machine = await makeClient(app, { scope: 'users:read' });
      const token = await tokenOf(app, machine);
      await app
        .post('/oauth/revoke')
        .type('form')
        .auth(machine.id, machine.secret)
        .send({ token })
        .expect(200);

      expect(await untilRefused(() => verifier.verify(token))).toBe('token_revoked');
    });

    describe('at its start', () => {
      it.each<[what: string, client: (client: TestClient) => TestClient, message: RegExp]>([
        [
          'with a wrong secret',
          ({ id }) => ({ id, secret: 'wrong' }),
          /not followed: The token endpoint answered 401, invalid_client/,
        ],
        ['with a client that is none', ({ secret }) => ({ id: 'nobody', secret }), /401, invalid_client/],
      ])('is not ready %s, and says so instead of waiting without end', async (_what, change, message) => {
        const verifier = verifierOf(change(await aClient()));

        await expect(verifier.ready()).rejects.toThrow(message);
        expect(verifier.errors).toEqual([]);
      });

      it('is not ready with a client that may not follow', async () => {
        const verifier = verifierOf(await makeClient(app, { scope: 'users:read' }));

        await expect(verifier.ready()).rejects.toThrow(/lacks the permission revocations:read/);
      });

      it('is not ready while the service is away, but as soon as it is there', async () => {
        let isThere = false;
        const proxy = await serve(async (req, res) => {
          if (!isThere) {
            res.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          for await (const chunk of req) chunks.push(chunk);
          const { method = 'GET', headers, url } = req;
          const { authorization = '', 'content-type': type = 'text/plain' } = headers;
          const answer = await fetch(app.url + url, {
            method,
            headers: { authorization, 'content-type': type },
            ...(method === 'POST' && { body: Buffer.concat(chunks) }),
          });
          res.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text());
        });
        const client = await aClient();
        const verifier = verifierOf(client, { url: `${proxy}/revocations` });
        const ready = verifier.ready();
        await eventually(
          () => verifier.errors.length,
          (count) => count > 0,
        );
        const { token } = await signUp(app);
        expect(await codeOf(() => verifier.verify(token))).toBe('revocations_stale');
        isThere = true;

        await ready;

        expect(await codeOf(() => verifier.verify(token))).toBeUndefined();
      });
    });

    describe('once nothing was heard for longer than maxLagSeconds', () => {
      async function silenced(whenStale: 'refuse' | 'accept') {
        const verifier = verifierOf(await aClient(), { whenStale, maxLagSeconds: 10 });
        await verifier.ready();
        const [alive, gone] = [await signUp(app), await signUp(app)];
        await app.post('/logout').auth(gone.token, { type: 'bearer' }).expect(204);
        await untilRefused(() => verifier.verify(gone.token));
        // A machine that was suspended: its clock has gone on and nothing has come.
        await untilWaiting(app, 1);
        app.clock.advanceSeconds(10.001);
        return { verifier, alive, gone };
      }

      it('refuses every token with 503, since it may have been revoked', async () => {
        const { verifier, alive } = await silenced('refuse');

        expect(await codeOf(() => verifier.verify(alive.token))).toBe('revocations_stale');
        expect(verifier.revocations?.isStale).toBe(true);
        expect(verifier.revocations?.lagMilliseconds).toBeGreaterThan(10_000);
      });

      it('goes on with what it knows where it is told to accept', async () => {
        const { verifier, alive, gone } = await silenced('accept');

        expect(await codeOf(() => verifier.verify(alive.token))).toBeUndefined();
        expect(await codeOf(() => verifier.verify(gone.token))).toBe('token_revoked');
        expect(verifier.revocations?.isStale).toBe(true);
      });
    });

    it('begins with a fresh snapshot where its cursor is too old', async () => {
      const { id, secret } = await aClient();
      const [gone, alive] = [await signUp(app), await signUp(app)];
      const now = app.clock.now();
      const verifier = verifierWith({
        issuer: PUBLIC_URL,
        secret: TEST_SECRET,
        // It is the service that sees how old the cursor is.
        clock: { now: () => now, monotonic: () => now },
        onError: () => {},
        revocations: {
          url: `${app.url}/revocations`,
          clientId: id,
          clientSecret: secret,
          maxLagSeconds: 2,
          whenStale: 'accept',
        },
      });
      await verifier.ready();
      await untilWaiting(app, 1);
      app.clock.advanceSeconds(3600);
      await recordRevocation(app, undefined, gone.sessionId);

      // Its token has expired by now, so it asks for another one as well.
      expect(await untilRefused(() => verifier.verify(gone.token))).toBe('token_revoked');
      expect(await codeOf(() => verifier.verify(alive.token))).toBeUndefined();
      expect(app.logs.lines.filter((line) => line.includes('"status":410')).length).toBeGreaterThan(0);
    });

    it('can be closed while it waits, and asks nothing any more', async () => {
      const verifier = verifierOf(await aClient());
      await verifier.ready();
      await untilWaiting(app, 1);

      await verifier.close();

      await untilWaiting(app, 0);
      expect(verifier.errors).toEqual([]);
    });
  });
});
