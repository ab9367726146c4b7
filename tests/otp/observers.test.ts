import { describe, expect, it } from '@jest/globals';
import type { Response, Test } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { type TestApp, useApp } from '../support/app.ts';
import { aPhone, messagesDuring, refusalOf, signInBy, wrong } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';

/** Those who may have an address; a stranger must not learn which it is. */
const OWNERS = ['nobody', 'known', 'disabled', 'unverified'] as const;

type Owner = (typeof OWNERS)[number];

/** An address of this kind, as long as any other. */
async function addressOf(app: TestApp, owner: Owner): Promise<string> {
  const person = aPerson();
  if (owner === 'nobody') return person.email;
  const { id } = await signUp(app, person);
  const at = new Date(app.clock.now());
  if (owner !== 'unverified') await app.store.users.verifyEmail(id, person.email, at);
  if (owner === 'disabled') await app.store.users.disable(id, at);
  return person.email;
}

/** What of an answer differs from one request to the next is left out, and ids are told by their form alone. */
function visible({ status, headers, body }: Response) {
  const {
    date: _date,
    'x-request-id': _id,
    'set-cookie': cookie,
    ...others
  } = headers as Record<string, string>;
  const shape = JSON.stringify(body).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'an id');
  const limits = others.ratelimit?.replace(/r=\d+/g, 'r=some').replace(/t=\d+/g, 't=some');
  return { status, headers: { ...others, ratelimit: limits }, shape, hasCookie: cookie !== undefined };
}

/** Each statement without its values. */
function kindsOf(statements: readonly string[]): string[] {
  return statements.map((sql) =>
    sql
      .replace(/'(?:[^'\\]|''|\\.)*'|\b\d+\b|\bNULL\b/g, 'v')
      .replace(/\s+/g, ' ')
      .slice(0, 200),
  );
}

