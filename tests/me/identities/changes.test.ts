import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { makeKey } from '../../support/api-keys.ts';
import { makeClient, tokenOf } from '../../support/clients.ts';
import { latestMessages, messagesDuring, pagesOf, refusalOf } from '../../support/codes.ts';
import { PAGE, signUpByCookie } from '../../support/cookies.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';
import {
  auditOf,
  aVisitor,
  browserOf,
  idTokenOf,
  insertIdentity,
  keyOf,
  LINKED,
  link,
  unlink,
  useSocial,
} from '../../support/social-accounts.ts';
import { APP_PAGE, locationOf, openBrowser, parametersOf } from '../../support/social-browser.ts';
import type { GoogleUser } from '../../support/social-peers/google.ts';

const as = { type: 'bearer' } as const;
const MAX_IDENTITIES = 20;

onEachDatabase((kind) => {
  const social = useSocial(kind);

  /** Asks for the page of a provider, and is led to it. */
  async function beginLink(token: string, visitor: GoogleUser, more: object = {}) {
    const browser = browserOf(social, visitor);
    const asked = await browser.send(
      social.app
        .post('/me/identities/google')
        .auth(token, as)
        .send({ return_to: APP_PAGE, ...more }),
    );
    expect(asked.status).toBe(200);
    return { browser, callback: await browser.visit(asked.body.authorization_url) };
  }

  async function linkByBrowser(token: string, visitor: GoogleUser): Promise<URL> {
    const { browser, callback } = await beginLink(token, visitor);
    return locationOf(await browser.comeBack(callback));
  }

  const list = async (token: string) =>
    (await social.app.get('/me/identities').auth(token, as).expect(200)).body.identities;

  describe('POST /me/identities/{provider}', () => {
    it.each(['a page', 'an ID token'])(
      'links an account at a provider by %s, which then signs in',
      async (way) => {
        const { id, email, token } = await signUp(social.app);
        const visitor = aVisitor();

        const [told, ...others] = await messagesDuring(social.app, async () => {
          if (way === 'an ID token') {
            await link(social, token, visitor, 'google');
            return;
          }
          const page = await linkByBrowser(token, visitor);
          expect(page.origin + page.pathname).toBe(APP_PAGE);
          expect(parametersOf(page)).toEqual({ linked: 'google' });
        });

        expect(others).toEqual([]);
        expect(told).toMatchObject({ to: email, subject: LINKED, data: { account: visitor.email } });
        const [identity, ...rest] = await list(token);
        expect(rest).toEqual([]);
        expect(identity).toEqual({
          id: expect.any(String),
          provider: 'google',
          email: visitor.email,
          created_at: expect.any(String),
          last_used_at: expect.any(String),
        });
        expect(await auditOf(social, id)).toContain('identity.linked');
        const { user } = await browserOf(social, visitor).enter('google');
        expect(user).toMatchObject({ id, email, email_verified: false });
      },
    );

    it('links to the account of a session by cookie, for its page alone, and begins no other', async () => {
      const visitor = aVisitor();
      const browser = browserOf(social, visitor);
      const person = await signUpByCookie(social.app);
      const [name = '', value = ''] = person.cookie.split('=');
      browser.jar.set(name, value);
      const ask = (headers: Record<string, string>) =>
        browser.send(social.app.post('/me/identities/google').set(headers).send({ return_to: APP_PAGE }));
      const csrf = { 'X-CSRF-Token': person.csrfToken };
      expect(refusalOf(await ask({ Origin: 'https://evil.example', ...csrf }))).toBe(
        '403 origin_not_allowed',
      );
      expect(refusalOf(await ask({ Origin: PAGE }))).toBe('403 csrf_token_invalid');

      const { body } = await ask({ Origin: PAGE, ...csrf });
      const page = locationOf(await browser.comeBack(await browser.visit(body.authorization_url)));

      expect(parametersOf(page)).toEqual({ linked: 'google' });
      expect(await social.app.store.identities.list(person.id)).toMatchObject([keyOf(social, visitor)]);
      expect(await social.app.models.sessions.count({ where: { userId: person.id } })).toBe(1);
      expect((await browser.send(social.app.get('/me'))).body.user.id).toBe(person.id);
    });

    it('answers an ID token with the identity and where it is', async () => {
      const { token } = await signUp(social.app);
      const proof = await idTokenOf(social, aVisitor());

      const answer = await social.app.post('/me/identities/acme').auth(token, as).send(proof).expect(201);

      const [identity] = await list(token);
      expect(answer.body).toEqual({ identity });
      expect(answer.headers.location).toBe(`/me/identities/${identity.id}`);
    });

    it.each(['a page', 'an ID token'])(
      'says the same by %s where it is linked already, and adds nothing',
      async (way) => {
        const { id, token } = await signUp(social.app);
        const visitor = aVisitor();
        const first = await link(social, token, visitor, 'google');
        const before = await auditOf(social, id);
        social.clock.advanceSeconds(5);

        const told = await messagesDuring(social.app, async () => {
          if (way === 'a page') {
            expect(parametersOf(await linkByBrowser(token, visitor))).toEqual({ linked: 'google' });
          } else {
            expect((await link(social, token, visitor, 'google')).id).toBe(first.id);
          }
        });

        expect(told).toEqual([]);
        expect(await list(token)).toMatchObject([{ id: first.id }]);
        expect(await auditOf(social, id)).toEqual(before);
      },
    );

    it.each(['a page', 'an ID token'])(
      'refuses by %s what belongs to another user, which stays with them',
      async (way) => {
        const [owner, other] = [await signUp(social.app), await signUp(social.app)];
        const visitor = aVisitor();
        await link(social, owner.token, visitor, 'google');

        const told = await messagesDuring(social.app, async () => {
          if (way === 'a page') {
            expect(parametersOf(await linkByBrowser(other.token, visitor))).toMatchObject({
              error: 'identity_taken',
            });
            return;
          }
          const proof = await idTokenOf(social, visitor);
          const refused = await social.app.post('/me/identities/google').auth(other.token, as).send(proof);
          expect(refusalOf(refused)).toBe('409 identity_taken');
        });

        expect(told).toEqual([]);
        expect(await list(other.token)).toEqual([]);
        expect((await browserOf(social, visitor).enter('google')).user.id).toBe(owner.id);
      },
    );

    it('takes an ID token once, and leaves it good where the identity is refused', async () => {
      const [owner, other] = [await signUp(social.app), await signUp(social.app)];
      const visitor = aVisitor();
      const { id } = await link(social, owner.token, visitor, 'google');
      const proof = await idTokenOf(social, visitor);
      const send = () => social.app.post('/me/identities/google').auth(other.token, as).send(proof);
      expect(refusalOf(await send())).toBe('409 identity_taken');
      await unlink(social, owner.token, id).expect(204);

      await send().expect(201);

      expect(refusalOf(await send())).toBe('400 id_token_used');
      expect(refusalOf(await social.app.post('/login/google/id-token').send(proof))).toBe(
        '400 id_token_used',
      );
    });

    it('does not ask whether the address is verified, since the identity does not come by it', async () => {
      const { id, email, token } = await signUp(social.app);
      const known = await signUp(social.app);
      const visitor = aVisitor({ email: known.email, emailVerified: false });

      await link(social, token, visitor, 'google');

      expect((await browserOf(social, visitor).enter('google')).user).toMatchObject({ id, email });
    });

    it(`keeps at most ${MAX_IDENTITIES}`, async () => {
      const { id, email, token } = await signUp(social.app);
      await social.app.store.users.verifyEmail(id, email, new Date(social.clock.now()));
      const visitors = Array.from({ length: MAX_IDENTITIES - 1 }, () => aVisitor());
      for (const visitor of visitors) await insertIdentity(social, id, visitor);
      await link(social, token, aVisitor());
      const [known] = visitors;

      const proof = await idTokenOf(social, aVisitor());
      const refused = await social.app.post('/me/identities/google').auth(token, as).send(proof);
      expect(refusalOf(refused)).toBe('409 too_many_identities');
      expect(parametersOf(await linkByBrowser(token, aVisitor()))).toMatchObject({
        error: 'too_many_identities',
      });
      // It would be linked by its address.
      expect(parametersOf(await browserOf(social, aVisitor({ email })).signIn('google'))).toMatchObject({
        error: 'too_many_identities',
      });

      await browserOf(social, known as GoogleUser).enter('google');
      await link(social, token, known as GoogleUser, 'google');
      expect(await list(token)).toHaveLength(MAX_IDENTITIES);
    });

    it('links nothing to a session that has ended while its user was at the provider', async () => {
      const { id, token } = await signUp(social.app);
      const visitor = aVisitor();
      const { browser, callback } = await beginLink(token, visitor);
      await social.app.post('/logout').auth(token, as).expect(204);

      const page = locationOf(await browser.comeBack(callback));

      expect(parametersOf(page)).toMatchObject({ error: 'token_revoked' });
      expect(await social.app.store.identities.list(id)).toEqual([]);
    });

    it.each(['disabled', 'deleted'])('links nothing to an account that was %s meanwhile', async (what) => {
      const { id, password, token } = await signUp(social.app);
      const visitor = aVisitor();
      const { browser, callback } = await beginLink(token, visitor);
      if (what === 'disabled') await social.app.store.users.disable(id, new Date(social.clock.now()));
      else await social.app.delete('/me').auth(token, as).send({ password }).expect(204);

      const page = locationOf(await browser.comeBack(callback));

      expect(parametersOf(page)).toMatchObject({ error: 'token_revoked' });
      expect(await social.app.store.identities.findByKey(keyOf(social, visitor))).toBeNull();
    });

    it('goes on in the browser that began it alone', async () => {
      const [person, victim] = [await signUp(social.app), aVisitor()];
      const { callback } = await beginLink(person.token, victim);

      const elsewhere = await openBrowser(social.app).comeBack(callback);

      expect(elsewhere.status).toBe(400);
      expect(elsewhere.text).toContain('This sign-in cannot go on here');
      expect(await social.app.store.identities.list(person.id)).toEqual([]);
    });

    it('is not mistaken for a sign-in, nor a sign-in for it', async () => {
      const person = await signUp(social.app);
      const visitor = aVisitor();
      const { browser, callback } = await beginLink(person.token, visitor);

      const page = locationOf(await browser.comeBack(callback));

      expect(page.searchParams.get('code')).toBeNull();
      const other = aVisitor();
      const { user } = await browserOf(social, other).enter('google');
      expect(user.id).not.toBe(person.id);
    });

    it.each([
      ['nothing', {}],
      ['a nonce alone', { nonce: 'n' }],
      ['an ID token without a nonce', { id_token: 'x.y.z' }],
      ['both', { return_to: APP_PAGE, id_token: 'x.y.z', nonce: 'n' }],
      ['a page elsewhere', { return_to: 'https://evil.example/' }],
    ])('answers 400 to %s', async (_what, body) => {
      const { token } = await signUp(social.app);
      const refused = await social.app.post('/me/identities/google').auth(token, as).send(body);
      expect(refusalOf(refused)).toBe('400 validation_failed');
    });

    it('answers 404 for a provider that is not configured', async () => {
      const { token } = await signUp(social.app);
      for (const body of [{ return_to: APP_PAGE }, { id_token: 'x.y.z', nonce: 'n' }]) {
        const refused = await social.app.post('/me/identities/initech').auth(token, as).send(body);
        expect(refusalOf(refused)).toBe('404 provider_not_found');
      }
    });
  });

  describe('GET /me/identities', () => {
    it('lists those of the caller alone, the first one first', async () => {
      const [person, other] = [await signUp(social.app), await signUp(social.app)];
      const first = await link(social, person.token, aVisitor(), 'globex');
      social.clock.advanceSeconds(1);
      const second = await link(social, person.token, aVisitor(), 'acme');
      await link(social, other.token, aVisitor());

      expect(await list(person.token)).toEqual([first, second]);
    });
  });

  describe('DELETE /me/identities/{id}', () => {
    it('removes an identity, which signs in to that account no more', async () => {
      const { id, token } = await signUp(social.app);
      const visitor = aVisitor();
      const identity = await link(social, token, visitor, 'google');

      await unlink(social, token, identity.id).expect(204);

      expect(await list(token)).toEqual([]);
      expect(await auditOf(social, id)).toContain('identity.removed');
      expect((await browserOf(social, visitor).enter('google')).user.id).not.toBe(id);
      expect(refusalOf(await unlink(social, token, identity.id))).toBe('404 identity_not_found');
    });

    it('ends the code that its last sign-in has left', async () => {
      const { token } = await signUp(social.app);
      const visitor = aVisitor();
      const identity = await link(social, token, visitor, 'google');
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');

      await unlink(social, token, identity.id).expect(204);

      expect(refusalOf(await browser.exchange(page))).toBe('400 code_replaced');
    });

    it('finds none of another user, and none that is no id', async () => {
      const [owner, other] = [await signUp(social.app), await signUp(social.app)];
      const { id } = await link(social, owner.token, aVisitor());

      for (const wrong of [id, uuidv7(), 'google', '1']) {
        expect(refusalOf(await unlink(social, other.token, wrong))).toBe('404 identity_not_found');
      }
      expect(await list(owner.token)).toHaveLength(1);
      await unlink(social, owner.token, id.toUpperCase()).expect(204);
    });

    it('is refused to a session that has ended elsewhere', async () => {
      const { id: userId, token } = await signUp(social.app);
      const { id } = await link(social, token, aVisitor());
      await social.app.store.transaction((stores) =>
        social.app.sessions.revokeWithin(stores, { userId }, 'password_changed'),
      );

      expect(refusalOf(await unlink(social, token, id))).toBe('401 token_revoked');
      expect(await social.app.store.identities.list(userId)).toHaveLength(1);
    });
  });

  describe('The identities of an account', () => {
    it('are linked and removed within minutes of a sign-in alone (RFC 9470)', async () => {
      const person = await signUp(social.app);
      const { id } = await link(social, person.token, aVisitor());
      social.clock.advanceSeconds(901);
      const { body } = await social.app
        .post('/refresh')
        .send({ refresh_token: person.refreshToken })
        .expect(200);
      const late = body.access_token;

      for (const request of [
        social.app.post('/me/identities/google').send({ return_to: APP_PAGE }),
        social.app.post('/me/identities/google').send(await idTokenOf(social, aVisitor())),
        social.app.delete(`/me/identities/${id}`),
      ]) {
        const refused = await request.auth(late, as);
        expect(refusalOf(refused)).toBe('401 insufficient_user_authentication');
        expect(refused.headers['www-authenticate']).toContain('max_age="900"');
      }

      expect(await list(late)).toHaveLength(1);
    });

    it('count as a recent sign-in what the provider says of it: one there long ago is none', async () => {
      const visitor = aVisitor();
      const at = Math.floor(social.clock.now() / 1000) - 3_600;
      social.peer.tamperIdTokens({ claims: (claims) => ({ ...claims, auth_time: at }) });
      const { access_token: token } = await browserOf(social, visitor).enter('google');
      social.peer.tamperIdTokens();

      const refused = await social.app
        .post('/me/identities/acme')
        .auth(token, as)
        .send({ return_to: APP_PAGE });

      expect(refusalOf(refused)).toBe('401 insufficient_user_authentication');
    });

    it('are not for API keys nor for clients', async () => {
      const { token } = await signUp(social.app);
      const { id } = await link(social, token, aVisitor());
      const { key } = await makeKey(social.app, token);
      const clientToken = await tokenOf(social.app, await makeClient(social.app));

      for (const [credential, error] of [
        [key, '403 session_required'],
        [clientToken, '403 user_required'],
      ] as const) {
        for (const request of [
          social.app.get('/me/identities'),
          social.app.post('/me/identities/google').send({ return_to: APP_PAGE }),
          social.app.delete(`/me/identities/${id}`),
          social.app.get(`/me/identities/${id}/token`),
        ]) {
          expect(refusalOf(await request.auth(credential, as))).toBe(error);
        }
      }
    });

    it('are told of to the owner with a link that locks the account, and ends the identity', async () => {
      const { id, email, token } = await signUp(social.app);
      const visitor = aVisitor();
      const [told] = await messagesDuring(social.app, () => link(social, token, visitor, 'google'));
      const { pathname } = new URL(told?.link ?? '');

      await pagesOf(social.app).post(pathname).type('form').expect(200);

      expect(await social.app.store.identities.list(id)).toEqual([]);
      await social.app.get('/me').auth(token, as).expect(401);
      expect(refusalOf(await social.app.post('/lockdown').send({ token: told?.token }))).toMatch(
        /^400 code_(used|replaced)$/,
      );
      expect((await browserOf(social, visitor).enter('google')).user.id).not.toBe(id);
      expect((await latestMessages(social.app)).find(({ to }) => to === email)?.subject).toContain('locked');
    });

    it('have links of their own, the latest of which ends no other', async () => {
      const { token } = await signUp(social.app);
      const told = await messagesDuring(social.app, async () => {
        await link(social, token, aVisitor());
        await link(social, token, aVisitor());
      });

      const links = new Set(told.map((message) => message.link));

      expect(links.size).toBe(2);
      for (const message of told) await pagesOf(social.app).get(new URL(message.link).pathname).expect(200);
    });

    it('are of the account, not of its address: another one keeps them', async () => {
      const { id, email, token } = await signUp(social.app);
      await social.app.store.users.verifyEmail(id, email, new Date(social.clock.now()));
      const visitor = aVisitor({ email });
      await link(social, token, visitor, 'google');
      const address = aPerson().email;
      await social.app.models.users.update({ email: address, emailCanonical: address }, { where: { id } });

      expect((await browserOf(social, visitor).enter('google')).user).toMatchObject({ id, email: address });
    });
  });
});
