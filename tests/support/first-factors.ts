import { expect } from '@jest/globals';
import type { Response } from 'supertest';
import type { TestApp } from './app.ts';
import { claimsIn } from './claims.ts';
import { press } from './code-ways.ts';
import { codeFor, exchangeCodeOf, linkFor, signInBy } from './codes.ts';
import { sessionCookieIn } from './cookies.ts';
import { browserOf, idTokenOf, type Social } from './social-accounts.ts';
import { APP_PAGE, locationOf } from './social-browser.ts';
import type { GoogleUser } from './social-peers/google.ts';

/** Whose account it is: with every way in to it. */
export interface Somebody {
  readonly email: string;
  readonly password: string;
  readonly phone: string;
  readonly visitor: GoogleUser;
}

/** What came of a first factor. */
export interface FirstOutcome {
  readonly outcome: 'signed in' | 'asked for a second factor' | 'to enrol one';
  /** Where it is asked for. */
  readonly challengeToken?: string;
  readonly methods?: readonly string[];
}

/** A way to show a first factor, on a device that may have a token. */
export interface FirstFactorWay {
  readonly what: string;
  readonly signIn: (social: Social, who: Somebody, deviceToken?: string) => Promise<FirstOutcome>;
}

const deviceOf = (deviceToken: string | undefined) =>
  deviceToken === undefined ? {} : { device_token: deviceToken };

const deviceCookieOf = (deviceToken: string | undefined) =>
  deviceToken === undefined ? [] : [`latchkey-device=${deviceToken}`];

/** What an answer with tokens, or a refusal of them, says. */
function outcomeOf({ status, body }: Response): FirstOutcome {
  if (body.code === 'second_factor_required') {
    expect(status).toBe(403);
    return asked(body.challenge_token, body.methods);
  }
  expect({ status, code: body.code }).toEqual({ status: 200, code: undefined });
  const isEnrolling = String(claimsIn(body.access_token).aud).endsWith('/factor-enrolment');
  return { outcome: isEnrolling ? 'to enrol one' : 'signed in' };
}

const asked = (challengeToken: string, methods: readonly string[]): FirstOutcome => ({
  outcome: 'asked for a second factor',
  challengeToken,
  methods,
});

/** What the page of the app says to which a browser was led back, and where that is the whole answer, the cookie. */
async function outcomeAt(app: TestApp, page: URL, cookie: string): Promise<FirstOutcome> {
  const { error, challenge_token: token = '', methods = '', ...more } = Object.fromEntries(page.searchParams);
  if (error !== undefined) {
    expect({ error, more }).toEqual({
      error: 'second_factor_required',
      more: { error_description: 'A second factor is required', expires_in: '300' },
    });
    expect(cookie).toBe('');
    return asked(token, methods.split(' '));
  }
  const { status } = await app.get('/sessions').set('Cookie', cookie);
  return { outcome: status === 200 ? 'signed in' : 'to enrol one' };
}

/** Every way to sign in, up to what a second factor could be asked for. */
export const FIRST_FACTORS: readonly FirstFactorWay[] = [
  {
    what: 'a password',
    signIn: async ({ app }, { email, password }, deviceToken) =>
      outcomeOf(await app.post('/login').send({ email, password, ...deviceOf(deviceToken) })),
  },
  {
    what: 'a code by mail',
    signIn: async ({ app }, { email }, deviceToken) =>
      outcomeOf(await signInBy(app, await codeFor(app, { email }), deviceOf(deviceToken))),
  },
  {
    what: 'a code by SMS',
    signIn: async ({ app }, { phone }, deviceToken) =>
      outcomeOf(await signInBy(app, await codeFor(app, { phone }), deviceOf(deviceToken))),
  },
  {
    what: 'a link, whose code is exchanged',
    signIn: async ({ app }, { email }, deviceToken) =>
      outcomeOf(
        await app
          .post('/login/exchange')
          .send({ code: await exchangeCodeOf(app, email), ...deviceOf(deviceToken) }),
      ),
  },
  {
    what: 'a link that sets a cookie',
    async signIn({ app }, { email }, deviceToken) {
      const sent = await linkFor(app, email, { return_to: APP_PAGE, transport: 'cookie' });
      const cookies = [`latchkey-links=${sent.challengeId}`, ...deviceCookieOf(deviceToken)];
      const answer = await press(app, sent).set('Cookie', cookies.join('; ')).expect(303);
      return outcomeAt(app, locationOf(answer), sessionCookieIn(answer));
    },
  },
  {
    what: 'a provider, whose code is exchanged',
    async signIn(social, { visitor }, deviceToken) {
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');
      return outcomeOf(await browser.exchange(page, deviceOf(deviceToken)));
    },
  },
  {
    what: 'a provider, with a cookie',
    async signIn(social, { visitor }, deviceToken) {
      const browser = browserOf(social, visitor);
      if (deviceToken !== undefined) browser.jar.set('latchkey-device', deviceToken);
      const page = await browser.signIn('google', { transport: 'cookie' });
      const cookie = browser.jar.get('latchkey');
      return outcomeAt(social.app, page, cookie === undefined ? '' : `latchkey=${cookie}`);
    },
  },
  {
    what: 'an ID token of a provider',
    async signIn(social, { visitor }, deviceToken) {
      const proof = await idTokenOf(social, visitor);
      return outcomeOf(
        await social.app.post('/login/google/id-token').send({ ...proof, ...deviceOf(deviceToken) }),
      );
    },
  },
];
