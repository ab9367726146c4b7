import { describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import { anAdmin, countAdmins, forgetAdmins, type SignedUp } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { useTwoApps } from '../support/two-apps.ts';

const auth = { type: 'bearer' } as const;
const ROUNDS = times(3, 10);
const LONG_TEST_MILLISECONDS = 120_000;

/** What one administrator does to another, at one of the apps. */
type Attempt = (app: TestApp, actor: SignedUp, victim: SignedUp) => Test;

const disable: Attempt = (app, { token }, { id }) => app.post(`/admin/users/${id}/disable`).auth(token, auth);
const remove: Attempt = (app, { token }, { id }) => app.delete(`/admin/users/${id}`).auth(token, auth);
const demote: Attempt = (app, { token }, { id }) =>
  app
    .put(`/admin/users/${id}/roles`)
    .auth(token, auth)
    .send({ roles: ['user'] });
const leave: Attempt = (app, { token, password }) => app.delete('/me').auth(token, auth).send({ password });
const stepDown: Attempt = (app, actor) => demote(app, actor, actor);

const ATTEMPTS: readonly [what: string, first: Attempt, second: Attempt][] = [
  ['disable each other', disable, disable],
  ['delete each other', remove, remove],
  ['demote each other', demote, demote],
  ['step down', stepDown, stepDown],
  ['delete their own accounts', leave, leave],
  ['disable and delete each other', disable, remove],
  ['demote each other and delete their own account', demote, leave],
];

/** Time and again two administrators, of whom exactly one is left each time. */
async function expectOneLeft(apps: readonly [TestApp, TestApp], first: Attempt, second: Attempt) {
  for (let round = 0; round < ROUNDS; round++) {
    await forgetAdmins(apps[0]);
    const [one, other] = [await anAdmin(apps[0]), await anAdmin(apps[1])];
    expect(await countAdmins(apps[0])).toBe(2);

    const answers = await Promise.all([first(apps[0], one, other), second(apps[1], other, one)]);

    expect(await countAdmins(apps[0])).toBe(1);
    // Who loses is told that they are the last, or is no administrator any more, or is gone.
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 204, 401, 403, 404, 409].includes(status))).toEqual([]);
  }
}

onEachDatabase((kind) => {
  describe('Of two administrators exactly one is left, ten times over, when both at once', () => {
    const app = useApp(kind);

    it.each(ATTEMPTS)(
      '%s',
      (_what, first, second) => expectOneLeft([app, app], first, second),
      LONG_TEST_MILLISECONDS,
    );
  });

  describe('Of two administrators exactly one is left, ten times over, when both at once at two processes', () => {
    const apps = useTwoApps(kind);

    it.each(ATTEMPTS)(
      '%s',
      (_what, first, second) => expectOneLeft([apps.first, apps.second], first, second),
      LONG_TEST_MILLISECONDS,
    );
  });
});
