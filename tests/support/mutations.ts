import fc from 'fast-check';
import { aKey, decode, type Forgery, partsOf, signatureBy, type TokenKey } from './forge-token.ts';

/** These bytes, with a bit flipped, cut off, with some behind them, and quite others. */
export function bytesLike(bytes: Buffer): fc.Arbitrary<Buffer> {
  return fc.oneof(
    fc.constant(bytes),
    fc.nat(bytes.length * 8 - 1).map((bit) => withBitFlipped(bytes, bit)),
    fc.nat(bytes.length).map((length) => bytes.subarray(0, length)),
    fc.uint8Array({ maxLength: 4 }).map((more) => Buffer.concat([bytes, more])),
    fc.uint8Array({ maxLength: bytes.length + 8 }).map((other) => Buffer.from(other)),
  );
}

function withBitFlipped(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** A few characters of it replaced, left out or put in, by some that mean something there and by any. */
export function textsLike(token: string): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom('.', '=', '-', '_', '+', '/', ' ', '\n', '\0', '!', 'A', 'eyJ', ''),
    fc.string({ maxLength: 3 }),
  );
  // The last character of a signature has bits that decoding ignores.
  const at = fc.oneof(fc.nat(token.length), fc.constant(token.length - 1));
  const change = fc.record({ at, length: fc.nat(2), piece });
  return fc
    .array(change, { maxLength: 2 })
    .map((changes) =>
      changes.reduce(
        (text, { at, length, piece }) => text.slice(0, at) + piece + text.slice(at + length),
        token,
      ),
    );
}

/** A few other members in the header and the claims of a token, signed by the right key or by another. */
export function forgeriesOf(good: string, own: TokenKey): fc.Arbitrary<Forgery> {
  const { algorithm } = own;
  const other = aKey(algorithm);
  const { iss, aud, iat } = decode(partsOf(good)[1]);
  const now = Number(iat);
  const anything = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 1 }));
  const aTime = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: now - 20, max: now + 20 }) },
    { weight: 1, arbitrary: anything },
  );
  const header = fc.record(
    {
      alg: fc.constantFrom(algorithm, 'none', 'HS256', 'RS256', 'ES256', 'HS512', 'PS256', undefined),
      typ: fc.constantFrom('at+jwt', 'application/at+jwt', 'JWT', 'AT+JWT', undefined),
      crit: fc.constantFrom(undefined, [], ['exp'], ['b64']),
      b64: fc.constantFrom(undefined, true, false),
      x: anything,
    },
    { requiredKeys: [] },
  );
  const claims = fc.record(
    {
      iss: fc.oneof(fc.constant(iss), anything),
      aud: fc.oneof(fc.constantFrom(aud, [aud], ['reports', aud], 'reports'), anything),
      iat: aTime,
      exp: aTime,
      nbf: aTime,
      sub: anything,
      x: anything,
    },
    { requiredKeys: [] },
  );
  const fewOf = <Value extends object>(members: fc.Arbitrary<Value>) =>
    fc
      .tuple(members, fc.integer({ min: 0, max: 2 }))
      .map(([value, count]) => Object.fromEntries(Object.entries(value).slice(0, count)));
  return fc.record({
    header: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fewOf(header) }),
    claims: fewOf(claims),
    sign: fc.oneof(
      { weight: 4, arbitrary: fc.constant((text: string) => signatureBy(own, text)) },
      { weight: 1, arbitrary: fc.constant((text: string) => signatureBy(other, text)) },
    ),
  });
}
