import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { createSessions } from '../../src/core/sessions/sessions.ts';
import { anAdmin, OPERATOR, userAdminOf } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { makeRole } from '../support/roles.ts';

const GRACE_SECONDS = 10;

function refresh(app: TestApp, refreshToken: string) {
  return app.post('/refresh').send({ refresh_token: refreshToken });
}

function verify(app: TestApp, token: string) {
  return app.get('/verify').auth(token, { type: 'bearer' });
}

/** Changes the roles of a user, which ends their access tokens. The permission that they have from then on. */
async function changeRoles(app: TestApp, userId: string, permission: string): Promise<string> {
  await userAdminOf(app).setRoles(userId, ['user', await makeRole(app, [permission])], OPERATOR);
  return permission;
}

/** A refresh that has read its session, and goes on when it is told to. */
function slowRefresh(app: TestApp, refreshToken: string) {
  const { store, accessTokens, confirmations, cookieSessions, clock, config, follower, keys, mfaPolicy } =
    app;
  const events = new EventEmitter();
  const [hasRead, mayGoOn] = [once(events, 'read'), once(events, 'go on')];
  let reads = 0;
  const find: typeof store.sessions.find = async (id) => {
    const found = await store.sessions.find(id);
    if (reads++ > 0) return found;
    events.emit('read');
    await mayGoOn;
    return found;
  };
  const refreshTokens = createRefreshTokens(keys.appSecrets);
  const sessions = createSessions({
    store: { ...store, sessions: { ...store.sessions, find } },
    accessTokens,
    refreshTokens,
    announce: follower.announce,
    confirmations,
    cookieSessions,
    clock,
    mfaPolicy,
    lifetimes: { ...config.sessions, accessTokenTtlSeconds: config.tokens.accessTokenTtlSeconds },
  });
  const answer = sessions.refresh(refreshTokens.read(refreshToken), OPERATOR.origin);
  return {
    hasRead,
    finish: () => {
      events.emit('go on');
      return answer;
    },
  };
}

onEachDatabase((kind) => {
  describe('Of two refreshes at once with one token, between which roles change twice,', () => {
    const app = useApp(kind);

    it('the one that arrives late gets the latest tokens with the newest rights', async () => {
      const person = await signUp(app);
      await changeRoles(app, person.id, 'users:read');
      const fast = await refresh(app, person.refreshToken).expect(200);
      await verify(app, fast.body.access_token).expect(200);
      app.clock.advanceSeconds(5);
      const newest = await changeRoles(app, person.id, 'users:list');
      await verify(app, fast.body.access_token).expect(401);
      const again = await refresh(app, fast.body.refresh_token).expect(200);
      await verify(app, again.body.access_token).expect(200);
      app.clock.advanceSeconds(5);

      const slow = await refresh(app, person.refreshToken).expect(200);

      expect(slow.body.refresh_token).toBe(again.body.refresh_token);
      expect(claimsIn(slow.body.access_token)).toMatchObject({
        scope: newest,
        sid: person.sessionId,
        rot: 2,
      });
      await verify(app, slow.body.access_token).expect(200);
      await verify(app, again.body.access_token).expect(200);
      await refresh(app, slow.body.refresh_token).expect(200);
    });

    it('the one that had read its session before gets them as well', async () => {
      const person = await signUp(app);
      await changeRoles(app, person.id, 'users:read');
      const slow = slowRefresh(app, person.refreshToken);
      await slow.hasRead;
      const fast = await refresh(app, person.refreshToken).expect(200);
      const newest = await changeRoles(app, person.id, 'users:list');
      const again = await refresh(app, fast.body.refresh_token).expect(200);

      const grant = await slow.finish();

      expect(grant.refreshToken).toBe(again.body.refresh_token);
      expect(grant.permissions).toEqual([newest]);
      await verify(app, grant.accessToken).expect(200);
      await refresh(app, grant.refreshToken).expect(200);
    });
  });

  describe('A refresh token that was used up several refreshes ago', () => {
    const app = useApp(kind);

    /** Refreshes again and again, so many seconds after one another. Every token there was, the first one first. */
    async function refreshTimes(times: number, secondsBetween: number) {
      const person = await signUp(app);
      const tokens = [person.refreshToken];
      for (let count = 0; count < times; count++) {
        if (count > 0) app.clock.advanceSeconds(secondsBetween);
        const { body } = await refresh(app, tokens.at(-1) ?? '').expect(200);
        tokens.push(body.refresh_token);
      }
      return { ...person, tokens };
    }

    it.each([2, 3, 5, 17])(
      'gets the latest one where %i refreshes have been within the grace',
      async (times) => {
        const { tokens, sessionId } = await refreshTimes(times, 0.5);
        const latest = tokens.at(-1);

        for (const token of tokens) {
          if (token === latest) continue;
          const { body } = await refresh(app, token).expect(200);
          expect(body.refresh_token).toBe(latest);
        }

        const repeated = await app.store.audit.list({ type: 'refresh.repeated' }, 200, undefined);
        expect(repeated.filter((event) => event.sessionId === sessionId)).toHaveLength(times);
      },
    );

    it('has the grace counted from when it was used up itself, to the millisecond', async () => {
      // Used up 0, 4 and 8 seconds after the first.
      const { tokens } = await refreshTimes(3, 4);
      app.clock.advanceSeconds(GRACE_SECONDS - 8);
      await refresh(app, tokens[0] ?? '').expect(200);
      app.clock.advanceSeconds(4);
      await refresh(app, tokens[1] ?? '').expect(200);
      app.clock.advanceSeconds(0.001);

      const { body } = await refresh(app, tokens[1] ?? '').expect(401);

      expect(body.code).toBe('refresh_token_reused');
      await refresh(app, tokens.at(-1) ?? '').expect(401);
    });

    it('ends the session after its grace, although the next ones are within theirs', async () => {
      const { tokens } = await refreshTimes(3, 4);
      app.clock.advanceSeconds(GRACE_SECONDS - 8 + 0.001);

      const { body } = await refresh(app, tokens[0] ?? '').expect(401);

      expect(body.code).toBe('refresh_token_reused');
    });

    it('ends the session where more refreshes followed in the grace than any client makes', async () => {
      const { tokens } = await refreshTimes(18, 0.1);

      await refresh(app, tokens[1] ?? '').expect(200);
      const { body } = await refresh(app, tokens[0] ?? '').expect(401);

      expect(body.code).toBe('refresh_token_reused');
    });

    it('is active for a service that asks as long as a refresh would take it', async () => {
      const admin = await anAdmin(app);
      const { tokens } = await refreshTimes(2, 0);
      const ask = async () => {
        const form = { token: tokens[0] ?? '' };
        const asked = app.post('/oauth/introspect').auth(admin.token, { type: 'bearer' }).type('form');
        return (await asked.send(form).expect(200)).body.active;
      };

      expect(await ask()).toBe(true);
      app.clock.advanceSeconds(GRACE_SECONDS + 0.001);

      expect(await ask()).toBe(false);
    });
  });

  describe('A refresh token that was used up two refreshes ago, with REFRESH_REUSE_GRACE_SECONDS=0', () => {
    const app = useApp(kind, { REFRESH_REUSE_GRACE_SECONDS: '0' });

    it('ends the session', async () => {
      const { refreshToken } = await signUp(app);
      const first = await refresh(app, refreshToken).expect(200);
      app.clock.advanceSeconds(0.001);
      await refresh(app, first.body.refresh_token).expect(200);

      const { body } = await refresh(app, refreshToken).expect(401);

      expect(body.code).toBe('refresh_token_reused');
    });
  });
});