onEachDatabase((kind) => {
  describe.each([
    ['as it is by default', {}],
    ['where codes make no account', { OTP_SIGNUP: 'false' }],
    ['where sign-ups hide it', { SIGNUP_ENUMERATION: 'hide' }],
  ])('Whether an address has an account, %s,', (_how, env) => {
    const app = useApp(kind, { OTP_SIGNUP: 'true', ...env });
    const hides = 'SIGNUP_ENUMERATION' in env;

    /** In the mode that hides it, accounts are made by the store. */
    async function address(owner: Owner): Promise<string> {
      if (!hides) return addressOf(app, owner);
      const { email } = aPerson();
      if (owner === 'nobody') return email;
      const at = new Date(app.clock.now());
      const id = uuidv7();
      const identifier = { shown: email, canonical: email };
      const unverified = owner === 'unverified' ? null : at;
      await app.store.users.insert({
        id,
        email: identifier,
        username: null,
        name: null,
        passwordHash: null,
        emailVerifiedAt: unverified,
        createdAt: at,
      });
      if (owner === 'disabled') await app.store.users.disable(id, at);
      return email;
    }

    const asking: [string, (email: string) => Test][] = [
      ['POST /password/forgot', (email) => app.post('/password/forgot').send({ email })],
      ['POST /otp', (email) => app.post('/otp').send({ email })],
      ['POST /login/link', (email) => app.post('/login/link').send({ email })],
      ['POST /email/verify/resend', (email) => app.post('/email/verify/resend').send({ email })],
      ...(hides
        ? [
            ['POST /signup', (email: string) => app.post('/signup').send(aPerson({ email }))] as [
              string,
              (email: string) => Test,
            ],
          ]
        : []),
    ];

    it.each(asking)(
      'is not told by the answer of %s, nor by what it asks the database',
      async (_what, ask) => {
        const seen = new Map<Owner, { visible: unknown; statements: string[] }>();
        // What is loaded or prepared once is none of their business.
        await ask(await address('nobody')).expect(202);
        await app.outbox.settled();
        for (const owner of OWNERS) {
          const email = await address(owner);
          await app.outbox.settled();
          let answer: Response | undefined;
          const statements = await statementsDuring(app, async () => {
            answer = await ask(email);
          });
          await app.outbox.settled();
          seen.set(owner, {
            visible: visible(answer as Response),
            statements: kindsOf(ofRequest(statements)),
          });
        }

        const [nobody, ...others] = [...seen.values()];
        expect(nobody?.statements.length).toBeGreaterThan(5);
        for (const other of others) expect(other).toEqual(nobody);
      },
    );

    it('is not told by trying codes: wrong ones, too many, replaced, expired and limited ones are alike', async () => {
      const seen = new Map<Owner, string[]>();
      for (const owner of OWNERS) {
        const email = await address(owner);
        const said: string[] = [];
        const ask = async () =>
          (await app.post('/otp').send({ email }).expect(202)).body.challenge_id as string;
        const attempt = async (challengeId: string, code: string) =>
          said.push(refusalOf(await signInBy(app, { challengeId, code })));
        const first = await ask();
        const known = await codeOf(email);
        for (let by = 1; by <= 6; by++) await attempt(first, wrong(known, by));
        app.clock.advanceSeconds(1);
        const second = await ask();
        const next = await codeOf(email);
        await attempt(first, wrong(next));
        app.clock.advanceSeconds(600);
        await attempt(second, wrong(next));
        const third = await ask();
        const last = await codeOf(email);
        for (let by = 1; by <= 6; by++) await attempt(third, wrong(last, by));
        app.clock.advanceSeconds(1);
        await attempt(await ask(), '000000');
        seen.set(owner, said);
      }

      const [nobody, ...others] = [...seen.values()];
      expect(nobody).toEqual([
        ...Array(5).fill('400 invalid_code'),
        '400 too_many_tries',
        '400 code_replaced',
        '400 code_expired',
        ...Array(5).fill('400 invalid_code'),
        '400 too_many_tries',
        '429 rate_limited',
      ]);
      for (const other of others) expect(other).toEqual(nobody);
    });

    /** The code that was mailed last, or any where none was. */
    async function codeOf(email: string): Promise<string> {
      await app.outbox.settled();
      const message = (await app.outbox.listLatest(20)).find(({ to }) => to === email);
      return message !== undefined && 'code' in message.data ? message.data.code : '271828';
    }

    it('is not told by a code that nobody was sent: none of a thousand fits', async () => {
      const email = await address('disabled');
      const { body } = await app.post('/otp').send({ email }).expect(202);
      const row = (await app.models.challenges.findByPk(body.challenge_id))?.get();
      expect(row?.codeMac).toMatch(/^[\w-]{43}$/);
      const messages = await messagesDuring(app, () => app.post('/otp').send({ email }).expect(202));
      expect(messages).toEqual([]);
    });
  });

  describe('Whether a phone number has an account', () => {
    const app = useApp(kind, { OTP_SIGNUP: 'false' });

    it('is not told by the answer of POST /otp, nor by what it asks the database', async () => {
      const answers: unknown[] = [];
      await app.post('/otp').send({ phone: aPhone() }).expect(202);
      await app.outbox.settled();
      for (const owner of ['nobody', 'known', 'disabled'] as const) {
        const phone = await phoneOf(app, owner);
        let answer: Response | undefined;
        const statements = await statementsDuring(app, async () => {
          answer = await app.post('/otp').send({ phone });
        });
        await app.outbox.settled();
        answers.push({ ...visible(answer as Response), statements: kindsOf(ofRequest(statements)) });
      }

      for (const answer of answers) expect(answer).toEqual(answers[0]);
    });
  });

  describe('Whether another account has an address', () => {
    const app = useApp(kind);

    it('is not told to those who want to change to it: its owner gets a mail without a code', async () => {
      const seen: unknown[] = [];
      for (const owner of ['nobody', 'known', 'disabled'] as const) {
        const { token } = await signUp(app);
        const email = await addressOf(app, owner);
        await app.outbox.settled();
        let answer: Response | undefined;
        let statements: string[] = [];
        const messages = await messagesDuring(app, async () => {
          statements = await statementsDuring(app, async () => {
            answer = await app.post('/me/email').auth(token, { type: 'bearer' }).send({ email });
          });
        });
        seen.push({ ...visible(answer as Response), statements: kindsOf(ofRequest(statements)) });
        if (owner === 'disabled') expect(messages).toEqual([]);
        else expect(messages).toMatchObject([{ to: email }]);
        if (owner === 'known') expect(messages[0]?.data).toEqual({});
        const { body } = answer as Response;
        const wrongs: string[] = [];
        for (let times = 0; times < 6; times++) {
          wrongs.push(
            refusalOf(
              await app.post('/email/verify').send({ challenge_id: body.challenge_id, code: '314159' }),
            ),
          );
        }
        if (messages[0]?.code !== '314159')
          expect(wrongs).toEqual([...Array(5).fill('400 invalid_code'), '400 too_many_tries']);
      }

      for (const answer of seen) expect(answer).toEqual(seen[0]);
    });
  });
});

/** With a store in place of sign-ins, since those by unknown numbers make no account here. */
async function phoneOf(app: TestApp, owner: 'nobody' | 'known' | 'disabled'): Promise<string> {
  const phone = aPhone();
  if (owner === 'nobody') return phone;
  const at = new Date(app.clock.now());
  const id = uuidv7();
  const rest = { email: null, username: null, name: null, passwordHash: null, createdAt: at };
  await app.store.users.insert({ id, phone, ...rest });
  if (owner === 'disabled') await app.store.users.disable(id, at);
  return phone;
}

/** Without those that send the messages, which is after the answer. */
function ofRequest(statements: readonly string[]): string[] {
  return statements.filter(
    (sql) => !/(FROM|UPDATE|INTO|DELETE FROM)\W+outbox\W/i.test(sql) || /INSERT INTO outbox/.test(sql),
  );
}
