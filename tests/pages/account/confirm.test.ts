import { describe, expect, it } from '@jest/globals';
import { anOwner, letSignInsAge, signInOn } from '../../support/account-pages.ts';
import { useApp } from '../../support/app.ts';
import { codeOf, signUpWithTotp } from '../../support/factors.ts';
import { linkProvider } from '../../support/identities.ts';
import { createVisitor, headingOf, problemBeside, problemsOf, wordsOf } from '../../support/page-visitor.ts';
import { aPerson } from '../../support/people.ts';

const EMAIL_PAGE = '/account/confirm?return_to=%2Faccount%2Femail';

describe('Confirming a sign-in that is some time ago', () => {
  const app = useApp('SQLite', { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' });

  it('is asked for before an address changes, and leads back to the page', async () => {
    const { visitor, password } = await anOwner(app);
    letSignInsAge(app);
    await visitor.visit('/account/email');
    const { email } = aPerson();

    const refused = await visitor.press('change', { email });
    const page = await visitor.visit(refused.headers.location ?? '');
    const wrong = await visitor.press('password', { password: 'wrong' });
    const back = await visitor.pressThrough('password', { password });

    expect([refused.status, refused.headers.location]).toEqual([303, EMAIL_PAGE]);
    expect(headingOf(page)).toBe('Is it you?');
    expect(wordsOf(page)).toContain('you will have to enter it again');
    expect(page.text).not.toContain('name="code"');
    expect([wrong.status, problemsOf(wrong)]).toEqual([403, ['That is not your current password.']]);
    expect(problemBeside(wrong, 'password')).toBe('That is not your current password.');
    expect([headingOf(back), wordsOf(back)]).toEqual([
      'Email address',
      expect.stringContaining('please do it once more'),
    ]);
    expect(wordsOf(await visitor.pressThrough('change', { email }))).toContain('on its way');
  });

  it('is told to a script by 204', async () => {
    const { visitor } = await anOwner(app);
    letSignInsAge(app);
    await visitor.visit('/account/email');

    const refused = await visitor.press('change', { email: aPerson().email, by: 'script' });

    expect([refused.status, refused.headers.location]).toEqual([204, EMAIL_PAGE]);
  });

  it.each([
    ['of the app', (secret: string) => codeOf(app, secret).replace(/^.../, '$& ')],
    ['for recovery', (_secret: string, [code = '']: readonly string[]) => code],
  ])('takes the password and a code %s where the account has two factors', async (_which, codeFrom) => {
    const { totp, ...person } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await signInOn(visitor, person);
    await visitor.visit('/sign-in/factor');
    await visitor.press('factor', { method: 'totp', code: codeOf(app, totp.secret) });
    expect(await visitor.whoAmI()).toBe(person.email);
    letSignInsAge(app);
    await visitor.visit('/account/keys');
    const asked = await visitor.pressThrough('create', { key_name: 'Backup', days: '30' });
    expect(headingOf(asked)).toBe('Is it you?');

    const wrong = await visitor.press('password', { password: person.password, code: '000000' });
    const code = codeFrom(totp.secret, totp.recoveryCodes);
    await visitor.pressThrough('password', { password: person.password, code });

    expect([wrong.status, problemsOf(wrong)[0]]).toEqual([403, expect.stringContaining('not correct')]);
    expect(wrong.text).toMatch(/<input id="code"[^>]* aria-invalid="true"/);
    expect(headingOf(await visitor.press('create', { key_name: 'Backup', days: '30' }))).toBe('Your new key');
  });

  it('offers an account without a password its provider, and to sign in again', async () => {
    const { visitor, id } = await anOwner(app);
    await app.models.users.update({ passwordHash: null }, { where: { id } });
    await linkProvider(app, id, { provider: 'github' });

    const page = await visitor.visit('/account/confirm?return_to=/account/keys');

    expect(page.text).not.toContain('name="password"');
    const back = new URLSearchParams({
      return_to: 'https://auth.example.com/account/keys',
      transport: 'cookie',
    });
    expect(page.text).toContain(`href="/login/github?${String(back).replaceAll('&', '&amp;')}"`);
    expect(page.text).toContain('href="/sign-out?return_to=%2Faccount%2Fkeys"');
  });

  it('says what to do where a code comes long after the first factor', async () => {
    const { totp, token: _token, ...person } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await signInOn(visitor, person);
    await visitor.visit('/sign-in/factor');
    await visitor.press('factor', { method: 'totp', code: codeOf(app, totp.secret) });
    letSignInsAge(app);
    await app.models.users.update({ passwordHash: null }, { where: { id: person.id } });
    await visitor.visit('/account/confirm?return_to=/account/keys');

    const refused = await visitor.press('code', { code: codeOf(app, totp.secret) });

    expect([refused.status, problemsOf(refused)]).toEqual([
      401,
      ['Your sign-in is too long ago for that. Sign out, and in again.'],
    ]);
  });

  it.each(['https://evil.example/', '//evil.example/', '/.//evil.example', 'javascript:alert(1)'])(
    'leads to no place like %s',
    async (returnTo) => {
      const { visitor } = await anOwner(app);

      const page = await visitor.visit(`/account/confirm?${new URLSearchParams({ return_to: returnTo })}`);

      expect(page.status).toBe(400);
      expect(page.text).not.toContain('evil');
    },
  );
});
