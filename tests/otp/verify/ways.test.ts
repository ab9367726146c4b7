import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../../support/app.ts';
import { type Begun, CODE_WAYS, LINK_WAYS, WAYS, type Way } from '../../support/code-ways.ts';
import { refusalOf, wrong } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { modelsOf } from '../../support/models.ts';

const EVERY_PROOF = WAYS.map((way) => [way.what, way] as const);
const CODES = CODE_WAYS.map((way) => [way.what, way] as const);
const LINKS = LINK_WAYS.map((way) => [way.what, way] as const);
const isDone = (status: number) => status < 400;

/** Uses what was sent, by its code if it has one. */
const use = ({ byCode, byLink }: Begun, given: Begun['first']) =>
  byCode?.(given) ?? (byLink as NonNullable<Begun['byLink']>)(given);

/** What refuses a link, which of resets is one error for all of them. */
async function linkRefusal(begun: Begun, given = begun.first): Promise<string> {
  const answer = await (begun.byLink as NonNullable<Begun['byLink']>)(given);
  // Pages are no JSON.
  if (answer.type === 'text/html') return String(answer.status);
  return refusalOf(answer);
}

const ONE_ERROR = '400 invalid_reset_token';

onEachDatabase((kind) => {
  const app = useApp(kind, { NEW_DEVICE_MAIL: 'true' });

  /** One of each, at which what was sent for something else is tried. */
  const begunOnce = new Map<string, Promise<Begun>>();
  async function onceOf(way: Way): Promise<Begun> {
    const begun = begunOnce.get(way.what) ?? way.begin(app);
    begunOnce.set(way.what, begun);
    return begun;
  }

  describe.each(CODES)('%s', (_what, way) => {
    it('is six digits, and works once', async () => {
      const begun = await way.begin(app);
      expect(begun.first.code).toMatch(/^\d{6}$/);

      expect(isDone((await use(begun, begun.first)).status)).toBe(true);

      expect(refusalOf(await use(begun, begun.first))).toBe('400 code_used');
    });

    it('works until a second before it expires, and is refused as expired from then on', async () => {
      const [early, late] = [await way.begin(app), await way.begin(app)];
      app.clock.advanceSeconds(way.seconds - 1);
      const [fresh, stale] = [await way.begin(app), late];
      expect(isDone((await use(early, early.first)).status)).toBe(true);
      app.clock.advanceSeconds(1);

      const refused = refusalOf(await use(stale, stale.first));

      // The access token of the one who adds a number lives as long as this.
      if (way.what === 'a code to add a phone number' && refused.startsWith('401')) return;
      expect(refused).toBe('400 code_expired');
      expect(isDone((await use(fresh, fresh.first)).status)).toBe(true);
    });

    it('is replaced by the next one, and says so', async () => {
      const begun = await way.begin(app);
      app.clock.advanceSeconds(1);
      const next = await begun.again?.();

      expect(refusalOf(await use(begun, begun.first))).toBe('400 code_replaced');
      expect(isDone((await use(begun, next as Begun['first'])).status)).toBe(true);
    });

    it('is not compared a sixth time', async () => {
      const begun = await way.begin(app);
      const { first } = begun;
      for (let by = 1; by <= 5; by++) {
        expect(refusalOf(await use(begun, { ...first, code: wrong(first.code, by) }))).toBe(
          '400 invalid_code',
        );
      }

      expect(refusalOf(await use(begun, first))).toBe('400 too_many_tries');
    });

    it('works after four wrong ones', async () => {
      const begun = await way.begin(app);
      const { first } = begun;
      for (let by = 1; by <= 4; by++) await use(begun, { ...first, code: wrong(first.code, by) });

      expect(isDone((await use(begun, first)).status)).toBe(true);
    });

    it('works for no other challenge of the same kind', async () => {
      const [one, other] = [await way.begin(app), await way.begin(app)];
      const code = other.first.code === one.first.code ? wrong(one.first.code) : one.first.code;

      expect(refusalOf(await use(other, { ...other.first, code }))).toBe('400 invalid_code');
    });
  });

  describe.each(LINKS)('The token of %s', (_what, way) => {
    it('has 256 random bits, and works once', async () => {
      const begun = await way.begin(app);
      expect(begun.first.token).toMatch(/^[\w-]{43}$/);
      expect(isDone((await begun.byLink?.(begun.first))?.status ?? 0)).toBe(true);

      expect(['400 code_used', ONE_ERROR, '400']).toContain(await linkRefusal(begun));
    });

    it('works until a second before it expires, and not from then on', async () => {
      const [early, late] = [await way.begin(app), await way.begin(app)];
      app.clock.advanceSeconds(way.seconds - 1);
      expect(isDone((await early.byLink?.(early.first))?.status ?? 0)).toBe(true);
      app.clock.advanceSeconds(1);

      expect(['400 code_expired', ONE_ERROR, '400']).toContain(await linkRefusal(late));
    });

    it('works in no other spelling', async () => {
      const begun = await way.begin(app);
      for (const token of [
        `${begun.first.token}=`,
        begun.first.token.toLowerCase(),
        ` ${begun.first.token}`,
      ]) {
        if (token === begun.first.token) continue;
        expect(['400 invalid_link', ONE_ERROR, '400']).toContain(
          await linkRefusal(begun, { ...begun.first, token: encodeURIComponent(token) }),
        );
      }
      expect(isDone((await begun.byLink?.(begun.first))?.status ?? 0)).toBe(true);
    });
  });

  describe.each(EVERY_PROOF)('What was sent for %s', (what, way) => {
    it('works for nothing else, and is as good as before', async () => {
      const begun = await way.begin(app);
      for (const other of WAYS.filter((each) => each.what !== what)) {
        const there = await onceOf(other);
        if (begun.first.code !== '' && there.byCode !== undefined && !areOne(way, other)) {
          expect(refusalOf(await there.byCode(begun.first))).toBe('400 invalid_code');
        }
        if (begun.first.token !== '' && there.byLink !== undefined && !areOne(way, other)) {
          expect(['400 invalid_link', ONE_ERROR, '400']).toContain(await linkRefusal(there, begun.first));
        }
      }
      const again = way.seconds === 60 ? await way.begin(app) : begun;
      expect(isDone((await use(again, again.first)).status)).toBe(true);
    });

    it('stands in clear in no table, log, audit entry or export', async () => {
      const begun = await way.begin(app);
      const { code, token } = begun.first;
      const secrets = [code, token].filter((secret) => secret !== '');
      const kept = await everythingKept(app);

      for (const secret of secrets) expect(holds(kept, secret)).toBe(false);
      const lines = app.logs.lines.filter((line) => !line.includes('message kept in the outbox'));
      for (const secret of secrets) expect(holds(lines.join('\n'), secret)).toBe(false);
    });

    it('is not good for a user who was disabled since', async () => {
      const begun = await way.begin(app);
      // Locking an account down is no way into it.
      if (begun.userId === undefined || way.what === 'a link that locks an account down') return;
      await app.store.users.disable(begun.userId, new Date(app.clock.now()));

      const { status } = await use(begun, begun.first);

      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    });

    it('is not good for a user who was deleted since', async () => {
      const begun = await way.begin(app);
      if (begun.userId === undefined) return;
      await app.store.users.removeAny(begun.userId);

      const { status } = await use(begun, begun.first);

      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    });
  });
});

/** POST /email/verify takes what proves an address, and POST /otp/verify what signs in, by mail or SMS. */
function areOne(one: Way, other: Way): boolean {
  const kinds = [
    ['a code and a link to verify an address', 'a code and a link to change an address'],
    ['a code by mail to sign in', 'a code by SMS to sign in'],
  ];
  return kinds.some((kind) => kind.includes(one.what) && kind.includes(other.what));
}

async function everythingKept({ database }: TestApp): Promise<string> {
  const models = Object.values(modelsOf(database)) as unknown as {
    findAll(options: object): Promise<object[]>;
  }[];
  const rows = await Promise.all(models.map((model) => model.findAll({ raw: true })));
  return JSON.stringify(rows);
}

/** Whether a text holds a secret by itself: six digits may be a part of any longer number. */
function holds(text: string, secret: string): boolean {
  return new RegExp(`(?<![\\w.-])${secret}(?![\\w.-])`).test(text);
}
