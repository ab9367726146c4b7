import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { VerificationError } from '@latchkey/verifier/core';
import jwt from 'jsonwebtoken';
import { createAccessTokens } from '../../src/core/tokens/access-token.ts';
import { createKeyRing, secretKey } from '../../src/core/tokens/keys.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'latchkey';
const SECRET = 'the secret of these tests, which signs nothing else';
const USER_ID = '01980000-0000-7000-8000-000000000001';
const SESSION_ID = '01980000-0000-7000-8000-00000000000a';
const NOW_MILLISECONDS = 1_800_000_000_999;
const SUBJECT = {
  userId: USER_ID,
  sessionId: SESSION_ID,
  roles: ['user'],
  permissions: ['users:read', 'users:list'],
  versions: [0, 1_700_000_000_000],
  at: new Date(NOW_MILLISECONDS),
  ttlSeconds: 900,
};

function accessTokens(secret = SECRET, nowMilliseconds = NOW_MILLISECONDS) {
  return createAccessTokens({
    keys: createKeyRing({
      algorithm: 'HS256',
      secret,
      privateKey: undefined,
      previousSecrets: [],
      previousPublicKeys: [],
      appSecrets: [secret],
    }),
    issuer: ISSUER,
    audience: AUDIENCE,
    maxTtlSeconds: 900,
    clock: { now: () => nowMilliseconds },
  });
}

function decode(token: string) {
  const [header, claims] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  return { header, claims };
}

describe('an issued access token', () => {
  it('has exactly the header members alg, typ and kid', () => {
    const token = accessTokens().issue(SUBJECT);

    expect(decode(token).header).toEqual({
      alg: 'HS256',
      typ: 'at+jwt',
      kid: secretKey(SECRET).kid,
    });
  });

  it('has exactly these claims, so nothing personal is inside', () => {
    const token = accessTokens().issue({ ...SUBJECT, roles: ['user', 'auditor'] });

    expect(decode(token).claims).toEqual({
      iss: ISSUER,
      aud: AUDIENCE,
      sub: USER_ID,
      sid: SESSION_ID,
      iat: 1_800_000_000,
      exp: 1_800_000_900,
      jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      roles: ['user', 'auditor'],
      scope: 'users:read users:list',
      rv: [0, 1_700_000_000_000],
    });
  });

  it('lives as many seconds as it was told', () => {
    const token = accessTokens().issue(SUBJECT);
    const { iat, exp } = decode(token).claims as { iat: number; exp: number };

    expect(exp - iat).toBe(900);
  });

  it('differs from every other one of the same second by its jti and by nothing else', () => {
    const tokens = accessTokens();
    const issued = Array.from({ length: 100 }, () => decode(tokens.issue(SUBJECT)));

    const ids = new Set(issued.map(({ claims }) => claims?.jti));
    const rest = new Set(
      issued.map(({ header, claims }) => JSON.stringify({ header, ...claims, jti: undefined })),
    );
    expect(ids.size).toBe(100);
    expect(rest.size).toBe(1);
  });

  it.each([SECRET, 'schlüssel-für-latchkey-mit-umlauten-und-🔑', ' spaces at both ends count as well '])(
    'is signed with the UTF-8 bytes of the secret %j, as any JWT library takes it',
    (secret) => {
      const token = accessTokens(secret).issue(SUBJECT);
      const signed = token.slice(0, token.lastIndexOf('.'));

      const key = Buffer.from(secret, 'utf8');
      expect(token).toBe(`${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`);
      expect(jwt.verify(token, secret, { clockTimestamp: 1_800_000_000 })).toMatchObject({ sub: USER_ID });
    },
  );

  it('is made of the three URL-safe parts that fit into an Authorization header', () => {
    expect(accessTokens().issue(SUBJECT)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('passes the check of the service that issued it at that very instant', () => {
    const tokens = accessTokens();
    const token = tokens.issue(SUBJECT);

    expect(tokens.verify(token)).toEqual(decode(token).claims);
  });

  it('passes the check of a replica whose clock is five seconds behind', () => {
    const token = accessTokens().issue(SUBJECT);

    expect(accessTokens(SECRET, NOW_MILLISECONDS - 5000).verify(token).sub).toBe(USER_ID);
  });

  it('is refused by a service that has another secret', () => {
    const token = accessTokens().issue(SUBJECT);

    expect(() => accessTokens('a secret that another installation has made').verify(token)).toThrow(
      VerificationError,
    );
  });

  it('survives a restart: a new service with the old secret accepts it', () => {
    const token = accessTokens().issue(SUBJECT);

    expect(accessTokens(SECRET, NOW_MILLISECONDS + 60_000).verify(token).sub).toBe(USER_ID);
  });
});
