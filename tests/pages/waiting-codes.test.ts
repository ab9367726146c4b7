import { describe, expect, it } from '@jest/globals';
import { anOwner, signInOn } from '../support/account-pages.ts';
import { useApp } from '../support/app.ts';
import { messageTo } from '../support/codes.ts';
import { createVisitor, type Visitor, wordsOf } from '../support/page-visitor.ts';
import { type Person, signUp } from '../support/people.ts';

const ADDRESS = 'someone@example.com';

/** Which code a browser waits for is in a cookie, for ten minutes. */
describe('The address that a code is on its way to', () => {
  const app = useApp('SQLite');

  const isShown = async (visitor: Visitor) => wordsOf(await visitor.visit('/verify-email')).includes(ADDRESS);

  /** Has a browser wait for a code. */
  async function waitForCode(visitor: Visitor): Promise<void> {
    await visitor.visit('/verify-email');
    await visitor.pressThrough('send', { email: ADDRESS });
    expect(await isShown(visitor)).toBe(true);
  }

  it('is forgotten when the account is deleted, with the cookie of its session', async () => {
    const { visitor, password } = await anOwner(app);
    await waitForCode(visitor);
    await visitor.visit('/account/data');

    await visitor.press('remove', { password });

    expect([...visitor.cookies.keys()].filter((name) => /^latchkey(-pending|$)/.test(name))).toEqual([]);
    expect(await isShown(visitor)).toBe(false);
  });

  it('is forgotten when the account is locked', async () => {
    const { visitor } = await anOwner(app);
    await waitForCode(visitor);
    await visitor.visit('/account/secure');

    await visitor.press('lock');

    expect(await isShown(visitor)).toBe(false);
  });

  it('is forgotten when the session was ended elsewhere', async () => {
    const { visitor, token } = await anOwner(app);
    await waitForCode(visitor);
    await app.post('/logout?scope=global').auth(token, { type: 'bearer' }).expect(204);

    await visitor.visit('/account');

    expect(await isShown(visitor)).toBe(false);
  });

  it.each([
    ['with a password', signInOn],
    [
      'by a link',
      async (visitor: Visitor, { email }: Person) => {
        app.clock.advanceSeconds(1);
        await visitor.visit('/sign-in');
        await visitor.press('link', { identifier: email });
        await visitor.visit((await messageTo(app, email)).link);
        await visitor.press('');
      },
    ],
  ])('is forgotten when someone signs in %s', async (_how, signIn) => {
    const person = await signUp(app);
    const visitor = createVisitor(app);
    await waitForCode(visitor);

    await signIn(visitor, person);

    expect(await visitor.whoAmI()).toBe(person.email);
    expect(await isShown(visitor)).toBe(false);
  });

  it('stays while a refused sign-in goes on', async () => {
    const { email } = await signUp(app);
    const visitor = createVisitor(app);
    await waitForCode(visitor);
    await visitor.visit('/sign-in');

    await visitor.press('password', { identifier: email, password: 'wrong' });

    expect(await isShown(visitor)).toBe(true);
  });
});
