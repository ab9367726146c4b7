import { describe, expect, it } from '@jest/globals';
import { dictionary } from '@zxcvbn-ts/language-common';
import { AppError } from '../../src/core/errors.ts';
import { createPasswordPolicy } from '../../src/core/passwords/policy.ts';

const policy = createPasswordPolicy(8);

/** The code with which the password is refused, or undefined where it may be chosen. */
function refusalOf(
  password: string,
  ownWords: readonly (string | null | undefined)[] = [],
  { assertAcceptable }: Pick<typeof policy, 'assertAcceptable'> = policy,
): string | undefined {
  return thrownBy(password, '/password', { assertAcceptable }, ownWords)?.fields?.[0]?.code;
}

function thrownBy(
  password: string,
  pointer: string,
  { assertAcceptable }: Pick<typeof policy, 'assertAcceptable'> = policy,
  ownWords: readonly (string | null | undefined)[] = [],
): AppError | undefined {
  try {
    assertAcceptable(password, ownWords, pointer);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Hard to guess, and exactly this many characters. */
function ofLength(length: number): string {
  return 'Kj4-quartz vexing Blowzy '.repeat(12).slice(0, length);
}

describe('the length of a password', () => {
  it.each<[length: number, code: string | undefined]>([
    [0, 'password_too_short'],
    [1, 'password_too_short'],
    [7, 'password_too_short'],
    [8, undefined],
    [9, undefined],
    [73, undefined],
    [255, undefined],
    [256, undefined],
    [257, 'password_too_long'],
    [300, 'password_too_long'],
  ])('of %d characters gives %s', (length, code) => {
    expect(refusalOf(ofLength(length))).toBe(code);
  });

  it.each<[what: string, password: string, code: string | undefined]>([
    ['7 emoji, which are 14 UTF-16 units', '🔑🚪🧭🪜🧲🪁🧿', 'password_too_short'],
    ['8 emoji', '🔑🚪🧭🪜🧲🪁🧿🪙', undefined],
    ['256 emoji', '🔑🚪'.repeat(128), undefined],
    ['257 emoji', `${'🔑🚪'.repeat(128)}🔑`, 'password_too_long'],
    [
      '7 letters that are typed with 7 accents',
      'e\u0301a\u0300o\u0302n\u0303u\u0308i\u0301A\u030a',
      'password_too_short',
    ],
    [
      '8 letters that are typed with 8 accents',
      'e\u0301a\u0300o\u0302n\u0303u\u0308i\u0301A\u030aE\u0300',
      undefined,
    ],
    ['256 letters that are typed with 256 accents', 'e\u0301a\u0300'.repeat(128), undefined],
    ['8 Chinese characters', '风急天高猿啸哀渚', undefined],
  ])('counts code points after NFC: %s', (_what, password, code) => {
    expect(refusalOf(password)).toBe(code);
  });

  it('starts at the configured minimum', () => {
    const strict = createPasswordPolicy(15);

    expect(refusalOf(ofLength(14), [], strict)).toBe('password_too_short');
    expect(refusalOf(ofLength(15), [], strict)).toBeUndefined();
  });

  it('may be exactly 256 where that is the configured minimum', () => {
    const strict = createPasswordPolicy(256);

    expect(refusalOf(ofLength(255), [], strict)).toBe('password_too_short');
    expect(refusalOf(ofLength(256), [], strict)).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('points at the field it is about and names the length that is wanted', () => {
    const strict = createPasswordPolicy(15);

    expect(thrownBy('short', '/new_password', strict)).toMatchObject({
      code: 'validation_failed',
      fields: [
        {
          pointer: '/new_password',
          code: 'password_too_short',
          detail: expect.stringContaining('15'),
        },
      ],
    });
  });

  it.each([
    ['canary', []],
    ['canary-'.repeat(50), []],
    ['trustno1', []],
    ['canary-person', ['canary person']],
  ])('never repeats the password %j', (password, ownWords) => {
    const refusal = thrownBy(password, '/password', policy, ownWords);

    expect(refusal).toBeInstanceOf(AppError);
    expect(JSON.stringify([refusal?.message, refusal?.detail, refusal?.fields])).not.toContain(password);
  });
});

describe('there are no composition rules', () => {
  it.each([
    ['small letters alone', 'quartzvexingblowzy'],
    ['capitals alone', 'QUARTZVEXINGBLOWZY'],
    ['digits alone', '8402917365'],
    ['signs alone', '#)_$!&%@~('],
    ['words with spaces', 'correct horse battery staple'],
    ['a space at either end', ' vexing quartz '],
    ['a tab and a line end', 'vexing\tquartz\n'],
    ['a NUL', 'vexing\0quartz'],
    ['no Latin letter', 'пароль из слов'],
    ['a combining mark first', '\u0301vexing quartz'],
  ])('so %s will do', (_what, password) => {
    expect(refusalOf(password)).toBeUndefined();
  });
});

describe('a common password', () => {
  // By how often leaks contain them; the shorter ones are refused for their length.
  const mostCommon = dictionary['passwords-common'].filter((word) => word.length >= 8).slice(0, 10_000);

  it('is refused whichever of the 10,000 most common ones of eight characters and more it is', () => {
    expect(mostCommon).toHaveLength(10_000);
    expect(mostCommon.filter((word) => refusalOf(word) !== 'password_common')).toEqual([]);
  });

  it('is refused in capitals as well', () => {
    const capitals = mostCommon.map((word) => word.toUpperCase());

    expect(capitals.filter((word) => refusalOf(word) !== 'password_common')).toEqual([]);
  });

  it.each(['password', 'Password', 'PASSWORD', 'pAsSwOrD1', 'Passw0rd', 'P@ssw0rd', 'Qwerty123', 'TrustNo1'])(
    'is refused however it is capitalized: %s',
    (password) => {
      expect(refusalOf(password)).toBe('password_common');
    },
  );

  it('is refused where it stands high in the published lists of leaked passwords, whatever the package leaves out', () => {
    const leaked = `
      12345678 123456789 1234567890 0123456789 0987654321 9876543210 987654321 87654321 98765432 11223344
      12341234 12121212 10101010 123123123 789789789 69696969 19841984 20002000 password1 password123
      qwertyuiop poiuytrewq qwerty123 qwertyqwerty qweqweqwe qwerqwer asdfghjkl lkjhgfdsa asdasdasd 1q2w3e4r
      1qaz2wsx 1qaz1qaz q1w2e3r4 abcd1234 abcdefgh hahahaha lalalala blablabla adminadmin iloveyou sunshine
      football baseball princess starwars whatever jennifer michelle liverpool minecraft changeme letmein1
      welcome1`;

    const passwords = leaked.trim().split(/\s+/);
    expect(passwords.filter((password) => refusalOf(password) === undefined)).toEqual([]);
  });

  it.each(['aaaaaaaa', '        ', '🔑🔑🔑🔑🔑🔑🔑🔑', 'é'.repeat(15), '0'.repeat(15)])(
    'is refused when it is one character repeated: %j',
    (password) => {
      expect(refusalOf(password)).toBe('password_common');
    },
  );

  it.each(['🔑'.repeat(64), '0'.repeat(256)])(
    'is taken where it is a pattern of a length that is never tried: %j',
    (password) => {
      expect(refusalOf(password)).toBeUndefined();
    },
  );

  it('is refused only as a whole: a phrase may hold a common word', () => {
    expect(refusalOf('password of my third canoe')).toBeUndefined();
    expect(refusalOf('the dragon sells umbrellas')).toBeUndefined();
  });
});

describe('a password about its own person', () => {
  const OWN_WORDS = ['Ada.Byron@example.com', 'countess_ada', 'Ada King Noel'];

  it.each([
    ['the service', 'latchkey'],
    ['the service in capitals', 'LatchKey'],
    ['the service with a year', 'latchkey2026!'],
    ['the email address', 'Ada.Byron@example.com'],
    ['the email address in small letters', 'ada.byron@example.com'],
    ['the part before the @', 'ada.byron'],
    ['the part before the @ without its point', 'AdaByron'],
    ['the part before the @ with digits behind', 'ada.byron1815'],
    ['the username', 'countess_ada'],
    ['the username in capitals', 'COUNTESS_ADA'],
    ['the username with a sign behind', 'countess_ada!'],
    ['the name', 'Ada King Noel'],
    ['the name without its spaces', 'adakingnoel'],
    ['the name with digits on both sides', '12adakingnoel34'],
  ])('is refused when it is the name of %s', (_what, password) => {
    expect(refusalOf(password, OWN_WORDS)).toBe('password_personal');
  });

  it('is refused when it is the name in another Unicode form', () => {
    expect(refusalOf('Zoe\u0308 Rene\u0301e', ['Zoë Renée'])).toBe('password_personal');
    expect(refusalOf('ZOË RENÉE', ['Zoe\u0308 Rene\u0301e'])).toBe('password_personal');
  });

  it.each(['_.-_.-_.-', '2-3_5.7-11', '--__--__--__'])(
    'is refused when it is the username %s, which has no letter',
    (username) => {
      expect(refusalOf(username, ['ada@example.com', username, null])).toBe('password_personal');
    },
  );

  it('is taken where it belongs to another person', () => {
    expect(refusalOf('countess_ada', ['bob@example.com', 'bob', 'Bob'])).toBeUndefined();
  });

  it('is taken where it only holds a word of them among others', () => {
    expect(refusalOf('ada sold the blue canoe', OWN_WORDS)).toBeUndefined();
    expect(refusalOf('my latchkey is under the mat', OWN_WORDS)).toBeUndefined();
  });

  it('is taken where username and name are missing or empty', () => {
    expect(refusalOf('vexing quartz', ['ada@example.com', undefined, null])).toBeUndefined();
    expect(refusalOf('#)_$!&%@~(', ['ada@example.com', '', ''])).toBeUndefined();
    expect(refusalOf('8402917365', ['ada@example.com', '...', '!!!'])).toBeUndefined();
  });
});
