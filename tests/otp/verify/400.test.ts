import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../../support/app.ts';
import { codeFor, refusalOf, signInBy, wrong } from '../../support/codes.ts';
import { onEachDatabase, onOneDatabase } from '../../support/databases.ts';
import { aPerson } from '../../support/people.ts';

/** Six digits as people type and paste them. */
const TYPED: [how: string, write: (code: string) => string][] = [
  ['with a space in the middle', (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ['with a hyphen in the middle', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['with a longer dash', (code) => `${code.slice(0, 3)}–${code.slice(3)}`],
  ['with a line break from pasting', (code) => `\t${code}\r\n`],
  ['with a no-break space', (code) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`],
  ['with an invisible space', (code) => `\u200b${code}`],
  [
    'in full-width digits',
    (code) => code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
  ],
];

/** Texts and other values that are no code. */
const NO_CODES: [what: string, value: unknown, fieldCode: string][] = [
  ['a number', 49183, 'wrong_type'],
  ['null', null, 'wrong_type'],
  ['an array', ['049183'], 'wrong_type'],
  ['five digits', '04918', 'invalid_code_format'],
  ['seven digits', '0491830', 'invalid_code_format'],
  ['nothing', '', 'invalid_code_format'],
  ['letters', 'O49l83', 'invalid_code_format'],
  ['a sign', '+49183', 'invalid_code_format'],
  ['an exponent', '49183e', 'invalid_code_format'],
  ['digits of another script', '٠٤٩١٨٣', 'invalid_code_format'],
  ['a NUL between', '049\u0000183', 'invalid_code_format'],
  ['digits after much else', `${' '.repeat(100)}049183`, 'invalid_code_format'],
  ['half of a character', '\ud800', 'malformed_text'],
];

onEachDatabase((kind) => {
  describe('POST /otp/verify', () => {
    const app = useApp(kind);

    it.each(TYPED)('takes a code that is written %s', async (_how, write) => {
      const sent = await codeFor(app, aPerson());

      await signInBy(app, { ...sent, code: write(sent.code) }).expect(200);
    });

    it('keeps the zeros in front', async () => {
      const { email } = aPerson();
      let sent = await codeFor(app, { email });
      for (let times = 0; times < 200 && !sent.code.startsWith('0'); times++) {
        app.clock.advanceSeconds(1);
        sent = await codeFor(app, { email });
      }
      expect(sent.code).toMatch(/^0\d{5}$/);

      expect(refusalOf(await signInBy(app, { ...sent, code: String(Number(sent.code)) }))).toBe(
        '400 validation_failed',
      );
      await signInBy(app, sent).expect(200);
    });

    it.each(NO_CODES)(
      'answers 400 to a code that is %s, without counting a try',
      async (_what, value, fieldCode) => {
        const sent = await codeFor(app, aPerson());
        for (let times = 0; times < 6; times++) {
          const { body } = await app
            .post('/otp/verify')
            .type('json')
            .send(JSON.stringify({ challenge_id: sent.challengeId, code: value }))
            .expect(400);
          expect(body).toMatchObject({
            code: 'validation_failed',
            errors: [{ pointer: '/code', code: fieldCode }],
          });
        }

        await signInBy(app, sent).expect(200);
      },
    );

    it('says how many tries are left after a wrong code', async () => {
      const sent = await codeFor(app, aPerson());
      const details: string[] = [];
      for (let times = 0; times < 5; times++) {
        const { body } = await signInBy(app, { ...sent, code: wrong(sent.code) }).expect(400);
        details.push(String(body.detail));
      }

      expect(details.map((detail) => /\d+(?= more tr)/.exec(detail)?.[0])).toEqual([
        '4',
        '3',
        '2',
        '1',
        undefined,
      ]);
      expect(details.at(-1)).toContain('Ask for another');
    });

    it('answers invalid_code to the id of no challenge, as to a wrong code', async () => {
      const sent = await codeFor(app, aPerson());
      const unknown = await signInBy(app, { challengeId: uuidv7(), code: sent.code }).expect(400);
      const refused = await signInBy(app, { ...sent, code: wrong(sent.code) }).expect(400);

      expect(unknown.body.code).toBe('invalid_code');
      expect(refused.body.code).toBe('invalid_code');
    });

    it('takes the id of a challenge without regard to case', async () => {
      const sent = await codeFor(app, aPerson());
      await signInBy(app, { ...sent, challengeId: sent.challengeId.toUpperCase() }).expect(200);
    });
  });
});

onOneDatabase((kind) => {
  describe('Bodies and tokens that are wrong', () => {
    const app = useApp(kind);
    const ID = '01a1f739-6923-7248-88fc-19260e07eec4';

    it.each([
      ['/otp', {}, '', 'one_address'],
      ['/otp', { email: 'x@example.com', phone: '+4915112345678' }, '', 'one_address'],
      ['/otp', { email: 'nobody' }, '/email', 'invalid_email'],
      ['/otp', { email: 'a@example.com\u0000' }, '/email', 'invalid_email'],
      ['/otp', { email: 'a@example.com\r\nBcc: b@example.com' }, '/email', 'invalid_email'],
      ['/otp', { phone: 49151 }, '/phone', 'wrong_type'],
      ['/otp', { phone: '015112345678' }, '/phone', 'invalid_phone'],
      ['/otp', { email: 'x@example.com', more: 1 }, '/more', 'unknown_field'],
      ['/otp/verify', { challenge_id: 'x', code: '123456' }, '/challenge_id', 'invalid'],
      ['/otp/verify', { challenge_id: ID, code: '123456', transport: 'x' }, '/transport', 'invalid'],
      ['/otp/verify', { code: '123456' }, '/challenge_id', 'required'],
      ['/login/link', {}, '/email', 'required'],
      ['/login/link', { email: 'x@example.com', return_to: 1 }, '/return_to', 'wrong_type'],
      [
        '/login/link',
        { email: 'x@example.com', return_to: `https://x/${'x'.repeat(2000)}` },
        '/return_to',
        'too_long',
      ],
      ['/login/exchange', {}, '/code', 'required'],
      ['/login/exchange', { code: 1 }, '/code', 'wrong_type'],
      ['/email/verify', {}, '', 'one_proof'],
      ['/email/verify', { challenge_id: ID }, '', 'one_proof'],
      ['/email/verify', { challenge_id: ID, code: '123456', token: 'x' }, '', 'one_proof'],
      ['/email/verify/resend', {}, '/email', 'required'],
      ['/email/undo', {}, '/token', 'required'],
      ['/email/undo', { token: '\ud800' }, '/token', 'malformed_text'],
      ['/lockdown', { token: null }, '/token', 'wrong_type'],
      ['/password/forgot', { email: null }, '/email', 'wrong_type'],
      ['/password/reset', { challenge_id: ID, new_password: 'a long enough one' }, '', 'one_proof'],
    ])('are refused by POST %s: %j', async (path, sent, pointer, code) => {
      const { body } = await app.post(path).type('json').send(JSON.stringify(sent)).expect(400);

      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
    });

    const long = 'x'.repeat(7_900);
    it.each([
      ['/email/verify', { token: long }, 'invalid_link'],
      ['/email/verify', { token: '' }, 'invalid_link'],
      ['/email/verify', { token: 'a\u0000b' }, 'invalid_link'],
      ['/email/undo', { token: long }, 'invalid_link'],
      ['/lockdown', { token: 'a\u0000b' }, 'invalid_link'],
      ['/login/exchange', { code: long }, 'invalid_link'],
      ['/login/exchange', { code: '123456' }, 'invalid_link'],
      ['/password/reset', { token: 'a\u0000b', new_password: 'a long enough one' }, 'invalid_reset_token'],
    ])('are unknown to POST %s', async (path, body, code) => {
      expect((await app.post(path).send(body).expect(400)).body.code).toBe(code);
    });

    it.each([
      '/email/verify',
      '/email/undo',
      '/lockdown',
      '/login/exchange',
      '/otp/verify',
      '/password/reset',
    ])('are too large for POST %s from 8 KB on', async (path) => {
      await app
        .post(path)
        .send({ token: 'x'.repeat(10_000) })
        .expect(413);
    });

    it.each(['/login/link', '/email/verify', '/email/undo', '/lockdown', '/password/reset'])(
      'of a path below %s get a page that says so, and none is an error of the service',
      async (path) => {
        for (const token of [
          'x',
          'x'.repeat(10_000),
          '%00',
          'a%0d%0ab',
          '%ff',
          '..%2f..',
          '%F0%9F%98%80',
          "'--",
        ]) {
          for (const method of ['GET', 'POST', 'HEAD']) {
            const { status } = await fetch(`${app.url}${path}/${token}`, { method });
            expect([400, 404, 414, 431]).toContain(status);
          }
        }
      },
    );
  });
});
