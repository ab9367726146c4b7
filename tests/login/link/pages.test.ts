import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { LINK_WAYS } from '../../support/code-ways.ts';
import { linkFor, messageTo, pagesOf, refusalOf, signInBy } from '../../support/codes.ts';
import { PAGE, setCookiesIn } from '../../support/cookies.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson } from '../../support/people.ts';

const RETURN_TO = 'http://localhost:3000/signed-in';
const PATHS: Readonly<Record<string, string>> = {
  'a link to sign in': '/login/link/',
  'a code and a link to choose another password': '/password/reset/',
  'a code and a link to verify an address': '/email/verify/',
  'a code and a link to change an address': '/email/verify/',
  'a link that takes a change of the address back': '/email/undo/',
  'a link that locks an account down': '/lockdown/',
};
const LINKS = LINK_WAYS.filter(({ what }) => what in PATHS);

onEachDatabase((kind) => {
  const app = useApp(kind, { NEW_DEVICE_MAIL: 'true', CORS_ORIGINS: PAGE });

  describe.each(LINKS)('The page of $what', ({ what, begin }) => {
    it('changes nothing when it is opened, however often: mail scanners open links', async () => {
      const begun = await begin(app);
      const path = PATHS[what] + begun.first.token;
      const stateOf = async () =>
        JSON.stringify([
          await app.models.challenges.findAll({ raw: true, order: ['id'] }),
          await app.models.users.findAll({ raw: true, order: ['id'] }),
          await app.models.sessions.findAll({ raw: true, order: ['id'] }),
          await app.models.ledger.count(),
        ]);
      const before = await stateOf();

      for (let times = 0; times < 10; times++) {
        const opened = await pagesOf(app).get(path).expect(200);
        expect(opened.headers).toMatchObject({
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
        });
        expect(opened.text).toMatch(/<form method="post">/);
        expect(opened.text).not.toContain(begun.first.token);
        await pagesOf(app).head(path).expect(200);
      }

      expect(await stateOf()).toBe(before);
      expect((await begun.byLink?.(begun.first))?.status).toBeLessThan(400);
    });

    it('takes no form of a page elsewhere, and stays as it was', async () => {
      const begun = await begin(app);
      const path = PATHS[what] + begun.first.token;
      for (const site of ['cross-site', 'same-site', 'none']) {
        const refused = await pagesOf(app)
          .post(path)
          .set('Sec-Fetch-Site', site)
          .type('form')
          .send({ new_password: aPerson().password });
        expect(refused.status).toBe(403);
        expect(setCookiesIn(refused)).toEqual([]);
      }
      expect((await begun.byLink?.(begun.first))?.status).toBeLessThan(400);
    });
  });

  describe('The button of a sign-in link', () => {
    const cookieOf = (response: { headers: object }) =>
      setCookiesIn(response as never)
        .find((text) => text.startsWith('latchkey-links='))
        ?.split(';')[0] ?? '';

    it('signs in where the browser has asked, by the cookie of that answer', async () => {
      const { email } = aPerson();
      const asked = await app
        .post('/login/link')
        .set('Origin', PAGE)
        .send({ email, return_to: RETURN_TO, transport: 'cookie' })
        .expect(202);
      const links = cookieOf(asked);
      expect(links).toBe(`latchkey-links=${asked.body.challenge_id}`);
      const path = new URL((await messageTo(app, email)).link).pathname;

      const pressed = await pagesOf(app)
        .post(path)
        .set('Cookie', links)
        .set('Origin', 'null')
        .set('Sec-Fetch-Site', 'same-origin')
        .expect(303);

      expect(pressed.headers.location).toBe(RETURN_TO);
      const session =
        setCookiesIn(pressed)
          .find((text) => text.startsWith('latchkey='))
          ?.split(';')[0] ?? '';
      const me = await app.get('/me').set('Cookie', session).expect(200);
      expect(me.body).toMatchObject({ user: { email } });
    });

    it('shows a code on another device, which signs in once where the link was asked for', async () => {
      const link = await linkFor(app, aPerson().email, { return_to: RETURN_TO });
      const path = `/login/link/${link.token}`;
      const opened = await pagesOf(app).get(path).expect(200);
      expect(opened.text).toContain('another device');

      const pressed = await pagesOf(app).post(path).expect(200);

      expect(setCookiesIn(pressed)).toEqual([]);
      const code = /class="spoken">([\d ]{11})</.exec(pressed.text)?.[1] ?? '';
      await signInBy(app, { challengeId: link.challengeId, code }).expect(200);
      expect(refusalOf(await signInBy(app, { challengeId: link.challengeId, code }))).toBe('400 code_used');
    });

    it('signs no one in to an attacker’s account by a link that was planted', async () => {
      const ofThief = await linkFor(app, aPerson().email, { return_to: RETURN_TO });
      const ofVictim = await linkFor(app, aPerson().email, { return_to: RETURN_TO });

      const pressed = await pagesOf(app)
        .post(`/login/link/${ofThief.token}`)
        .set('Cookie', `latchkey-links=${ofVictim.challengeId}`)
        .expect(200);

      expect(pressed.headers.location).toBeUndefined();
      expect(setCookiesIn(pressed)).toEqual([]);
    });

    it('ignores a cookie that holds other things, or very many', async () => {
      const link = await linkFor(app, aPerson().email, { return_to: RETURN_TO });
      const many = Array.from({ length: 50 }, (_, at) => `x${at}`).join('.');
      for (const value of ['', '..', '%00', `${many}.${link.challengeId}`, '*', '__proto__']) {
        const page = await pagesOf(app)
          .get(`/login/link/${link.token}`)
          .set('Cookie', `latchkey-links=${value}`)
          .expect(200);
        expect(page.text).toContain('another device');
      }
    });

    it('is one code for each link: a second press shows none', async () => {
      const link = await linkFor(app, aPerson().email);
      const path = `/login/link/${link.token}`;
      await pagesOf(app).post(path).expect(200);
      await pagesOf(app).post(path).expect(400);
    });
  });

  describe('A link where any device may use it', () => {
    const any = useApp(kind, { LINK_ANY_DEVICE: 'true' });

    it('signs in without the cookie of the browser that asked', async () => {
      const link = await linkFor(any, aPerson().email, { return_to: RETURN_TO });
      const pressed = await pagesOf(any).post(`/login/link/${link.token}`).expect(303);
      const code = new URL(String(pressed.headers.location)).searchParams.get('code');
      await any.post('/login/exchange').send({ code }).expect(200);
    });

    it('sets no cookie for a form of a page elsewhere', async () => {
      const link = await linkFor(any, aPerson().email, { return_to: RETURN_TO, transport: 'cookie' });
      for (const headers of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
        const refused = await pagesOf(any)
          .post(`/login/link/${link.token}`)
          .set(headers as never);
        expect(refused.status).toBe(403);
        expect(setCookiesIn(refused)).toEqual([]);
      }
    });
  });
});
