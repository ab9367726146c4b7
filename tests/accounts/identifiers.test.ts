import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseEmail, parseUsername } from '../../src/core/users/identifiers.ts';

describe('the canonical form of an email address', () => {
  it.each<[what: string, typed: string, canonical: string]>([
    ['stays as it is in plain small letters', 'ada@example.com', 'ada@example.com'],
    ['is lower case on both sides', 'Ada.BYRON@Example.COM', 'ada.byron@example.com'],
    ['has no space around it', '  ada@example.com\t', 'ada@example.com'],
    ['keeps points, since only one provider ignores them', 'a.d.a@gmail.com', 'a.d.a@gmail.com'],
    ['keeps a tag, since only some providers know them', 'ada+shop@example.com', 'ada+shop@example.com'],
    ['keeps an apostrophe', "o'neil@example.com", "o'neil@example.com"],
    [
      'keeps every sign that RFC 5322 allows',
      "!#$%&'*+/=?^_`{|}~-@example.com",
      "!#$%&'*+/=?^_`{|}~-@example.com",
    ],
    ['has the domain in punycode', 'ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['has the domain of capitals in the same punycode', 'ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['has a decomposed domain in the same punycode', 'ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['keeps a domain that is typed in punycode', 'ada@XN--BCHER-KVA.example', 'ada@xn--bcher-kva.example'],
    ['keeps ß in a domain, which is a letter of its own', 'ada@straße.example', 'ada@xn--strae-oqa.example'],
    ['has a domain of wide letters in narrow ones', 'ada@ｅｘａｍｐｌｅ.com', 'ada@example.com'],
    ['has a Chinese domain in punycode', 'ada@例子.测试', 'ada@xn--fsqu00a.xn--0zwm56d'],
    ['has the part before the @ in NFC', 'zoe\u0308@example.com', 'zoë@example.com'],
    ['has capitals with accents in small letters', 'ZOË@example.com', 'zoë@example.com'],
    ['has decomposed capitals in composed small letters', 'ZOE\u0308@example.com', 'zoë@example.com'],
    ['has the Angstrom sign as the letter it is', '\u212bngstrom@example.com', 'ångstrom@example.com'],
    ['has a capital I without the dot rule of Turkish', 'INFO@example.com', 'info@example.com'],
    ['keeps the dotless ı apart from i', 'ınfo@example.com', 'ınfo@example.com'],
    ['has İ as i with a dot above, which is not i', 'İnfo@example.com', 'i\u0307nfo@example.com'],
    ['keeps ß apart from ss', 'STRAßE@example.com', 'straße@example.com'],
    ['has Cyrillic in small letters', 'АДА@example.com', 'ада@example.com'],
  ])('%s', (_what, typed, canonical) => {
    expect(parseEmail(typed)?.canonical).toBe(canonical);
  });

  it('does not depend on the locale of the host', () => {
    expect('INFO'.toLocaleLowerCase('tr')).not.toBe('info');
    expect(parseEmail('INFO@example.com')).toEqual(
      parseEmail('INFO@EXAMPLE.COM'.replace('EXAMPLE.COM', 'example.com')),
    );
    expect(parseEmail('INFO@IO.example')?.canonical).toBe('info@io.example');
  });

  it('keeps a letter of one script apart from its double in another', () => {
    expect(parseEmail('аda@example.com')?.canonical).not.toBe(parseEmail('ada@example.com')?.canonical);
  });

  it('of a canonical form is that form, so that it can be stored and compared again', () => {
    const local = fc.string({
      unit: fc.constantFrom(...'aZ.+-éÉİIıßΣσς\u0301\u0308Åﬁ'),
      minLength: 1,
      maxLength: 12,
    });
    const domain = fc.constantFrom(
      'example.com',
      'BÜCHER.example',
      'straße.example',
      'ＥＸＡＭＰＬＥ.com',
      '例子.测试',
    );
    fc.assert(
      fc.property(local, domain, (before, after) => {
        const first = parseEmail(`${before}@${after}`);
        fc.pre(first !== null);
        expect(parseEmail(first.canonical)?.canonical).toBe(first.canonical);
      }),
      { seed: 20_261_120, numRuns: 1000 },
    );
  });
});

describe('the email address that is shown', () => {
  it.each([
    ['Ada.BYRON@Example.COM', 'Ada.BYRON@Example.COM'],
    [' ada@Bücher.example ', 'ada@Bücher.example'],
    ['zoe\u0308@example.com', 'zoe\u0308@example.com'],
  ])('of %j is %j: as typed, without the spaces around it', (typed, shown) => {
    expect(parseEmail(typed)?.shown).toBe(shown);
  });

  it('reaches the account it stands for: it has the canonical form of what was typed', () => {
    for (const typed of [' Ada@Example.com', 'ada@BÜCHER.example', 'İ@example.com']) {
      const email = parseEmail(typed);
      expect(parseEmail(email?.shown ?? '')).toEqual(email);
    }
  });
});

describe('the length of an email address', () => {
  const labels = (length: number) => 'a'.repeat(length).replace(/a{60}a(?=a)/g, `${'a'.repeat(60)}.`);
  /** An address of exactly this length whose parts are all short enough. */
  const ofLength = (length: number) => `${'x'.repeat(64)}@${labels(length - 64 - 1 - 4)}.com`;

  it('may be 254 characters', () => {
    expect(ofLength(254)).toHaveLength(254);
    expect(parseEmail(ofLength(254))?.canonical).toBe(ofLength(254));
  });

  it('may not be 255 characters', () => {
    expect(ofLength(255)).toHaveLength(255);
    expect(parseEmail(ofLength(255))).toBeNull();
  });

  it('is counted without the spaces around it', () => {
    expect(parseEmail(`  ${ofLength(254)}  `)?.shown).toHaveLength(254);
  });

  it('is also bounded in punycode, which is what is stored and compared', () => {
    const label = 'ü'.repeat(56);
    const typed = `ada@${[label, label, label, label].join('.')}.example`;

    expect(typed.length).toBeLessThan(254);
    expect(parseEmail(typed)).toBeNull();
    expect(parseEmail(`ada@${label}.example`)).not.toBeNull();
  });

  it('is also bounded as typed, which is stored to be shown', () => {
    const typed = (letters: number) =>
      `${'e\u0301'.repeat(32)}@${'o\u0308'.repeat(40)}.${'u\u0308'.repeat(letters)}.example`;

    expect(parseEmail(typed(30))?.shown.length).toBeLessThanOrEqual(254);
    expect(typed(56).normalize('NFC').length).toBeLessThan(254);
    expect(typed(56).length).toBeGreaterThan(254);
    expect(parseEmail(typed(56))).toBeNull();
  });

  it('of the part before the @ may be 64 bytes and no more', () => {
    expect(parseEmail(`${'x'.repeat(64)}@example.com`)).not.toBeNull();
    expect(parseEmail(`${'x'.repeat(65)}@example.com`)).toBeNull();
    expect(parseEmail(`${'é'.repeat(32)}@example.com`)).not.toBeNull();
    expect(parseEmail(`${'é'.repeat(33)}@example.com`)).toBeNull();
  });
});

describe('no email address', () => {
  it.each([
    ['nothing', ''],
    ['spaces', '   '],
    ['a word', 'ada'],
    ['an @ alone', '@'],
    ['nothing before the @', '@example.com'],
    ['nothing behind the @', 'ada@'],
    ['two @', 'ada@example.com@example.com'],
    ['a space inside', 'ada byron@example.com'],
    ['a space in the domain', 'ada@exam ple.com'],
    ['a point first', '.ada@example.com'],
    ['a point last', 'ada.@example.com'],
    ['two points together', 'ada..byron@example.com'],
    ['two points in the domain', 'ada@example..com'],
    ['a point first in the domain', 'ada@.example.com'],
    ['a point last in the domain', 'ada@example.com.'],
    ['a domain of one word', 'ada@localhost'],
    ['a top-level domain of one letter', 'ada@example.c'],
    ['a top-level domain of digits', 'ada@example.123'],
    ['an IP address', 'ada@127.0.0.1'],
    ['a short IP address', 'ada@127.1'],
    ['an IP address in brackets', 'ada@[127.0.0.1]'],
    ['an IPv6 address', 'ada@[IPv6:::1]'],
    ['a hyphen first in the domain', 'ada@-example.com'],
    ['a hyphen last in a label', 'ada@example-.com'],
    ['an underscore in the domain', 'ada@exam_ple.com'],
    ['broken punycode', 'ada@xn--a.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['angle brackets', '<ada@example.com>'],
    ['a mailto link', 'mailto:ada@example.com'],
    ['two addresses', 'ada@example.com,bob@example.com'],
    ['two addresses in two lines', 'ada@example.com\nbob@example.com'],
    ['a mail header behind it', 'ada@example.com\r\nBcc: bob@example.com'],
    ['a line end before the @', 'ada\n@example.com'],
    ['a NUL', 'ada\0@example.com'],
    ['a NUL in the domain', 'ada@example.com\0.evil.example'],
    ['a port', 'ada@example.com:25'],
    ['a comment', 'ada(comment)@example.com'],
    ['markup', '<script>@example.com'],
    ['JSON', '{"$ne":null}'],
    ['a lone surrogate', 'ada\ud83d@example.com'],
  ])('is %s', (_what, typed) => {
    expect(parseEmail(typed)).toBeNull();
  });

  // A domain is not a URL, though the function that makes punycode reads it like one.
  it.each([
    ['a path behind the domain', 'ada@example.com/path'],
    ['a query behind the domain', 'ada@example.com?cc=bob'],
    ['a fragment behind the domain', 'ada@example.com#x'],
    ['a backslash behind the domain', 'ada@example.com\\x'],
    ['percent-encoding in the domain', 'ada@ex%61mple.com'],
    ['a tab in the domain', 'ada@exam\tple.com'],
    ['a line feed in the domain', 'ada@exam\nple.com'],
    ['a carriage return in the domain', 'ada@exam\rple.com'],
    ['a mail header in the middle', 'ada@exam\r\nple.com'],
    ['another host behind a slash', 'ada@example.com/@evil.example/'],
  ])('is %s, which would be shown and mailed to as typed', (_what, typed) => {
    expect(parseEmail(typed)).toBeNull();
  });
});

describe('parsing, whatever the text is,', () => {
  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        parseEmail(before);
        parseEmail(`${before}@${after}`);
        parseUsername(before);
      }),
      { seed: 20_261_120, numRuns: 3000 },
    );
  });

  it('never finds an address that holds a control character', () => {
    const unit = fc.oneof(
      fc.constantFrom('\0', '\t', '\n', '\r', '\x1b', '\x7f', '\x85', '@', '.'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), fc.string({ unit, maxLength: 10 }), (before, after) => {
        const email = parseEmail(`a${before}@${after}example.com`);
        expect(email?.shown ?? '').not.toMatch(/\p{Cc}/u);
        expect(email?.canonical ?? '').not.toMatch(/\p{Cc}/u);
      }),
      { seed: 20_261_120, numRuns: 3000 },
    );
  });
});

