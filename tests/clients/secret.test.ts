import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { makeSecret, matchSecret } from '../../src/core/clients/secret.ts';

const AT = new Date('2026-11-20T00:00:00Z');

describe('Secrets of machine clients', () => {
  let timingSafeEqual: jest.SpiedFunction<typeof crypto.timingSafeEqual>;

  // A module that imports the function by its name sees the watched one once the names are brought up to date.
  beforeAll(() => {
    timingSafeEqual = jest.spyOn(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
  });

  afterAll(() => {
    timingSafeEqual.mockRestore();
    syncBuiltinESMExports();
  });

  beforeEach(() => {
    timingSafeEqual.mockClear();
  });

  it('have 256 random bits, and never come twice', () => {
    const secrets = Array.from({ length: 1_000 }, () => makeSecret(AT));

    expect(new Set(secrets.map(({ text }) => text)).size).toBe(1_000);
    expect(new Set(secrets.map(({ kept }) => kept.id)).size).toBe(1_000);
    for (const { text } of secrets) {
      expect(Buffer.from(text.slice('lcs_'.length), 'base64url')).toHaveLength(32);
    }
  });

  it('are kept as a hash that does not tell them', () => {
    const { text, kept } = makeSecret(AT);

    expect(JSON.stringify(kept)).not.toContain(text);
    expect(kept.hash).toBe(crypto.createHash('sha256').update(text).digest('hex'));
  });

  it('are found among two, whichever it is', () => {
    const [first, second] = [makeSecret(AT), makeSecret(AT)];
    const kept = [first.kept, second.kept];

    expect(matchSecret(kept, first.text)).toBe(first.kept);
    expect(matchSecret(kept, second.text)).toBe(second.kept);
  });

  it.each(['', 'lcs_', '0'.repeat(64), '\0', 'a'.repeat(100_000)])('are not the text %#', (text) => {
    const { kept } = makeSecret(AT);

    expect(matchSecret([kept], text)).toBeNull();
    expect(matchSecret([], text)).toBeNull();
    expect(matchSecret([kept], kept.hash)).toBeNull();
  });

  it('are not themselves with one character more, less or in another case', () => {
    const { text, kept } = makeSecret(AT);

    for (const other of [`${text}=`, text.slice(0, -1), text.toUpperCase(), ` ${text}`]) {
      expect(matchSecret([kept], other)).toBeNull();
    }
  });

  it('are compared in constant time, and twice whatever there is to compare with', () => {
    const [first, second] = [makeSecret(AT), makeSecret(AT)];
    const cases: [ReturnType<typeof makeSecret>['kept'][], string][] = [
      [[], first.text],
      [[first.kept], first.text],
      [[first.kept], second.text],
      [[first.kept, second.kept], first.text],
      [[first.kept, second.kept], second.text],
    ];

    for (const [kept, text] of cases) {
      timingSafeEqual.mockClear();
      matchSecret(kept, text);
      expect(timingSafeEqual).toHaveBeenCalledTimes(2);
    }
  });
});
