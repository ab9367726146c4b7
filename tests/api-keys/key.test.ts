import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { hashOf, isKey, isTagged, isWellFormed, newKey, shownParts } from '../../src/core/api-keys/key.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET = secretKey('the-secret-that-keys-are-made-with-in-this-test');
const OTHER = secretKey('another-secret-that-made-none-of-these-keys-here');
const keys = Array.from({ length: 200 }, () => newKey(SECRET));

/** The number that base 62 digits stand for. */
function numberOf(digits: string): bigint {
  return [...digits].reduce((value, digit) => value * 62n + BigInt(DIGITS.indexOf(digit)), 0n);
}

describe('A new key', () => {
  it('is lk_, 43 characters of random bits with their tag and 6 of their CRC-32, as the documentation tells scanners', () => {
    for (const key of keys) {
      expect(key).toMatch(/^lk_[0-9A-Za-z]{49}$/);
      expect(numberOf(key.slice(3, 46))).toBeLessThan(2n ** 256n);
      expect(numberOf(key.slice(46))).toBe(BigInt(crc32(key.slice(3, 46))));
    }
  });

  it('is another one each time, with every digit in its random part', () => {
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(keys.flatMap((key) => [...key.slice(3, 46)])).size).toBe(62);
  });

  it('is well-formed and taken for a key', () => {
    for (const key of keys) expect([isKey(key), isWellFormed(key)]).toEqual([true, true]);
  });

  it('shows its first four characters and its last four', () => {
    const key = keys[0] ?? '';

    expect(shownParts(key)).toEqual({ prefix: key.slice(0, 7), lastFour: key.slice(-4) });
  });

  it('is stored as its SHA-256', () => {
    expect(hashOf('lk_')).toBe('e76450e47c5b2be5ba9d20499c76685608bf6e0ff9dca0027b4fcb8d4a706391');
  });
});

describe('The tag of a key', () => {
  it('tells which secret made it, also where that is an older one', () => {
    for (const key of keys) {
      expect([isTagged(key, [SECRET]), isTagged(key, [OTHER, SECRET]), isTagged(key, [OTHER])]).toEqual([
        true,
        true,
        false,
      ]);
    }
  });

  it.each([`lk_${'z'.repeat(43)}000000`, `lk_${'0'.repeat(49)}`])('is not that of %s', (key) => {
    expect(isTagged(key, [SECRET])).toBe(false);
  });
});

describe('The checksum of a key', () => {
  it('catches each wrong character, wherever it is', () => {
    const key = keys[0] ?? '';
    for (let position = 3; position < key.length; position++) {
      for (const digit of DIGITS) {
        if (digit === key[position]) continue;
        const mistyped = key.slice(0, position) + digit + key.slice(position + 1);
        expect({ mistyped, isWellFormed: isWellFormed(mistyped) }).toEqual({ mistyped, isWellFormed: false });
      }
    }
  });

  it('catches two neighbours that changed places', () => {
    for (const key of keys) {
      for (let position = 3; position < 45; position++) {
        const [one = '', two = ''] = [key[position], key[position + 1]];
        if (one === two) continue;
        expect(isWellFormed(key.slice(0, position) + two + one + key.slice(position + 2))).toBe(false);
      }
    }
  });

  it.each<[what: string, change: (key: string) => string]>([
    ['cut short', (key) => key.slice(0, -1)],
    ['one character longer', (key) => `${key}0`],
    ['in capital letters', (key) => `lk_${key.slice(3).toUpperCase()}`],
    ['without its prefix', (key) => key.slice(3)],
    ['with another prefix', (key) => `lk-${key.slice(3)}`],
    ['with a line break behind it', (key) => `${key}\n`],
    ['with a letter of another alphabet', (key) => `${key.slice(0, 10)}а${key.slice(11)}`],
    ['of nothing but the prefix', () => 'lk_'],
    ['of zeros', () => `lk_${'0'.repeat(49)}`],
  ])('refuses one %s', (_what, change) => {
    expect(isWellFormed(change(keys[0] ?? ''))).toBe(false);
  });
});
