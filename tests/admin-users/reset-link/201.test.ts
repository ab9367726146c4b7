import { describe, expect, it } from '@jest/globals';
import { anAdmin, ledgerOf, userWho } from '../../support/admins.ts';
import { PUBLIC_URL, useApp } from '../../support/app.ts';
import { messageTo } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { openResets } from '../../support/reset-tokens.ts';

const as = { type: 'bearer' } as const;
const PERMISSION = 'users:reset-password';

onEachDatabase((kind) => {
  describe('POST /admin/users/{id}/reset-link', () => {
    const app = useApp(kind);
    const makeLink = (id: string, token: string) => app.post(`/admin/users/${id}/reset-link`).auth(token, as);

    it('answers 201 with a token for an hour, and a link to the page of the service while PASSWORD_RESET_URL is not set', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];

      const response = await makeLink(person.id, admin.token).expect(201);

      const { token } = response.body;
      const expiresAt = new Date(app.clock.now() + 3_600_000).toISOString();
      expect(response.body).toEqual({
        link: `${PUBLIC_URL}/password/reset/${token}`,
        token,
        expires_at: expiresAt,
      });
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(response.headers['cache-control']).toBe('no-store');
      const password = aPerson().password;
      await app.post('/password/reset').send({ token, new_password: password }).expect(204);
      await app.post('/login').send({ email: person.email, password }).expect(200);
    });

    it('is not ended by a message that anybody can have sent, and ends with the password that comes first', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];
      const { body } = await makeLink(person.id, admin.token).expect(201);
      await app.post('/password/forgot').send({ email: person.email }).expect(202);
      const { token: mailed } = await messageTo(app, person.email);

      const reset = (token: string | null) =>
        app.post('/password/reset').send({ token, new_password: aPerson().password });
      await reset(body.token).expect(204);
      await reset(mailed).expect(400);
    });

    it('changes nothing for the user but that there is a link: password and sessions live on', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];

      await makeLink(person.id, admin.token).expect(201);

      await app.get('/verify').auth(person.token, as).expect(200);
      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    });

    it('is in the audit log with who made it for whom, and without the token', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];

      const { body, headers } = await makeLink(person.id, admin.token).expect(201);

      const filter = { subjectId: person.id, type: 'reset_link.created' } as const;
      const [event] = await ledgerOf(app).list(filter, 1, undefined);
      expect(event).toMatchObject({
        actor: { type: 'user', id: admin.id },
        requestId: headers['x-request-id'],
        details: { expires_at: body.expires_at },
      });
      expect(JSON.stringify(event)).not.toContain(body.token);
    });

    it('is made for equals and for oneself, and by nobody for a user who may do more', async () => {
      const [helper, equal] = [await userWho(app, [PERMISSION]), await userWho(app, [PERMISSION])];
      const admin = await anAdmin(app);

      await makeLink(equal.id, helper.token).expect(201);
      await makeLink(helper.id, helper.token).expect(201);
      const { body } = await makeLink(admin.id, helper.token).expect(403);

      expect(body.code).toBe('insufficient_scope');
      expect(await openResets(app, admin.id)).toBe(0);
    });

    it('goes with the user, and with nothing else of theirs', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];
      await makeLink(person.id, admin.token).expect(201);

      await app.delete(`/admin/users/${person.id}`).auth(admin.token, as).expect(204);

      expect(await openResets(app, person.id)).toBe(0);
    });

    it('is 409 for a user who is disabled, and says so', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];
      await app.post(`/admin/users/${person.id}/disable`).auth(admin.token, as).expect(200);

      const { body } = await makeLink(person.id, admin.token).expect(409);

      expect(body.code).toBe('user_disabled');
      expect(await openResets(app, person.id)).toBe(0);
    });

    it('is left for nobody by a link and a disabling at once', async () => {
      const admin = await anAdmin(app);
      for (let round = 0; round < 5; round++) {
        const person = await signUp(app);

        const [link, disabled] = await Promise.all([
          makeLink(person.id, admin.token),
          app.post(`/admin/users/${person.id}/disable`).auth(admin.token, as),
        ]);

        expect([201, 409]).toContain(link.status);
        expect(disabled.status).toBe(200);
        if (link.status === 409) continue;
        const body = { token: link.body.token, new_password: aPerson().password };
        await app.post('/password/reset').send(body).expect(400);
      }
    });
  });

  describe.each([
    ['https://app.example.com/reset-password#token={token}'],
    ['https://app.example.com/?token={token}#/reset'],
  ])('POST /admin/users/{id}/reset-link with PASSWORD_RESET_URL=%s', (template) => {
    const app = useApp(kind, { PASSWORD_RESET_URL: template });

    it('answers 201 with the link of that page', async () => {
      const [admin, person] = [await anAdmin(app), await signUp(app)];

      const path = `/admin/users/${person.id}/reset-link`;
      const { body } = await app.post(path).auth(admin.token, as).expect(201);

      expect(body.link).toBe(template.replace('{token}', body.token));
    });
  });
});
