import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { prehash, prehashKeys } from '../../src/core/passwords/prehash.ts';

const PEPPER = 'a pepper of these tests with more than 32 bytes';
const [label] = prehashKeys(undefined);
const [pepper, labelBehindPepper] = prehashKeys(PEPPER);

describe('the prehash of a password', () => {
  it('is base64 of HMAC-SHA-384 under the key, computed over NFC in UTF-8', () => {
    const password = 'Cafe\u0301 🔑';
    const expected = createHmac('sha384', PEPPER).update(Buffer.from('Café 🔑', 'utf8')).digest('base64');

    expect(prehash(password, pepper)).toBe(expected);
  });

  it.each(['', 'a', 'x'.repeat(73), '🔑'.repeat(256), '\0', '\n'])(
    'is 64 characters without a NUL, which bcrypt reads to the end, for %j',
    (password) => {
      expect(prehash(password, label)).toMatch(/^[A-Za-z0-9+/]{64}$/);
    },
  );

  it.each<[what: string, a: string, b: string]>([
    ['the 73rd byte', `${'x'.repeat(72)}a`, `${'x'.repeat(72)}b`],
    ['the 257th byte', `${'x'.repeat(256)}a`, `${'x'.repeat(256)}b`],
    ['what follows a NUL', 'vexing\0quartz', 'vexing\0canoe'],
    ['a NUL at the end', 'vexing quartz', 'vexing quartz\0'],
    ['case', 'vexing quartz', 'Vexing quartz'],
    ['a space at the end', 'vexing quartz', 'vexing quartz '],
    ['the number of spaces', 'vexing quartz', 'vexing  quartz'],
    ['compatibility characters, which NFC keeps apart', 'ﬁrst canoe', 'first canoe'],
  ])('differs for passwords that differ in %s', (_what, a, b) => {
    expect(prehash(a, label)).not.toBe(prehash(b, label));
  });

  it('is the same for one password typed on two systems', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (password) => {
        expect(prehash(password.normalize('NFD'), label)).toBe(prehash(password.normalize('NFC'), label));
      }),
      { seed: 20_261_120, numRuns: 500 },
    );
  });

  it('depends on the pepper', () => {
    expect(prehash('vexing quartz', pepper)).not.toBe(prehash('vexing quartz', label));
  });
});

describe('the prehash keys', () => {
  it('keep the label behind a pepper, so that older hashes still verify', () => {
    expect(labelBehindPepper).toEqual(label);
    expect(prehashKeys(undefined)).toHaveLength(1);
    expect(prehashKeys(PEPPER)).toHaveLength(2);
  });

  it('have an id of eight hexadecimal digits, the same on every replica', () => {
    expect(pepper.id).toMatch(/^[0-9a-f]{8}$/);
    expect(prehashKeys(PEPPER)[0].id).toBe(pepper.id);
  });

  it('have another id for another pepper', () => {
    const ids = new Set([label.id, pepper.id, prehashKeys(`${PEPPER}!`)[0].id]);

    expect(ids.size).toBe(3);
  });

  it('never change for the label, or every hash that was ever stored would be useless', () => {
    expect(label).toEqual({ id: 'a4ae8a0e', secret: 'latchkey password prehash v1' });
    expect(prehash('correct horse battery staple', label)).toBe(
      createHmac('sha384', 'latchkey password prehash v1')
        .update('correct horse battery staple')
        .digest('base64'),
    );
  });
});
