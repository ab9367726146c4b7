import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';

const SECRET = 'the secret of these tests, which signs nothing else';
const OTHER_SECRET = 'another secret of these tests, just as long as the first';
const SESSION_ID = '01980000-0000-7000-8000-00000000000a';

const tokens = createRefreshTokens([secretKey(SECRET)]);

describe('A refresh token', () => {
  it('is the session, the counter and an HMAC under a key that HKDF derives from the secret', () => {
    const key = hkdfSync('sha256', SECRET, SESSION_ID, 'latchkey refresh token v1', 32);
    const mac = createHmac('sha256', Buffer.from(key)).update(`${SESSION_ID}.7`).digest('base64url');

    expect(tokens.issue({ sessionId: SESSION_ID, counter: 7 })).toBe(`${SESSION_ID}.7.${mac}`);
  });

  it('is the same each time, so that a retry gets the same answer', () => {
    const content = { sessionId: SESSION_ID, counter: 3 };

    expect(tokens.issue(content)).toBe(tokens.issue(content));
  });

  it.each([0, 1, 9, 10, 999_999_999])('gives its content back with the counter %d', (counter) => {
    const content = { sessionId: SESSION_ID, counter };

    expect(tokens.read(tokens.issue(content))).toEqual(content);
  });

  it('has another mac for another counter, another session and another secret', () => {
    const macs = [
      tokens.issue({ sessionId: SESSION_ID, counter: 1 }),
      tokens.issue({ sessionId: SESSION_ID, counter: 2 }),
      tokens.issue({ sessionId: SESSION_ID.replace(/a$/, 'b'), counter: 1 }),
      createRefreshTokens([secretKey(OTHER_SECRET)]).issue({ sessionId: SESSION_ID, counter: 1 }),
    ].map((token) => token.split('.')[2]);

    expect(new Set(macs).size).toBe(4);
  });

  it('is read with any of the secrets, and made with the first', () => {
    const [old, next] = [secretKey(SECRET), secretKey(OTHER_SECRET)];
    const rotated = createRefreshTokens([next, old]);
    const content = { sessionId: SESSION_ID, counter: 1 };

    expect(rotated.read(tokens.issue(content))).toEqual(content);
    expect(rotated.issue(content)).toBe(createRefreshTokens([next]).issue(content));
    expect(tokens.read(rotated.issue(content))).toBeNull();
  });

  it('tells which secret made it and which one it was read with', () => {
    const [old, next] = [secretKey(SECRET), secretKey(OTHER_SECRET)];
    const uses: string[] = [];
    const rotated = createRefreshTokens([next, old], (kid, use) => uses.push(`${use} ${kid}`));

    rotated.issue({ sessionId: SESSION_ID, counter: 1 });
    rotated.read(tokens.issue({ sessionId: SESSION_ID, counter: 1 }));
    rotated.read('garbage');

    expect(uses).toEqual([`signed ${next.kid}`, `seen ${old.kid}`]);
  });

  it('is read with none of its characters changed to another', () => {
    const good = tokens.issue({ sessionId: SESSION_ID, counter: 123 });

    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, replacement) => {
        const broken = good.slice(0, at) + replacement + good.slice(at + 1);
        fc.pre(broken !== good);
        expect(tokens.read(broken)).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it('of any other text is none, and reading it never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokens.read(text)).toBeNull();
      }),
    );
  });

  it('that every session could have, up to the last counter that the column holds, can be read again', () => {
    const content = { sessionId: SESSION_ID, counter: 2_147_483_647 };

    // No client refreshes once a second for 31 years: 999,999,999 is enough, and more is refused.
    expect(tokens.read(tokens.issue(content))).toBeNull();
  });
});
