import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { createPasswordHasher as createHasher } from '../../src/core/passwords/hash.ts';
import { hashHere, roundsOf } from '../support/hashing.ts';

const COST = 4;
const PASSWORD = 'vexing quartz';
const PEPPER = 'a pepper of these tests with more than 32 bytes';

/** Plain bcrypt of PASSWORD. */
const PLAIN = '$2b$04$abcdefghijklmnopqrstuumYee1uJHVGmmsLk.i1IHxayKEPkzwFy';

/** A hasher for requests that all come from one client. */
function createPasswordHasher(cost: number, pepper: string | undefined, workCost = cost) {
  const storedCosts = { workCost: () => workCost, note: () => {} };
  const { hash, verify } = createHasher(cost, pepper, hashHere, storedCosts);
  return {
    hash: (password: string) => hash(password, 'client'),
    verify: (password: string, stored: string | null) => verify(password, stored, 'client'),
  };
}

const hasher = createPasswordHasher(COST, undefined);
const peppered = createPasswordHasher(COST, PEPPER);

const MATCH = { matches: true, outdated: false };
const OUTDATED_MATCH = { matches: true, outdated: true };
const NO_MATCH = { matches: false, outdated: false };

describe('a stored hash', () => {
  it('is a scheme tag, the id of the prehash key and a bcrypt hash of the configured cost', async () => {
    expect(await hasher.hash(PASSWORD)).toMatch(/^lk1:a4ae8a0e:\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(await createPasswordHasher(5, undefined).hash(PASSWORD)).toContain(':$2b$05$');
  });

  it('fits into the column that keeps it', async () => {
    expect((await peppered.hash('🔑'.repeat(256))).length).toBeLessThanOrEqual(255);
  });

  it('differs every time, so that equal passwords cannot be told from the table', async () => {
    expect(await hasher.hash(PASSWORD)).not.toBe(await hasher.hash(PASSWORD));
  });

  it('from an earlier release still verifies', async () => {
    const stored = 'lk1:a4ae8a0e:$2b$04$I9TiiJtRrQ0yylA52vkakudM0g6aSvx5qGvQgg3JxUIpWRbI0hZtG';

    expect(await hasher.verify('correct horse battery staple', stored)).toEqual(MATCH);
    expect(await hasher.verify('correct horse battery stable', stored)).toEqual(NO_MATCH);
  });
});

describe('a password', () => {
  it.each([
    ['plain', PASSWORD],
    ['with spaces at both ends', ' vexing quartz '],
    ['with a NUL', 'vexing\0quartz'],
    ['of 64 emoji', '🔑🚪'.repeat(32)],
    ['of 256 emoji', '🔑🚪'.repeat(128)],
    ['in Chinese', '风急天高猿啸哀渚'],
    ['that is empty', ''],
  ])('verifies where it is %s', async (_what, password) => {
    expect(await hasher.verify(password, await hasher.hash(password))).toEqual(MATCH);
  });

  it('verifies whichever of the two Unicode forms a keyboard sends', async () => {
    expect(await hasher.verify('Cafe\u0301 au lait', await hasher.hash('Café au lait'))).toEqual(MATCH);
    expect(await hasher.verify('Café au lait', await hasher.hash('Cafe\u0301 au lait'))).toEqual(MATCH);
  });

  it.each([
    ['case', 'vexing quartz', 'Vexing quartz'],
    ['a space at the end', 'vexing quartz', 'vexing quartz '],
    ['a space at the start', 'vexing quartz', ' vexing quartz'],
    ['one accent', 'cafe au lait', 'café au lait'],
    ['what follows byte 72', `${'x'.repeat(72)}a`, `${'x'.repeat(72)}b`],
    ['what follows byte 72 of emoji', `${'🔑'.repeat(18)}🚪`, `${'🔑'.repeat(18)}🧭`],
    ['what follows byte 255', `${'x'.repeat(255)}a`, `${'x'.repeat(255)}b`],
    ['what follows a NUL', 'vexing\0quartz', 'vexing\0canoe'],
    ['a NUL at the end', 'vexing quartz', 'vexing quartz\0'],
    ['everything: one is empty', 'vexing quartz', ''],
  ])('does not verify where it differs in %s', async (_what, chosen, given) => {
    expect(await hasher.verify(given, await hasher.hash(chosen))).toEqual(NO_MATCH);
    expect(await hasher.verify(chosen, await hasher.hash(given))).toEqual(NO_MATCH);
  });
});

describe('a hash from another system', () => {
  it.each(['$2a$', '$2b$', '$2y$'])(
    'verifies with the prefix %s and asks to be made anew',
    async (prefix) => {
      const foreign = (await bcrypt.hash(PASSWORD, COST)).replace('$2b$', prefix);

      expect(await hasher.verify(PASSWORD, foreign)).toEqual(OUTDATED_MATCH);
      expect(await hasher.verify('vexing canoe', foreign)).toEqual(NO_MATCH);
    },
  );

  it.each([
    ['jBCrypt', 'a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
    ['jBCrypt', 'abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
    [
      'password_hash() of PHP',
      'rasmuslerdorf',
      '$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq',
    ],
    ['crypt() of Linux', PASSWORD, PLAIN.replace('$2b$', '$2y$')],
    ['crypt() of Linux', 'äää', '$2y$04$abcdefghijklmnopqrstuuWW1QluvYE5WRwy99nYHkAvPgio9Zk9K'],
    [
      'crypt() of Linux',
      'x'.repeat(100) + 'y'.repeat(200),
      '$2a$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i',
    ],
  ])('verifies as %s made it of %j', async (_system, password, foreign) => {
    const near = createPasswordHasher(COST + 2, undefined);
    expect(await near.verify(password, foreign)).toEqual(OUTDATED_MATCH);
    expect(await near.verify(`!${password}`, foreign)).toEqual(NO_MATCH);
  });

  it('verifies in the Unicode form in which that system hashed it', async () => {
    const composed = await bcrypt.hash('Café au lait', COST);

    expect(await hasher.verify('Café au lait', composed)).toEqual(OUTDATED_MATCH);
  });

  it('does not verify with a password that continues behind a NUL, which plain bcrypt never saw', async () => {
    const foreign = await bcrypt.hash('vexing', COST);

    expect(await hasher.verify('vexing\0quartz', foreign)).toEqual(NO_MATCH);
    expect(await hasher.verify('vexing\0', foreign)).toEqual(NO_MATCH);
  });

  it.each([['$2a$'], ['$2b$'], ['$2y$']])(
    'does not verify with an empty password, which %s may have been made of',
    async (prefix) => {
      const foreign = (await bcrypt.hash('', COST)).replace('$2b$', prefix);

      for (const empty of ['', '\0', '\0\0']) expect(await hasher.verify(empty, foreign)).toEqual(NO_MATCH);
    },
  );

  it('asks to be made anew even where its cost is higher than ours', async () => {
    expect(await hasher.verify(PASSWORD, await bcrypt.hash(PASSWORD, COST + 1))).toEqual(OUTDATED_MATCH);
  });
});

describe('the hash of a password', () => {
  it('asks to be made anew when its cost is lower than the configured one', async () => {
    const stronger = createPasswordHasher(COST + 2, undefined);

    expect(await stronger.verify(PASSWORD, await hasher.hash(PASSWORD))).toEqual(OUTDATED_MATCH);
  });

  it('asks to be made anew when its cost is higher, since as long as it is stored every wrong password takes its time', async () => {
    const stronger = createPasswordHasher(COST + 2, undefined);

    expect(await hasher.verify(PASSWORD, await stronger.hash(PASSWORD))).toEqual(OUTDATED_MATCH);
  });

  it('asks to be made anew when it was made before there was a pepper, and verifies until then', async () => {
    const stored = await hasher.hash(PASSWORD);

    expect(await peppered.verify(PASSWORD, stored)).toEqual(OUTDATED_MATCH);
    expect(await peppered.verify('vexing canoe', stored)).toEqual(NO_MATCH);
  });

  it('stays as it is when the pepper made it', async () => {
    expect(await peppered.verify(PASSWORD, await peppered.hash(PASSWORD))).toEqual(MATCH);
  });

  it('stays as it is when the password was wrong', async () => {
    const stronger = createPasswordHasher(COST + 2, PEPPER);

    expect(await stronger.verify('vexing canoe', await hasher.hash(PASSWORD))).toEqual(NO_MATCH);
  });
});

describe('a pepper', () => {
  it('that is gone is reported, so that the operator learns of it', async () => {
    const stored = await peppered.hash(PASSWORD);

    expect(await hasher.verify(PASSWORD, stored)).toEqual({
      matches: false,
      outdated: false,
      pepperMissing: true,
    });
  });

  it('that was exchanged is reported, whatever the password', async () => {
    const exchanged = createPasswordHasher(COST, 'another pepper of these tests, just as long');

    expect(await exchanged.verify('vexing canoe', await peppered.hash(PASSWORD))).toMatchObject({
      pepperMissing: true,
    });
  });

  it('does not stand in the stored hash', async () => {
    const stored = await peppered.hash(PASSWORD);

    expect(stored).not.toContain(PEPPER);
  });
});

describe('garbage in place of a hash matches nothing, instead of failing', () => {
  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['the password itself', PASSWORD],
    ['a scheme tag alone', 'lk1:'],
    ['a scheme tag and a key id', 'lk1:a4ae8a0e:'],
    ['a scheme from the future', `lk2:a4ae8a0e:${PLAIN}`],
    ['a key id that is too short', `lk1:a4ae:${PLAIN}`],
    ['a key id in capitals', `lk1:A4AE8A0E:${PLAIN}`],
    ['a prefix that bcrypt never had', PLAIN.replace('$2b$', '$2c$')],
    ['the prefix $2x$ of hashes with a known flaw', PLAIN.replace('$2b$', '$2x$')],
    ['a cost that is no number', PLAIN.replace('$04$', '$xx$')],
    ['a cost below what bcrypt has', PLAIN.replace('$04$', '$00$')],
    ['a cost above what bcrypt has', PLAIN.replace('$04$', '$99$')],
    ['a hash that was cut off', PLAIN.slice(0, -1)],
    ['a hash with a letter more', `${PLAIN}a`],
    ['a hash with a line end', `${PLAIN}\n`],
    ['a hash with a space before it', ` ${PLAIN}`],
    ['two hashes', `${PLAIN}\n${PLAIN}`],
    ['an MD5 crypt hash', '$1$abcdefgh$KPBfjDvdWXZ1i0qC5r2w11'],
    ['an Argon2 hash', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWg'],
    ['an asterisk, as Unix locks an account', '*'],
  ])('%s', async (_what, stored) => {
    expect(await hasher.verify(PASSWORD, stored)).toEqual(NO_MATCH);
    expect(await hasher.verify('', stored)).toEqual(NO_MATCH);
  });
});

describe('the work of a refused login, counted in rounds of bcrypt', () => {
  const LIVE_COST = 7;
  const live = createPasswordHasher(LIVE_COST, PEPPER);

  it.each([
    ['an unknown account', async () => null],
    ['an account without a password', async () => ''],
    ['a damaged hash', async () => 'garbage'],
    ['a hash at the live cost', () => live.hash(PASSWORD)],
    ['a hash at a lower cost', () => createPasswordHasher(LIVE_COST - 1, PEPPER).hash(PASSWORD)],
    ['a hash at the lowest cost', () => createPasswordHasher(4, PEPPER).hash(PASSWORD)],
    ['a hash from before the pepper', () => createPasswordHasher(LIVE_COST, undefined).hash(PASSWORD)],
    ['a plain hash from another system', () => bcrypt.hash(PASSWORD, LIVE_COST)],
    ['a plain hash at a lower cost', () => bcrypt.hash(PASSWORD, 5)],
  ])('is that of one hash at the live cost for %s', async (_what, store) => {
    const stored = await store();

    const rounds = await roundsOf(async () => {
      expect(await live.verify('vexing canoe', stored)).toEqual(NO_MATCH);
    });

    expect(rounds).toBe(2 ** LIVE_COST);
  });

  it.each([
    ['an unknown account', async () => null],
    ['a hash at the live cost', () => live.hash(PASSWORD)],
    ['a plain hash at a lower cost', () => bcrypt.hash(PASSWORD, 5)],
    ['a hash from elsewhere of one cost more', () => bcrypt.hash(PASSWORD, LIVE_COST + 1)],
    ['a hash from elsewhere that is not compared', () => bcrypt.hash(PASSWORD, LIVE_COST + 2)],
  ])('is that of the costliest hash that is stored for %s', async (_what, store) => {
    const stored = await store();
    const one = createPasswordHasher(LIVE_COST, PEPPER, LIVE_COST + 1);

    const rounds = await roundsOf(() => one.verify('vexing canoe', stored));

    expect(rounds).toBe(2 ** (LIVE_COST + 1));
  });

  it('is bounded where the right password is given for a hash that costs too much', async () => {
    const stored = await bcrypt.hash(PASSWORD, LIVE_COST + 2);

    const rounds = await roundsOf(async () => {
      expect(await live.verify(PASSWORD, stored)).toEqual({ ...NO_MATCH, tooCostly: true });
    });

    expect(rounds).toBe(2 ** LIVE_COST);
  });

  it('is no less where the password continues behind a NUL', async () => {
    const stored = await bcrypt.hash('vexing', 5);

    const rounds = await roundsOf(() => live.verify('vexing\0quartz', stored));

    expect(rounds).toBe(2 ** LIVE_COST);
  });

  it('is no less where the password is empty, whatever was hashed', async () => {
    for (const hashed of ['', 'vexing']) {
      const stored = await bcrypt.hash(hashed, 5);

      expect(await roundsOf(() => live.verify('', stored))).toBe(2 ** LIVE_COST);
    }
  });

  it('is no less than that of a login that succeeds', async () => {
    const stored = await live.hash(PASSWORD);

    const rounds = await roundsOf(() => live.verify(PASSWORD, stored));

    expect(rounds).toBe(2 ** LIVE_COST);
  });
});
