import { createHmac, createPublicKey, sign } from 'node:crypto';
import {
  aKey,
  decode,
  encode,
  type Forge,
  forger,
  type Members,
  partsOf,
  signatureBy,
  type TokenKey,
} from './forge-token.ts';

/** Tokens that no verifier may accept, by what is wrong with them. `key` is the one that signed the good token. */
export function foreignTokens(good: string, key: TokenKey): Record<string, string> {
  const forge = forger(good, key);
  return {
    ...tampered(good),
    ...wrongClaims(forge, decode(partsOf(good)[1])),
    ...wrongHeaders(forge),
    ...wrongKeys(forge, key),
    ...(key.algorithm === 'HS256' ? {} : confusedKeys(forge, key)),
    ...rubbish(good),
  };
}

function tampered(good: string): Record<string, string> {
  const [header, payload, signature] = partsOf(good);
  const other = { ...decode(payload), roles: ['admin'], scope: 'users:write' };
  const flipped = Buffer.from(signature, 'base64url');
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  return {
    'other claims under the same signature': `${header}.${encode(JSON.stringify(other))}.${signature}`,
    'one more header member under the same signature': `${encode(JSON.stringify({ ...decode(header), x: 1 }))}.${payload}.${signature}`,
    'one bit of its signature flipped': `${header}.${payload}.${encode(flipped)}`,
    'half a signature': `${header}.${payload}.${signature.slice(0, signature.length / 2)}`,
    'an empty signature': `${header}.${payload}.`,
    'no signature': `${header}.${payload}`,
    'its payload twice': `${header}.${payload}.${payload}.${signature}`,
    'a signature that is zero': `${header}.${payload}.${encode(Buffer.alloc(flipped.length))}`,
  };
}

function wrongClaims(forge: Forge, good: Members): Record<string, string> {
  const now = Number(good.iat);
  const missing = ['iss', 'aud', 'sub', 'jti', 'iat', 'exp'].map(
    (claim) => [`no ${claim}`, forge({ claims: { [claim]: undefined } })] as const,
  );
  return {
    ...Object.fromEntries(missing),
    'a life that is over': forge({ claims: { iat: now - 960, exp: now - 60 } }),
    'an expiry that is text': forge({ claims: { exp: '9999999999' } }),
    'an issue in an hour': forge({ claims: { iat: now + 3600, exp: now + 4500 } }),
    'a beginning in an hour': forge({ claims: { nbf: now + 3600, exp: now + 4500 } }),
    'another issuer': forge({ claims: { iss: 'https://evil.example' } }),
    'an issuer that goes on after ours': forge({ claims: { iss: `${good.iss}/` } }),
    'another audience': forge({ claims: { aud: 'reports' } }),
    'several other audiences': forge({ claims: { aud: ['reports', `${good.aud}2`] } }),
    'claims that are a list': forge({ payload: JSON.stringify([good]) }),
    'claims that are null': forge({ payload: 'null' }),
    'claims that are no JSON': forge({ payload: 'claims' }),
  };
}

function wrongHeaders(forge: Forge): Record<string, string> {
  return {
    'the type JWT': forge({ header: { typ: 'JWT' } }),
    'no type': forge({ header: { typ: undefined } }),
    'a type that is a list': forge({ header: { typ: ['at+jwt'] } }),
    'an unknown critical header': forge({ header: { crit: ['x'], x: 1 } }),
    'a critical header about a claim': forge({ header: { crit: ['exp'], exp: 9_999_999_999 } }),
    'an empty list of critical headers': forge({ header: { crit: [] } }),
    'no algorithm': forge({ header: { alg: undefined } }),
  };
}

function wrongKeys(forge: Forge, { algorithm, key }: TokenKey): Record<string, string> {
  const other = aKey(algorithm);
  const withOther = (signed: string) => signatureBy(other, signed);
  const unsigned = ['none', 'None', 'NONE'].flatMap((alg) => [
    [
      `the algorithm ${alg} and no signature`,
      forge({ header: { alg }, sign: () => Buffer.alloc(0) }),
    ] as const,
    [`the algorithm ${alg} and its signature`, forge({ header: { alg } })] as const,
  ]);
  const longer =
    algorithm === 'HS256'
      ? forge({
          header: { alg: 'HS512' },
          sign: (signed) => createHmac('sha512', key).update(signed).digest(),
        })
      : forge({
          header: { alg: algorithm.replace('256', '512') },
          sign: (text) => sign('sha512', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }),
        });
  return {
    ...Object.fromEntries(unsigned),
    'the signature of another key': forge({ sign: withOther }),
    'the signature of another key, which it brings along': forge({
      header: {
        jwk: (algorithm === 'HS256' ? other.key : createPublicKey(other.key)).export({ format: 'jwk' }),
      },
      sign: withOther,
    }),
    'a longer hash by the same key': longer,
    'the signature of an empty secret': forge({
      sign: (signed) => createHmac('sha256', '').update(signed).digest(),
    }),
  };
}

/** RFC 8725 section 2.1: what is public, taken for a secret. */
function confusedKeys(forge: Forge, { algorithm, key: privateKey }: TokenKey): Record<string, string> {
  const publicKey = createPublicKey(privateKey);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const secrets: Record<string, string | Buffer> = {
    'the public PEM': pem,
    'the public PEM without its last line end': pem.trimEnd(),
    'the public DER': publicKey.export({ type: 'spki', format: 'der' }),
    'the public JWK': JSON.stringify(publicKey.export({ format: 'jwk' })),
  };
  const tokens = Object.entries(secrets).map(([what, secret]) => [
    `${what} as secret of HS256`,
    forge({
      header: { alg: 'HS256' },
      sign: (signed) => createHmac('sha256', secret).update(signed).digest(),
    }),
  ]);
  return {
    ...Object.fromEntries(tokens),
    'a kid that is not published': forge({ header: { kid: 'unknown' } }),
    ...(algorithm === 'ES256' && {
      'a signature in DER': forge({ sign: (text) => sign('sha256', Buffer.from(text), privateKey) }),
    }),
  };
}

/** Each in one line, as a program may read them. */
function rubbish(good: string): Record<string, string> {
  const [, payload, signature] = partsOf(good);
  const withHeader = (text: string) => `${encode(text)}.${payload}.${signature}`;
  return {
    'nothing at all': '',
    'one point': '.',
    'two points': '..',
    'three words': 'not.a.token',
    'the word null': 'null',
    'plain JSON': '{"alg":"none"}',
    'a scheme before it': `Bearer ${good}`,
    'five parts, as if it were encrypted': `${good}.AAAA.AAAA`,
    'letters of no alphabet': 'ключ.🔑.\u0000',
    'a header that is null': withHeader('null'),
    'a header that is a list': withHeader('["at+jwt"]'),
    'a header that is no UTF-8': `${encode(Buffer.from([0x7b, 0xff, 0xfe]))}.${payload}.${signature}`,
    'a header with a number as kid': withHeader('{"alg":"ES256","typ":"at+jwt","kid":7}'),
    'a header with a list as kid': withHeader('{"alg":"RS256","typ":"at+jwt","kid":[]}'),
    'a header of brackets': withHeader('['.repeat(100_000)),
    'a header with a number of many digits': withHeader(`{"alg":${'9'.repeat(10_000)}}`),
    'a hundred thousand letters': 'A'.repeat(100_000),
  };
}
