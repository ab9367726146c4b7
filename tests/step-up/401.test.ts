import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../src/app.ts';
import { as, type Caller, ENDPOINTS } from '../authorization/endpoints.ts';
import { anAdmin } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import { useGoogleApp } from '../support/google-app.ts';
import { addSecondFactor, authenticatedBy, stepUpChallenge } from '../support/step-up.ts';

const DANGEROUS = ENDPOINTS.filter(({ access }) => access.stepUp !== undefined);
const RECENT = 'max_age="900"';
const BY_TWO_FACTORS = 'max_age="900", acr_values="2"';

/** An administrator who was authenticated in this way. */
async function adminBy(app: TestApp, amr: string, secondsAgo: number, hasFactor: boolean) {
  const admin = await authenticatedBy(app, await anAdmin(app), amr, secondsAgo);
  if (hasFactor) await addSecondFactor(app, admin.id);
  return admin;
}

describe('What is dangerous', () => {
  const app = useGoogleApp('SQLite', { STORE_PROVIDER_TOKENS: 'true' });
  const callers = new Map<string, ReturnType<typeof adminBy>>();

  /** All that is refused is by one caller of each kind. */
  const callerWho = (amr: string, secondsAgo: number, hasFactor: boolean) => {
    const key = `${amr} ${secondsAgo} ${hasFactor}`;
    const known = callers.get(key) ?? adminBy(app, amr, secondsAgo, hasFactor);
    callers.set(key, known);
    return known;
  };

  async function attempt(caller: Caller & { readonly id: string }, endpoint: (typeof DANGEROUS)[number]) {
    const { path, body } = await endpoint.ask(app, caller);
    const doneBy = () => app.models.ledger.count({ where: { actorId: caller.id } });
    const before = await doneBy();
    const request = as(app[endpoint.method as 'post'](path), caller);
    const response = await (body === undefined ? request : request.send(body));
    return { response, changes: (await doneBy()) - before };
  }

  const CASES = DANGEROUS.flatMap((endpoint) => [
    { ...endpoint, what: 'a factor too long ago', amr: 'pwd', age: 901, hasFactor: false, needed: RECENT },
    { ...endpoint, what: 'one of two factors', amr: 'pwd', age: 0, hasFactor: true, needed: BY_TWO_FACTORS },
    {
      ...endpoint,
      what: 'two factors too long ago',
      amr: 'pwd otp mfa',
      age: 901,
      hasFactor: true,
      needed: BY_TWO_FACTORS,
    },
    // The password in the body is a recent factor.
  ]).filter(({ access, hasFactor }) => hasFactor || !access.stepUp?.hasPassword);

  it.each(CASES)(
    'is refused to a user who has shown $what: $operation',
    async ({ amr, age, hasFactor, needed, ...endpoint }) => {
      const caller = await callerWho(amr, age, hasFactor);

      const { response, changes } = await attempt(caller, endpoint);

      expect([response.status, response.body.code]).toEqual([401, 'insufficient_user_authentication']);
      expect(response.headers['www-authenticate']).toMatch(stepUpChallenge(needed));
      // A page may read it where a header is out of its reach.
      const { max_age, acr_values } = response.body;
      expect({ max_age, acr_values }).toEqual({ max_age: 900, acr_values: hasFactor ? '2' : undefined });
      expect(response.body.detail).toContain('POST /me/reauthenticate');
      expect(changes).toBe(0);
    },
  );

  it.each(
    DANGEROUS.filter(({ id }) => ['createApiKey', 'changePassword', 'setRoles', 'deleteMe'].includes(id)),
  )('is done for a user who has shown two factors: $operation', async (endpoint) => {
    const admin = await adminBy(app, 'pwd otp mfa', 899, true);
    await anAdmin(app);

    const { response } = await attempt(admin, endpoint);

    expect(response.status).toBeLessThan(300);
  });

  it.each(DANGEROUS.filter(({ access }) => access.stepUp?.hasPassword))(
    'is done with the password in the body, however long ago the sign-in was: $operation',
    async (endpoint) => {
      const admin = await adminBy(app, 'pwd', 5000, false);
      await anAdmin(app);

      const { response } = await attempt(admin, endpoint);

      expect(response.status).toBe(204);
    },
  );
});

describe('The routes that take a recent authentication', () => {
  it('are all by which administrators change something', () => {
    const forgotten = allRoutes().filter(
      ({ path, method, access }) =>
        path.startsWith('/admin/') && method !== 'GET' && access.stepUp === undefined,
    );

    expect(forgotten).toEqual([]);
  });

  it('are those by which users change their ways in, and not the ones that make an account safer', () => {
    const own = DANGEROUS.filter(({ operation }) => !operation.includes('/admin/'));

    expect(own.map(({ operation }) => operation).sort()).toEqual([
      'DELETE /api-keys/{id}',
      'DELETE /me',
      'DELETE /me/factors/totp/{id}',
      'DELETE /me/identities/{id}',
      'DELETE /me/passkeys/{id}',
      'DELETE /me/phone',
      'POST /api-keys',
      'POST /me/delete',
      'POST /me/email',
      'POST /me/factors/totp',
      'POST /me/factors/totp/{id}/confirm',
      'POST /me/identities/{id}',
      'POST /me/password',
      'POST /me/phone',
      'POST /me/recovery-codes',
      'POST /passkeys/registration',
      'POST /passkeys/registration/options',
    ]);
  });
});
