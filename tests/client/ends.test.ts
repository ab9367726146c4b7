import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { anAdmin } from '../support/admins.ts';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { logIn } from '../support/roles.ts';
import { ask, failureOn, sessionOf, shows, signUpOn, useClientPage } from './support/client-page.ts';
import { TRANSPORTS, withService } from './support/transports.ts';

const LIFETIME_SECONDS = 900;
const as = { type: 'bearer' } as const;

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const site = useClientPage(browser);

  describe.each(TRANSPORTS)('A session with $title', ({ options, called }) => {
    const url = () => `${called(site)}/me`;
    const reason = options.transport === 'token' ? 'invalid_refresh_token' : 'session_ended';

    /** Two tabs of one session, and the tokens of another device of the same user. */
    async function twoTabs() {
      const profile = await site.emptyProfile(withService(site, options));
      const first = await site.openTab(profile);
      const person = await signUpOn(first);
      const second = await site.openTab(profile);
      return { first, second, person, elsewhere: await logIn(site.app, person) };
    }

    /** Ends from another device the session of a page. */
    async function endSession(page: Page, token: string): Promise<void> {
      const sessions = await page.evaluate(() => window.latchkey.sessions.list());
      const id = sessions.find(({ current }) => current)?.id;
      await site.app.delete(`/sessions/${id}`).auth(token, as).expect(204);
    }

    it('that another device has ended signs out all tabs at the next request, with the reason', async () => {
      const { first, second, elsewhere } = await twoTabs();
      await endSession(first, elsewhere.token);

      expect(await ask(first, url())).toEqual([401]);

      await shows(second, 'signed-out');
      for (const tab of [first, second])
        expect(await sessionOf(tab)).toEqual({ status: 'signed-out', user: null, reason });
      // Neither another request nor the one after takes the reason away.
      expect(await ask(second, url(), 2)).toEqual([401, 401]);
      expect(await ask(first, `${site.latchkeyUrl()}/me`)).toEqual([401]);
      for (const tab of [first, second]) expect(await sessionOf(tab)).toMatchObject({ reason });
    });

    it('that has ended is not signed in again by a change', async () => {
      const { first, second, elsewhere } = await twoTabs();
      await endSession(first, elsewhere.token);
      await second.close();
      await first.reload();

      const code = await failureOn(first, 'updateUser', { name: 'Ada' });

      expect(code).toBe('token_missing');
      expect(await sessionOf(first)).toMatchObject({ status: 'signed-out' });
    });

    it.each(['local', 'others', 'global'] as const)(
      'is signed out with the scope %s, and what that leaves goes on',
      async (scope) => {
        const { first, second, elsewhere } = await twoTabs();
        // A renewal that uses the refresh token up takes the sign-out nothing of its power.
        site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

        await first.evaluate((scope) => window.latchkey.signOut({ scope }), scope);

        const endsThis = scope !== 'others';
        await shows(second, endsThis ? 'signed-out' : 'signed-in');
        expect(await ask(first, url())).toEqual([endsThis ? 401 : 200]);
        const endsOthers = scope !== 'local';
        const refreshed = await site.app.post('/refresh').send({ refresh_token: elsewhere.refreshToken });
        expect(refreshed.status).toBe(endsOthers ? 401 : 200);
      },
    );

    it('is signed out with all others although a renewal is under way', async () => {
      const { first, second, elsewhere } = await twoTabs();
      await ask(second, url());
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
      const held = site.heldAnswer(/^\/(refresh|session\/token)$/);
      const asked = ask(second, url());
      const send = await held;
      const signedOut = first.evaluate(() => window.latchkey.signOut({ scope: 'global' }));

      send();
      await Promise.all([asked, signedOut]);

      for (const tab of [first, second]) await shows(tab, 'signed-out');
      const refreshed = await site.app.post('/refresh').send({ refresh_token: elsewhere.refreshToken });
      expect(refreshed.status).toBe(401);
    });

    it('goes on where it could not be signed out, and the page is told so', async () => {
      const { first, second } = await twoTabs();
      await first.context().setOffline(true);

      expect(await failureOn(first, 'signOut')).toBe('network_error');

      await first.context().setOffline(false);
      for (const tab of [first, second]) {
        expect(await sessionOf(tab)).toMatchObject({ status: 'signed-in' });
        expect(await ask(tab, url())).toEqual([200]);
      }
    });

    it('is signed out twice without an error', async () => {
      const { first, second } = await twoTabs();

      await Promise.all([first, second].map((tab) => tab.evaluate(() => window.latchkey.signOut())));
      await first.evaluate(() => window.latchkey.signOut());

      for (const tab of [first, second]) await shows(tab, 'signed-out');
    });

    it.each([
      [
        'deleted from another device',
        async ({ elsewhere, person }: Awaited<ReturnType<typeof twoTabs>>) => {
          await site.app
            .delete('/me')
            .auth(elsewhere.token, as)
            .send({ password: person.password })
            .expect(204);
        },
      ],
      [
        'disabled',
        async ({ first }: Awaited<ReturnType<typeof twoTabs>>) => {
          const { token } = await anAdmin(site.app);
          const { user } = await sessionOf(first);
          await site.app.post(`/admin/users/${user?.id}/disable`).auth(token, as).expect(200);
        },
      ],
    ])('of an account that was %s is signed out in all tabs', async (_title, end) => {
      const tabs = await twoTabs();
      await end(tabs);

      expect(await ask(tabs.first, url())).toEqual([401]);

      for (const tab of [tabs.first, tabs.second]) {
        await shows(tab, 'signed-out');
        expect(await sessionOf(tab)).toMatchObject({ user: null, reason });
      }
    });

    it('ends with a password that was changed elsewhere, and goes on with one that was changed here', async () => {
      const { first, person, elsewhere } = await twoTabs();
      const [current_password, new_password] = [person.password, `${person.password} and another`];

      await first.evaluate((change) => window.latchkey.changePassword(change), {
        current_password,
        new_password,
      });
      expect(await ask(first, url())).toEqual([200]);
      await site.app.get('/me').auth(elsewhere.token, as).expect(401);

      const again = await logIn(site.app, { ...person, password: new_password });
      const change = { current_password: new_password, new_password: current_password };
      await site.app.post('/me/password').auth(again.token, as).send(change).expect(204);
      expect(await ask(first, url())).toEqual([401]);
      expect(await sessionOf(first)).toMatchObject({ status: 'signed-out', reason });
    });
  });

  describe('A refresh token that was stolen from localStorage', () => {
    async function stolenFrom() {
      const page = await site.openTab(
        await site.emptyProfile({ transport: 'token', storage: 'localStorage' }),
      );
      await signUpOn(page);
      const stolen = await page.evaluate(() => {
        const [kept] = Object.entries(localStorage).filter(([, value]) => value.includes('refreshToken'));
        return JSON.parse(kept?.[1] ?? '{}').refreshToken as string;
      });
      return { page, stolen };
    }
    const refresh = (token: string) => site.app.post('/refresh').send({ refresh_token: token });

    it('and used elsewhere first signs this app and the thief out, with the reason', async () => {
      const { page, stolen } = await stolenFrom();
      const thief = (await refresh(stolen).expect(200)).body;
      // The next token has arrived, and is in use for longer than REFRESH_REUSE_GRACE_SECONDS.
      await site.app.get('/me').auth(thief.access_token, as).expect(200);
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

      expect(await ask(page, `${site.latchkeyUrl()}/me`)).toEqual([401]);

      const reason = 'refresh_token_reused';
      expect(await sessionOf(page)).toEqual({ status: 'signed-out', user: null, reason });
      await refresh(thief.refresh_token).expect(401);
    });

    it('and used elsewhere after this app has renewed signs both out as well', async () => {
      const { page, stolen } = await stolenFrom();
      site.app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
      expect(await ask(page, `${site.latchkeyUrl()}/me`)).toEqual([200]);
      site.app.clock.advanceSeconds(60);

      const { body } = await refresh(stolen).expect(401);

      expect(body.code).toBe('refresh_token_reused');
      expect(await ask(page, `${site.latchkeyUrl()}/me`)).toEqual([401]);
      expect(await sessionOf(page)).toMatchObject({ status: 'signed-out', reason: 'invalid_refresh_token' });
    });
  });
});
