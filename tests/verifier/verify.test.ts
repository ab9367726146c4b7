import { createHmac, generateKeyPairSync, type KeyObject, sign as signWithPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createVerify, secretKey, VerificationError, type VerifyingKey } from '@latchkey/verifier/core';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { encode, partsOf } from '../support/forge-token.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'latchkey';
const SECRET = 'the secret of these tests, which signs nothing else';
const OTHER_SECRET = 'another secret of these tests, just as long as the first';
/** Seconds since 1970; the clock of the verifier stands here unless a test moves it. */
const NOW = 1_800_000_000;

const signingKey = secretKey(SECRET);
const otherKey = secretKey(OTHER_SECRET);

const HEADER = { alg: 'HS256', typ: 'at+jwt', kid: signingKey.kid };
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: '01980000-0000-7000-8000-000000000001',
  sid: '01980000-0000-7000-8000-00000000000a',
  iat: NOW,
  exp: NOW + 900,
  jti: '5f0c9d0e-5f5c-4f0e-9d0e-5f5c4f0e9d0e',
  roles: ['user'],
  scope: 'orders:read users:read',
  rv: [0, 1_700_000_000_000],
};

interface Forgery {
  /** Members that replace those of a good header; undefined leaves one out. */
  readonly header?: Record<string, unknown>;
  /** Members that replace those of good claims; undefined leaves one out. */
  readonly claims?: Record<string, unknown>;
  /** The payload's text, in place of the claims. */
  readonly payload?: string;
  readonly secret?: string;
  readonly hash?: 'sha256' | 'sha384' | 'sha512';
}

