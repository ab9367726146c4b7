import { describe, expect, it } from '@jest/globals';
import type { WhereOptions } from 'sequelize';
import { callerOf } from '../../../src/core/principal.ts';
import { principalOf } from '../../../src/core/tokens/authenticate.ts';
import type { USERS } from '../../../src/core/users/users.store.ts';
import type { RowOf } from '../../../src/db/table.ts';
import { createImport } from '../../../src/features/users/import.ts';
import { anAdmin, OPERATOR, userAdminOf, userWho } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { times } from '../../support/extent.ts';
import { aPerson, aUsername } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

const auth = { type: 'bearer' } as const;
const ROUNDS = times(8, 20);
const ITEMS = 20;

interface Result {
  readonly id?: string;
  readonly code?: string;
}

async function importUsers(app: TestApp, token: string, users: readonly object[]): Promise<Result[]> {
  const { body } = await app.post('/admin/users/import').auth(token, auth).send({ users }).expect(200);
  return body.results;
}

onEachDatabase((kind) => {
  describe('An import', () => {
    const app = useApp(kind);

    it('while one of its people signs up makes one account of them, and imports all others', async () => {
      const { token } = await anAdmin(app);
      for (let round = 0; round < ROUNDS; round++) {
        const person = aPerson({ username: aUsername() });
        const others = Array.from({ length: ITEMS }, () => ({ email: aPerson().email }));
        const byEmail = { email: person.email.toUpperCase() };
        const byUsername = { email: aPerson().email, username: person.username };
        const it = round % 2 === 0 ? byEmail : byUsername;

        const [results, signup] = await Promise.all([
          importUsers(app, token, [...others.slice(0, 10), it, ...others.slice(10)]),
          app.post('/signup').send(person),
        ]);

        const [contested] = results.splice(10, 1);
        expect(results.every(({ id }) => id !== undefined)).toBe(true);
        const code = round % 2 === 0 ? 'email_taken' : 'username_taken';
        if (signup.status === 201) expect(contested).toMatchObject({ code });
        else {
          expect(signup.body).toMatchObject({ status: 409, code });
          expect(contested?.id).toBeDefined();
        }
        const where: WhereOptions<RowOf<typeof USERS>> =
          round % 2 === 0 ? { emailCanonical: person.email } : { usernameCanonical: person.username };
        expect(await app.models.users.count({ where })).toBe(1);
      }
    });

    it('of the same people by two at once, in opposite orders, imports each once', async () => {
      const { token } = await anAdmin(app);
      for (let round = 0; round < ROUNDS / 4; round++) {
        const users = Array.from({ length: ITEMS }, () => ({
          email: aPerson().email,
          username: aUsername(),
        }));

        const [first, second] = await Promise.all([
          importUsers(app, token, users),
          importUsers(app, token, [...users].reverse()),
        ]);

        second.reverse();
        for (const [index, { email }] of users.entries()) {
          expect([first[index]?.code, second[index]?.code].sort()).toEqual(['email_taken', undefined]);
          expect(await app.models.users.count({ where: { email } })).toBe(1);
        }
      }
    });
  });

  describe('An import by an administrator who is disabled meanwhile', () => {
    const app = useApp(kind);

    it('is refused as a whole with token_revoked, and imports no user', async () => {
      const helper = await userWho(app, ['users:import']);
      const { unknown } = app.store.userRoles;
      const disableThem = async (names: readonly string[]) => {
        await userAdminOf(app).disable(helper.id, OPERATOR);
        return unknown(names);
      };
      const store = { ...app.store, userRoles: { ...app.store.userRoles, unknown: disableThem } };
      const caller = callerOf(principalOf(claimsIn(helper.token)), OPERATOR.origin);
      const emails = [aPerson().email, aPerson().email];

      const imported = createImport({
        store,
        clock: app.clock,
        seal: app.factorSeal,
        maxHashCost: 5,
        onHash: () => {},
      })(
        emails.map((email) => ({ email })),
        caller,
      );

      await expect(imported).rejects.toMatchObject({ code: 'token_revoked' });
      expect(await app.models.users.count({ where: { email: emails } })).toBe(0);
    });
  });

  describe('An import at another process', () => {
    const apps = useTwoApps(kind);

    it('of the same people at the same moment imports each once', async () => {
      const { token } = await anAdmin(apps.first);
      for (let round = 0; round < ROUNDS / 4; round++) {
        const users = Array.from({ length: ITEMS }, () => ({ email: aPerson().email }));

        const [first, second] = await Promise.all([
          importUsers(apps.first, token, users),
          importUsers(apps.second, token, users),
        ]);

        for (const [index, { email }] of users.entries()) {
          expect([first[index]?.code, second[index]?.code].sort()).toEqual(['email_taken', undefined]);
          expect(await apps.first.models.users.count({ where: { email } })).toBe(1);
        }
      }
    });
  });
});