describe('a username', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada', 'ada'],
    ['ADA_Lovelace-1815.x', 'ada_lovelace-1815.x'],
    ['INFO', 'info'],
    ['123', '123'],
    ['_.-', '_.-'],
    ['a'.repeat(32), 'a'.repeat(32)],
  ])('%j is compared as %j and shown as typed', (typed, canonical) => {
    expect(parseUsername(typed)).toEqual({ shown: typed, canonical });
    expect(parseUsername(` ${typed}\n`)).toEqual({ shown: typed, canonical });
  });

  it.each([
    ['is empty', ''],
    ['has two characters', 'ad'],
    ['has 33 characters', 'a'.repeat(33)],
    ['has a space', 'ada byron'],
    ['is of spaces', '     '],
    ['has two characters and spaces', ' ad '],
    ['has a line end', 'ada\nbyron'],
    ['has a NUL', 'ada\0'],
    ['is shaped like an email address', 'ada@example.com'],
    ['has a plus', 'ada+byron'],
    ['has a slash', 'ada/byron'],
    ['has a quote', "ada'--"],
    ['has a percent sign', '%61da'],
    ['has an accent', 'adá'],
    ['has a decomposed accent', 'ada\u0301'],
    ['has the İ of Turkish, whose small letter would be two characters', 'İnfo'],
    ['has the dotless ı', 'ınfo'],
    ['has the Kelvin sign, whose small letter would be k', '\u212aelvin'],
    ['has the long s, whose capital would be S', 'ſarah'],
    ['has a Cyrillic double of a Latin letter', 'аda'],
    ['has wide letters', 'ａｄａ'],
    ['has digits of another script', '٣٤٥'],
    ['has an emoji', 'ada🔑'],
    ['has an invisible character', 'ad\u200ba'],
    ['has a lone surrogate', 'ada\ud83d'],
  ])('is refused when it %s', (_what, typed) => {
    expect(parseUsername(typed)).toBeNull();
  });
});
