import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { storesOf } from '../../src/core/stores.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { createStore } from '../../src/db/store.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { eventually } from '../support/several-processes.ts';
import { useTwoProcesses } from '../support/two-processes.ts';

const REFRESH_ROUNDS = times(3, 20);
const PARALLEL_REFRESHES = 50;
const AT_ONCE = 10;
const LOGOUTS = times(10, 100);
const DELETED_KEYS = times(10, 20);
const CHANGED_ROLES = times(4, 20);
/** A thousand requests take their time on a busy machine. */
const LONG_TEST_MILLISECONDS = 180_000;
const REVOCATION_BOUND_MILLISECONDS = 1_000;

onEachDatabase((kind) => {
  describe('Two processes that share a database', () => {
    const servers = useTwoProcesses(kind, { REFRESH_REUSE_GRACE_SECONDS: '0' });
    let admin: string;
    beforeAll(async () => {
      admin = (await signUpWith('admin')).token;
    });

    it(
      'give 50 parallel refreshes with one token one and the same successor, time after time',
      async () => {
        let { refreshToken } = await servers.signUp();

        for (let round = 1; round <= REFRESH_ROUNDS; round++) {
          const body = { refresh_token: refreshToken };
          const answers = await Promise.all(
            Array.from({ length: PARALLEL_REFRESHES }, (_, index) =>
              servers.send(index, 'POST', '/refresh', { body }),
            ),
          );

          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
          const successors = new Set(answers.map(({ body: { refresh_token } }) => String(refresh_token)));
          expect(successors.size).toBe(1);
          [refreshToken = ''] = successors;
          // The counter stands in the token: every round moved it by one, so there was never a second branch.
          expect(refreshToken.split('.')[1]).toBe(String(round));
        }
      },
      LONG_TEST_MILLISECONDS,
    );

    it.each([
      ['a session', 'a logout', LOGOUTS, lagOfLogout],
      ['a key', 'its deletion', DELETED_KEYS, lagOfDeletedKey],
      ['the tokens of a role', 'its change', CHANGED_ROLES, lagOfChangedRole],
    ])(
      'refuse %s in the one within a second after %s at the other (prints the measured lag of %d)',
      async (subject, _change, count, measureLag) => {
        const lags: number[] = [];
        while (lags.length < count) {
          const together = Math.min(AT_ONCE, count - lags.length);
          lags.push(...(await Promise.all(Array.from({ length: together }, measureLag))));
        }

        lags.sort((a, b) => a - b);
        const [median = Number.NaN, p99 = Number.NaN] = [
          lags[Math.floor(count / 2)],
          lags[Math.ceil(count * 0.99) - 1],
        ];
        console.log(
          `revocation lag of ${subject} on ${kind}: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms of ${count}`,
        );
        expect(median).toBeLessThan(REVOCATION_BOUND_MILLISECONDS);
      },
      LONG_TEST_MILLISECONDS,
    );

    it('refuse in both the access tokens of a session whose refresh token was used twice', async () => {
      const { accessToken, refreshToken } = await servers.signUp();
      const first = await servers.send(0, 'POST', '/refresh', { body: { refresh_token: refreshToken } });
      await servers.send(1, 'POST', '/refresh', { body: { refresh_token: first.body.refresh_token } });

      const reused = await servers.send(0, 'POST', '/refresh', { body: { refresh_token: refreshToken } });

      expect(reused).toMatchObject({ status: 401, body: { code: 'refresh_token_reused' } });
      expect(await servers.send(0, 'GET', '/verify', { token: accessToken })).toMatchObject({ status: 401 });
      await untilRefused(accessToken);
    });

    it('show the last use of a key in the one once the other has stopped, and not before', async () => {
      const { accessToken: token } = await servers.signUp();
      const lastUseOf = async (id: string) =>
        (await servers.send(1, 'GET', `/api-keys/${id}`, { token })).body.last_used_at;
      const useKey = async () => {
        const { id, key } = await makeKey(token);
        expect(await servers.send(0, 'GET', '/verify', { token: key })).toMatchObject({ status: 200 });
        return { id, last_used_at: await lastUseOf(id) };
      };
      // Uses are also written down once a minute, which may be just then.
      const used = await eventually(useKey, ({ last_used_at }) => last_used_at === null);
      expect(used.last_used_at).toBeNull();

      expect(await servers.stop(0)).toBe(0);

      const last_used_at = await lastUseOf(used.id);
      expect(Date.now() - Date.parse(String(last_used_at))).toBeLessThan(60_000);
    });

    /** Milliseconds from the 204 of a logout at one process to the first refusal at the other. */
    async function lagOfLogout(): Promise<number> {
      const { accessToken } = await servers.signUp();
      expect(await servers.send(1, 'GET', '/verify', { token: accessToken })).toMatchObject({ status: 200 });
      expect(await servers.send(0, 'POST', '/logout', { token: accessToken })).toMatchObject({ status: 204 });
      const loggedOutAt = performance.now();
      await untilRefused(accessToken);
      return performance.now() - loggedOutAt;
    }

    /** Milliseconds from the 204 of a deletion at one process to the first refusal at the other. */
    async function lagOfDeletedKey(): Promise<number> {
      const { id, key } = await makeKey(admin);
      for (const index of [0, 1]) {
        expect(await servers.send(index, 'GET', '/verify', { token: key })).toMatchObject({ status: 200 });
      }
      expect(await servers.send(0, 'DELETE', `/api-keys/${id}`, { token: admin })).toMatchObject({
        status: 204,
      });
      const deletedAt = performance.now();
      expect(await servers.send(0, 'GET', '/verify', { token: key })).toMatchObject({ status: 401 });
      await untilRefused(key);
      return performance.now() - deletedAt;
    }

    /** Milliseconds from the change of a role at one process to the first refusal at the other. */
    async function lagOfChangedRole(): Promise<number> {
      const name = `clerk-${randomBytes(5).toString('hex')}`;
      const made = await servers.send(0, 'POST', '/admin/roles', {
        token: admin,
        body: { name, permissions: ['users:read', 'users:list'] },
      });
      expect(made).toMatchObject({ status: 201 });
      const { token, refreshToken } = await signUpWith(name);
      expect(await servers.send(1, 'GET', '/verify', { token })).toMatchObject({ status: 200 });

      const body = { permissions: ['users:list'] };
      const changed = await servers.send(0, 'PATCH', `/admin/roles/${name}`, { token: admin, body });
      const changedAt = performance.now();
      expect(changed).toMatchObject({ status: 200 });
      expect(await servers.send(0, 'GET', '/verify', { token })).toMatchObject({ status: 401 });
      await untilRefused(token);
      const lag = performance.now() - changedAt;

      const refreshed = await servers.send(1, 'POST', '/refresh', { body: { refresh_token: refreshToken } });
      const renewed = String(refreshed.body.access_token);
      expect(claimsIn(renewed).scope).toBe('users:list');
      for (const index of [0, 1]) {
        expect(await servers.send(index, 'GET', '/verify', { token: renewed })).toMatchObject({
          status: 200,
        });
      }
      return lag;
    }

    /** Asks the second process until it says no; the test's own time limit ends it if it never does. */
    async function untilRefused(token: string): Promise<void> {
      for (;;) {
        const { status, body } = await servers.send(1, 'GET', '/verify', { token });
        if (status === 200) continue;
        expect(body.code).toBe('token_revoked');
        return;
      }
    }

    async function makeKey(token: string): Promise<{ readonly id: string; readonly key: string }> {
      const { body } = await servers.send(0, 'POST', '/api-keys', { token, body: { name: 'k' } });
      return { id: String(body.id), key: String(body.key) };
    }

    async function signUpWith(role: string) {
      const { email, password, accessToken } = await servers.signUp();
      const { body: me } = await servers.send(0, 'GET', '/me', { token: accessToken });
      const database = await connectDatabase(loadConfig({ DATABASE_URL: servers.database().url }).database);
      await createStore(database, storesOf).userRoles.add((me.user as { id: string }).id, [role]);
      await database.close();
      const { body } = await servers.send(0, 'POST', '/login', { body: { email, password } });
      return { token: String(body.access_token), refreshToken: String(body.refresh_token) };
    }
  });
});