/** A token made by hand: right in everything that `forgery` does not change. */
function forge(forgery: Forgery = {}): string {
  const { header, claims, secret = SECRET, hash = 'sha256' } = forgery;
  const payload = forgery.payload ?? JSON.stringify({ ...CLAIMS, ...claims });
  const signed = `${encode(JSON.stringify({ ...HEADER, ...header }))}.${encode(payload)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

/** Verifies as the service does with these keys, `seconds` after the token was issued. */
function verifierOf(keys: readonly VerifyingKey[], seconds = 0) {
  return createVerify({
    findKey: (kid) => keys.find((key) => key.kid === kid),
    issuer: ISSUER,
    audience: AUDIENCE,
    maxAgeSeconds: 900,
    clock: { now: () => (NOW + seconds) * 1000 },
  });
}

const verify = (token: string, seconds = 0) => verifierOf([signingKey], seconds)(token);

/** Why the token was refused. Anything but a VerificationError is thrown on: it would become a 500. */
function refusalOf(token: string, seconds = 0): VerificationError {
  try {
    verify(token, seconds);
  } catch (error) {
    if (error instanceof VerificationError) return error;
    throw error;
  }
  throw new Error('the token was accepted');
}

describe('an access token that is right', () => {
  it('is accepted when it is right in everything, and its claims come back unchanged', () => {
    expect(verify(forge())).toEqual(CLAIMS);
  });

  it('is accepted when jsonwebtoken made it from the secret as text, as another service might', () => {
    const token = jwt.sign(CLAIMS, SECRET, { algorithm: 'HS256', header: HEADER });

    expect(verify(token)).toEqual(CLAIMS);
  });

  it('is accepted with the long spelling of its type, which RFC 9068 allows', () => {
    expect(verify(forge({ header: { typ: 'application/at+jwt' } }))).toEqual(CLAIMS);
  });

  it('is accepted with several audiences of which one is ours', () => {
    expect(verify(forge({ claims: { aud: ['reports', AUDIENCE] } })).aud).toEqual(['reports', AUDIENCE]);
  });

  it('is accepted with no roles at all, as long as there is a list', () => {
    expect(verify(forge({ claims: { roles: [] } })).roles).toEqual([]);
  });

  it('is accepted from before there were permissions: then it allows nothing, and every version is later', () => {
    const { scope, rv, ...claims } = CLAIMS;

    expect(verify(forge({ claims: { scope: undefined, rv: undefined } }))).toEqual({
      ...claims,
      scope: '',
      rv: [],
    });
  });

  it('is accepted of a machine client, which has no session', () => {
    const { sid, ...claims } = CLAIMS;

    expect(verify(forge({ claims: { sid: undefined, client_id: 'app' } }))).toEqual({
      ...claims,
      client_id: 'app',
    });
  });

  it.each(['', 'a', 'users:read', 'openid profile', 'x'.repeat(4096)])(
    'is accepted with the scope %j',
    (scope) => {
      expect(verify(forge({ claims: { scope } })).scope).toBe(scope);
    },
  );

  it('is accepted with claims and header members that mean nothing here', () => {
    const token = forge({ header: { cty: 'text', x: 1 }, claims: { act: { sub: 'app' }, nonce: 'n' } });

    expect(verify(token)).toMatchObject(CLAIMS);
  });

  it('is accepted from either key of a key ring, each under its own kid', () => {
    const both = verifierOf([signingKey, otherKey]);

    expect(both(forge())).toEqual(CLAIMS);
    expect(both(forge({ header: { kid: otherKey.kid }, secret: OTHER_SECRET }))).toEqual(CLAIMS);
  });
});

describe('an access token that is not right', () => {
  it.each(['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'roles'])(
    'is refused as invalid when it has no %s',
    (claim) => {
      expect(refusalOf(forge({ claims: { [claim]: undefined } })).code).toBe('token_invalid');
    },
  );

  it.each<[claim: string, value: unknown]>([
    ['iss', 'https://auth.example.org'],
    ['iss', `${ISSUER}/`],
    ['iss', ISSUER.toUpperCase()],
    ['iss', ''],
    ['iss', [ISSUER]],
    ['iss', null],
    ['aud', 'reports'],
    ['aud', `${AUDIENCE}-staging`],
    ['aud', AUDIENCE.slice(0, -1)],
    ['aud', AUDIENCE.toUpperCase()],
    ['aud', ''],
    ['aud', []],
    ['aud', ['reports', 'billing']],
    ['aud', [`${AUDIENCE}-staging`]],
    ['aud', [[AUDIENCE]]],
    ['aud', [AUDIENCE, 7]],
    ['aud', { 0: AUDIENCE }],
    ['aud', { [AUDIENCE]: true }],
    ['aud', null],
    ['sub', 7],
    ['sub', ''],
    ['sub', null],
    ['sub', true],
    ['sub', [CLAIMS.sub]],
    ['sub', { id: CLAIMS.sub }],
    ['jti', 7],
    ['jti', ''],
    ['jti', null],
    ['jti', [CLAIMS.jti]],
    ['roles', 'user'],
    ['roles', 'admin'],
    ['roles', null],
    ['roles', { 0: 'user' }],
    ['roles', ['user', 7]],
    ['roles', ['user', null]],
    ['roles', [['admin']]],
    ['scope', 7],
    ['scope', null],
    ['scope', ['users:read']],
    ['scope', 'users:read\r\nX-Auth-Subject: admin'],
    ['scope', 'users:read\u0000'],
    ['scope', ' users:read'],
    ['scope', 'users:read  users:list'],
    ['scope', 'größe:lesen'],
    ['amr', 'pwd'],
    ['amr', [7]],
    ['auth_time', '1800000000'],
    ['rv', 7],
    ['rv', null],
    ['rv', '0'],
    ['rv', ['0']],
    ['rv', [0, null]],
    ['rv', { 0: 0 }],
    ['api_key_id', 'key'],
    ['client_id', ''],
    ['client_id', 7],
    ['iat', String(NOW)],
    ['iat', null],
    ['iat', true],
    ['iat', [NOW]],
    ['iat', new Date(NOW * 1000).toISOString()],
    ['exp', String(NOW + 900)],
    ['exp', null],
    ['exp', true],
    ['exp', [NOW + 900]],
    ['exp', {}],
    ['nbf', String(NOW)],
    ['nbf', null],
    ['nbf', false],
  ])('is refused as invalid when its %s is %j', (claim, value) => {
    expect(refusalOf(forge({ claims: { [claim]: value } })).code).toBe('token_invalid');
  });

  it.each(['exp', 'iat', 'nbf'])(
    'is refused as invalid when its %s is a number too large to compare',
    (claim) => {
      const payload = JSON.stringify({ ...CLAIMS, [claim]: 'HERE' }).replace('"HERE"', '1e999');

      expect(refusalOf(forge({ payload })).code).toBe('token_invalid');
    },
  );

  it.each<unknown>([undefined, 'JWT', 'at+JWT', 'AT+JWT', 'at+jwt ', 'id+jwt', '', null, ['at+jwt'], 7])(
    'is refused as invalid when its type is %j, so that an ID token or a mail link never opens an account',
    (typ) => {
      expect(refusalOf(forge({ header: { typ } })).code).toBe('token_invalid');
    },
  );

  it.each<[why: string, kid: unknown]>([
    ['is missing', undefined],
    ['is that of a key we do not have', otherKey.kid],
    ['is empty', ''],
    ['differs in case', signingKey.kid.toLowerCase()],
    ['is a list', [signingKey.kid]],
    ['is a number', 0],
    ['is null', null],
    ['names a member of every object', 'constructor'],
    ['names the prototype', '__proto__'],
    ['is a path', '../../../../dev/null'],
    ['is SQL', "x' UNION SELECT 'secret"],
  ])('is refused as invalid when its kid %s, though the signature is right', (_why, kid) => {
    expect(refusalOf(forge({ header: { kid } })).code).toBe('token_invalid');
  });

  it('is refused as invalid when it was signed with one key of the ring and names another', () => {
    const both = verifierOf([signingKey, otherKey]);

    expect(() => both(forge({ header: { kid: otherKey.kid } }))).toThrow(VerificationError);
    expect(() => both(forge({ secret: OTHER_SECRET }))).toThrow(VerificationError);
  });

  it.each<[member: string, value: unknown]>([
    ['crit', ['exp']],
    ['crit', ['b64']],
    ['crit', []],
    ['crit', null],
    ['jku', 'https://evil.example/jwks.json'],
    ['jwk', { kty: 'oct', k: encode(SECRET) }],
    ['jwk', null],
    ['x5u', 'https://evil.example/chain.pem'],
    ['x5c', ['MIIB']],
    ['x5c', ''],
  ])(
    'is refused as invalid when its header carries %s: %j, which lets a token choose its own rules',
    (member, value) => {
      expect(refusalOf(forge({ header: { [member]: value } })).code).toBe('token_invalid');
    },
  );

  it('is refused as invalid when it was signed with another secret', () => {
    expect(refusalOf(forge({ secret: OTHER_SECRET })).code).toBe('token_invalid');
  });

  it.each(['', ' ', signingKey.kid, encode(SECRET), `${SECRET}\n`, SECRET.toUpperCase()])(
    'is refused as invalid when it was signed with %j, which stands close to the secret and is not it',
    (secret) => {
      expect(refusalOf(forge({ secret })).code).toBe('token_invalid');
    },
  );
});

describe('the algorithm is fixed by the key and never by the token', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', ''])('so alg %j without a signature is refused', (alg) => {
    const [header, payload] = partsOf(forge({ header: { alg } }));

    expect(refusalOf(`${header}.${payload}.`).code).toBe('token_invalid');
    expect(refusalOf(`${header}.${payload}`).code).toBe('token_invalid');
  });

  it('so alg none with a right HMAC signature is refused', () => {
    expect(refusalOf(forge({ header: { alg: 'none' } })).code).toBe('token_invalid');
  });

  it.each([
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const)('so a right %s signature made with the very same secret is refused', (alg, hash) => {
    expect(refusalOf(forge({ header: { alg }, hash })).code).toBe('token_invalid');
    const token = jwt.sign(CLAIMS, SECRET, { algorithm: alg, header: { ...HEADER, alg } });
    expect(refusalOf(token).code).toBe('token_invalid');
  });

  it.each(['sha384', 'sha512'] as const)('so alg HS256 over an HMAC made with %s is refused', (hash) => {
    expect(refusalOf(forge({ hash })).code).toBe('token_invalid');
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA', 'HS1', 'hs256', 'HS256 '])(
    'so alg %s over an HMAC made with the secret is refused',
    (alg) => {
      expect(refusalOf(forge({ header: { alg } })).code).toBe('token_invalid');
    },
  );

  it.each<unknown>([undefined, null, 256, ['HS256'], { name: 'HS256' }])(
    'so alg %j over a right signature is refused',
    (alg) => {
      expect(refusalOf(forge({ header: { alg } })).code).toBe('token_invalid');
    },
  );

  it('so a token signed by an RSA key is refused whichever algorithm its header claims', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

    for (const alg of ['RS256', 'HS256']) {
      expect(refusalOf(signWithRsa(privateKey, alg)).code).toBe('token_invalid');
    }
  });

  function signWithRsa(privateKey: KeyObject, alg: string): string {
    const [header, payload] = partsOf(forge({ header: { alg } }));
    const signature = signWithPrivateKey('sha256', Buffer.from(`${header}.${payload}`), privateKey);
    return `${header}.${payload}.${signature.toString('base64url')}`;
  }
});

describe('time', () => {
  it.each([0, 1, 4.999, 5])('lets a token pass that was issued %d s in the future', (seconds) => {
    expect(verify(forge({ claims: { iat: NOW + seconds } })).iat).toBe(NOW + seconds);
  });

  it.each([5.001, 6, 3600, 1e15])('refuses a token that was issued %d s in the future', (seconds) => {
    expect(refusalOf(forge({ claims: { iat: NOW + seconds } })).code).toBe('token_invalid');
  });

  it.each([-1e9, -60, 0, 5])('lets a token pass whose nbf is %d s from now', (seconds) => {
    expect(verify(forge({ claims: { nbf: NOW + seconds } }))).toMatchObject({ nbf: NOW + seconds });
  });

  it.each([5.001, 6, 3600])('refuses a token whose nbf is %d s from now as invalid', (seconds) => {
    expect(refusalOf(forge({ claims: { nbf: NOW + seconds } })).code).toBe('token_invalid');
  });

  it.each([899, 899.999, 900, 901, 904, 904.999])(
    'lets a token of 900 s pass %d s after it was issued',
    (seconds) => {
      expect(verify(forge(), seconds).exp).toBe(NOW + 900);
    },
  );

  it.each([
    [905, 5],
    [906, 6],
    [906.9, 6],
    [960, 60],
    [4500, 3600],
  ])('calls a token of 900 s expired %d s after it was issued, %d s too late', (seconds, late) => {
    const refusal = refusalOf(forge(), seconds);

    expect(refusal.code).toBe('token_expired');
    expect(refusal.message).toContain(`expired ${late} seconds ago`);
  });

  it.each([0, -1, -NOW])('calls a token expired whose exp is %d, which is long past', (exp) => {
    expect(refusalOf(forge({ claims: { exp, iat: exp } })).code).toBe('token_expired');
  });

  it('takes an exp with a fraction, since a NumericDate may have one', () => {
    const token = forge({ claims: { exp: NOW + 0.5 } });

    expect(verify(token, 5.4).exp).toBe(NOW + 0.5);
    expect(refusalOf(token, 5.6).code).toBe('token_expired');
  });

  it.each<[why: string, forgery: Forgery]>([
    ['its signature is wrong', { secret: OTHER_SECRET }],
    ['its kid is unknown', { header: { kid: otherKey.kid } }],
    ['its type is another', { header: { typ: 'JWT' } }],
    ['it has alg none', { header: { alg: 'none' } }],
    ['it names another issuer', { claims: { iss: 'https://evil.example' } }],
    ['it is for another audience', { claims: { aud: 'reports' } }],
  ])('never calls an expired token expired when %s', (_why, forgery) => {
    const token = forge({ ...forgery, claims: { ...forgery.claims, exp: NOW - 60 } });

    const refusal = refusalOf(token);

    expect(refusal.code).toBe('token_invalid');
    expect(refusal.message).not.toContain('ago');
  });
});

describe('a damaged token', () => {
  const GOOD = forge();

  it.each([
    ['header', 0],
    ['payload', 1],
    ['signature', 2],
  ])('is refused as invalid when any one bit of its %s is flipped', (_name, index) => {
    const accepted: number[] = [];
    const bytes = Buffer.from(partsOf(GOOD)[index] ?? '', 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const parts = partsOf(GOOD);
      parts[index] = damaged.toString('base64url');
      if (codeOf(parts.join('.')) !== 'token_invalid') accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  it('is refused as invalid when any one character is left out', () => {
    const accepted = [...GOOD].filter(
      (_character, at) => codeOf(GOOD.slice(0, at) + GOOD.slice(at + 1)) !== 'token_invalid',
    );

    expect(accepted).toEqual([]);
  });

  it('is refused as invalid when it is cut off anywhere', () => {
    const accepted = [...GOOD].filter((_character, at) => codeOf(GOOD.slice(0, at)) !== 'token_invalid');

    expect(accepted).toEqual([]);
  });

  it('is refused as invalid when the last character of its signature is another that decodes to the same bytes', () => {
    // 32 bytes are 43 characters, of which the last carries 4 bits and leaves 2 unused.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(GOOD.at(-1) ?? '');
    const twins = [1, 2, 3].map((unused) => GOOD.slice(0, -1) + alphabet[last | unused]);

    for (const twin of twins) {
      const [good, bytes] = [GOOD, twin].map((token) => Buffer.from(partsOf(token)[2], 'base64url'));
      expect(bytes).toEqual(good);
      expect(codeOf(twin)).toBe('token_invalid');
    }
  });

  it.each([
    ['padded header', ([h, p, s]: string[]) => `${h}=.${p}.${s}`],
    ['padded payload', ([h, p, s]: string[]) => `${h}.${p}=.${s}`],
    ['padded signature', ([h, p, s]: string[]) => `${h}.${p}.${s}=`],
    ['line end behind it', ([h, p, s]: string[]) => `${h}.${p}.${s}\n`],
    ['space before it', ([h, p, s]: string[]) => ` ${h}.${p}.${s}`],
    ['space behind it', ([h, p, s]: string[]) => `${h}.${p}.${s} `],
    ['NUL behind it', ([h, p, s]: string[]) => `${h}.${p}.${s}\0`],
    ['line end within it', ([h, p, s]: string[]) => `${h}.\n${p}.${s}`],
    ['letter of no base64 within its signature', ([h, p, s = '']: string[]) => `${h}.${p}.!${s}`],
    ['fourth part', ([h, p, s]: string[]) => `${h}.${p}.${s}.${s}`],
    ['fifth part, as if it were encrypted', ([h, p, s]: string[]) => `${h}.${p}.${s}.${s}.${s}`],
    ['point at its end', ([h, p, s]: string[]) => `${h}.${p}.${s}.`],
    ['point at its start', ([h, p, s]: string[]) => `.${h}.${p}.${s}`],
    ['payload and a signature in the wrong order', ([h, p, s]: string[]) => `${h}.${s}.${p}`],
    ['scheme before it', ([h, p, s]: string[]) => `Bearer ${h}.${p}.${s}`],
  ])('is refused as invalid when it has a %s', (_name, damage) => {
    expect(codeOf(damage(partsOf(GOOD)))).toBe('token_invalid');
  });

  it('is refused as invalid when its header is in the standard base64 alphabet', () => {
    // The member makes the encoding contain a sign in which the two alphabets differ.
    const token = forge({ header: { x: '>>>???~~~' } });
    const [header, payload, signature] = partsOf(token);
    const standard = header.replaceAll('-', '+').replaceAll('_', '/');

    expect(standard).not.toBe(header);
    expect(verify(token)).toEqual(CLAIMS);
    expect(codeOf(`${standard}.${payload}.${signature}`)).toBe('token_invalid');
  });

  it('is refused as invalid when its payload is one from another token of the same person', () => {
    const [header, , signature] = partsOf(GOOD);
    const [, payload] = partsOf(forge({ claims: { roles: ['admin'] } }));

    expect(codeOf(`${header}.${payload}.${signature}`)).toBe('token_invalid');
  });

  it.each([
    ['an empty string', ''],
    ['one point', '.'],
    ['two points', '..'],
    ['a word', 'garbage'],
    ['three words', 'not.a.token'],
    ['a header alone', partsOf(GOOD)[0]],
    ['plain JSON', JSON.stringify(CLAIMS)],
    ['a header that is null', `${encode('null')}.${encode('{}')}.AAAA`],
    ['a header that is a list', `${encode('[]')}.${encode('{}')}.AAAA`],
    ['a header that is text', `${encode('"at+jwt"')}.${encode('{}')}.AAAA`],
    ['a header that is empty', `${encode('{}')}.${encode('{}')}.AAAA`],
    ['a lone surrogate', '\ud83d.\ud83d.\ud83d'],
    ['the word null', 'null'],
    ['the word undefined', 'undefined'],
  ])('is refused as invalid when it is %s', (_name, token) => {
    expect(codeOf(token)).toBe('token_invalid');
  });

  it.each([
    ['a list of claims', JSON.stringify([CLAIMS])],
    ['an empty list', '[]'],
    ['text', JSON.stringify('claims')],
    ['text that holds claims', JSON.stringify(JSON.stringify(CLAIMS))],
    ['a number', '7'],
    ['null', 'null'],
    ['no JSON', 'claims'],
    ['empty', ''],
    ['an object without members', '{}'],
  ])('is refused as invalid when its payload is %s, though the signature is right', (_name, payload) => {
    expect(codeOf(forge({ payload }))).toBe('token_invalid');
  });

  it('is refused as invalid when its payload is null under the type that makes libraries parse it', () => {
    expect(codeOf(forge({ header: { typ: 'JWT' }, payload: 'null' }))).toBe('token_invalid');
  });

  it('causes nothing but a VerificationError, whatever the text is', () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map(encode),
      fc.constantFrom(...partsOf(GOOD)),
      fc.string({ unit: 'binary' }),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(text, (token) => {
        fc.pre(token !== GOOD);
        return codeOf(token) === 'token_invalid';
      }),
      { seed: 20_261_120, numRuns: 5000 },
    );
  });

  function codeOf(token: string): string {
    try {
      verify(token);
      return 'accepted';
    } catch (error) {
      return error instanceof VerificationError ? error.code : `threw ${error}`;
    }
  }
});

describe('the length of a token', () => {
  /** A good token of exactly this length: the padding stands in members that are not read. */
  function tokenOfLength(length: number): string {
    for (const header of ['', 'x', 'xx']) {
      const shortest = forge({ header: { pad: header }, claims: { pad: '' } });
      const about = Math.floor(((length - shortest.length) * 3) / 4);
      for (let pad = about - 4; pad <= about + 4; pad++) {
        const token = forge({ header: { pad: header }, claims: { pad: 'x'.repeat(pad) } });
        if (token.length === length) return token;
      }
    }
    throw new Error(`no token has ${length} characters`);
  }

  it('may be 8192 characters', () => {
    expect(verify(tokenOfLength(8192))).toMatchObject(CLAIMS);
  });

  it.each([8193, 100_000])('may not be %d characters, even where the signature is right', (length) => {
    expect(refusalOf(tokenOfLength(length)).code).toBe('token_invalid');
  });
});

describe('a refusal', () => {
  it('repeats nothing of the token, since it goes into a response and a header', () => {
    const forgeries: Forgery[] = [
      { header: { kid: 'CANARY' } },
      { header: { typ: 'CANARY' } },
      { header: { alg: 'CANARY' } },
      { claims: { iss: 'CANARY' } },
      { claims: { aud: 'CANARY' } },
      { claims: { sub: ['CANARY'] } },
      { claims: { exp: 'CANARY' } },
      { payload: 'CANARY' },
    ];

    for (const forgery of forgeries) {
      expect(refusalOf(forge(forgery)).message).toMatch(
        /^The access token is not valid\. [A-Z][a-zA-Z ]+\.$/,
      );
      expect(refusalOf(forge(forgery)).message).not.toContain('CANARY');
    }
  });
});
