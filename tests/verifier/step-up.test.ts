import { describe, expect, it } from '@jest/globals';
import {
  type AccessTokenClaims,
  type AuthenticationNeeded,
  type BearerOptions,
  bearer,
  challengeOf,
  type VerificationError,
} from '@latchkey/verifier';
import express from 'express';
import request from 'supertest';
import { createTestClock } from '../support/app.ts';
import { aSecretKey, codeOf, sign, useVerifiers } from '../support/verifiers.ts';

const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const key = aSecretKey(SECRET);

/** The claims of a user who has authenticated so many seconds ago. */
function authenticated(secondsAgo: number, acr = '1') {
  return { amr: ['pwd'], acr, auth_time: Math.floor(Date.now() / 1000) - secondsAgo };
}

describe('bearer, where a route takes a recent or strong authentication,', () => {
  const verifierWith = useVerifiers();

  function serviceWith(options: BearerOptions) {
    const app = express().use(bearer(verifierWith({ secret: SECRET }), options));
    app.use((_req, res) => res.end('passed'));
    return (claims: object) => request(app).delete('/').auth(sign(key, claims), { type: 'bearer' });
  }

  it.each<[what: string, options: BearerOptions, claims: object]>([
    ['has authenticated recently', { maxAgeSeconds: 300 }, authenticated(290)],
    ['has authenticated by two factors', { acr: '2' }, authenticated(5000, '2')],
    ['has done both', { maxAgeSeconds: 300, acr: '2' }, authenticated(1, '2')],
    ['has shown more factors than it takes', { acr: '1' }, authenticated(5000, '2')],
  ])('lets a user pass who %s', async (_what, options, claims) => {
    await serviceWith(options)(claims).expect(200);
  });

  it.each<[what: string, options: BearerOptions, claims: object, needed: string]>([
    ['authenticated too long ago', { maxAgeSeconds: 300 }, authenticated(310), 'max_age="300"'],
    ['by one factor', { acr: '2' }, authenticated(1), 'acr_values="2"'],
    ['both', { maxAgeSeconds: 300, acr: '2' }, authenticated(5000), 'max_age="300", acr_values="2"'],
    ['by a level that is not known', { acr: '2' }, authenticated(1, '3'), 'acr_values="2"'],
    ['in a way that the token does not say', { maxAgeSeconds: 300 }, {}, 'max_age="300"'],
    ['never, as a machine client', { acr: '1' }, { sid: undefined, client_id: 'c' }, 'acr_values="1"'],
  ])(
    'answers 401 to a user who has authenticated %s, and says what it takes',
    async (_what, options, claims, needed) => {
      const response = await serviceWith({ ...options, realm: 'posts' })(claims).expect(401);

      expect(response.body).toMatchObject({
        type: 'urn:latchkey:error:insufficient_user_authentication',
        code: 'insufficient_user_authentication',
      });
      expect(response.headers['www-authenticate']).toBe(
        `Bearer realm="posts", error="insufficient_user_authentication", error_description="The user has to authenticate again", ${needed}`,
      );
    },
  );

  it('asks for no authentication where the permission is missing anyway', async () => {
    const ask = serviceWith({ scope: 'posts:write', maxAgeSeconds: 300 });

    const { body } = await ask(authenticated(5000)).expect(403);

    expect(body.code).toBe('insufficient_scope');
  });

  it.each<[what: string, options: object]>([
    ['an age that is a text', { maxAgeSeconds: '300' }],
    ['no age at all', { maxAgeSeconds: 0 }],
    ['half a second', { maxAgeSeconds: 0.5 }],
    ['an age that is undefined', { maxAgeSeconds: undefined }],
    ['a level that is a number', { acr: 2 }],
    ['a level that is not known', { acr: 'urn:mfa' }],
  ])('refuses options that would check less than was meant: %s', (_what, options) => {
    expect(() => serviceWith(options as BearerOptions)).toThrow(TypeError);
  });
});

describe('requireAuthentication', () => {
  const verifierWith = useVerifiers();

  it('goes by the clock of the verifier, and tolerates that it differs', async () => {
    const clock = createTestClock();
    const verifier = verifierWith({ secret: SECRET, clock, clockToleranceSeconds: 2 });
    const claims = { auth_time: Math.floor(clock.now() / 1000) } as AccessTokenClaims;
    const isRefused = () => codeOf(() => verifier.requireAuthentication(claims, { maxAgeSeconds: 60 }));

    clock.advanceSeconds(62);
    await expect(isRefused()).resolves.toBeUndefined();
    clock.advanceSeconds(1);
    await expect(isRefused()).resolves.toBe('insufficient_user_authentication');
  });

  it('refuses with what the header of another framework is made of', async () => {
    const verifier = verifierWith({ secret: SECRET });
    const claims = await verifier.verify(sign(key, authenticated(400)));

    const refuse = () => verifier.requireAuthentication(claims, { maxAgeSeconds: 300, acr: '2' });

    expect(refuse).toThrow(
      'This takes a user who has authenticated by two factors within the last 300 seconds.',
    );
    const error = await Promise.resolve()
      .then(refuse)
      .catch((thrown: VerificationError) => thrown);
    expect(challengeOf(error as VerificationError, 'posts')).toMatch(
      /^Bearer realm="posts", error="insufficient_user_authentication", .*, max_age="300", acr_values="2"$/,
    );
  });

  it('does not take a misspelled need for none', () => {
    const needed = { maxAge: 300 } as AuthenticationNeeded;
    const claims = {} as AccessTokenClaims;

    expect(() => verifierWith({ secret: SECRET }).requireAuthentication(claims, needed)).toThrow(TypeError);
  });
});
