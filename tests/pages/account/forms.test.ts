import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS } from '../../../config/baseline.cjs';
import { ACCOUNT_PATHS, anOwner, FIREFOX, signInOn } from '../../support/account-pages.ts';
import { userWho } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { markVerified, messageTo } from '../../support/codes.ts';
import { addTotp, codeOf, rememberDevice } from '../../support/factors.ts';
import { linkProvider } from '../../support/identities.ts';
import { createVisitor, headingOf, problemBeside, problemsOf, wordsOf } from '../../support/page-visitor.ts';
import { aPerson, aUsername, signUp } from '../../support/people.ts';

const as = { type: 'bearer' } as const;
const NEW_PASSWORD = 'a better horse, a bigger staple';
const PHONE = '+4915112345678';

/** The secret of an app that is being set up. */
const secretIn = (text: string) => (/class="secret">([A-Z2-7 ]+)</.exec(text)?.[1] ?? '').replaceAll(' ', '');

interface Named {
  readonly name: string;
}

describe('The account pages', () => {
  const app = useApp('SQLite', { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' });

  const read = async (token: string, path: string) => (await app.get(path).auth(token, as).expect(200)).body;

  /** The id in the form of a page that has this button. */
  const idIn = (text: string, form: string) =>
    new RegExp(`name="id" value="([\\w-]+)">[\\s\\S]*?value="${form}"`).exec(text)?.[1] ?? '';

  describe('the overview', () => {
    it('leads to all that there is, with what it is at present', async () => {
      const { visitor, email } = await anOwner(app, { name: 'Grace Hopper' });

      const page = await visitor.visit('/account');

      const links = [...page.text.matchAll(/href="(\/account\/\w+)"/g)].map(([, path]) => path);
      expect(links.sort()).toEqual(
        ACCOUNT_PATHS.filter((path) => !['/account', '/account/confirm'].includes(path)).sort(),
      );
      expect(wordsOf(page)).toContain(`${email}, not confirmed yet`);
      expect(wordsOf(page)).toContain('Signed in on 2 devices');
      expect(wordsOf(page)).toContain('Two-factor sign-in is off: a password alone signs you in');
    });
  });

  describe('the profile', () => {
    it('is saved, in the language that it names from then on', async () => {
      const { visitor, token } = await anOwner(app);
      const username = aUsername();
      await visitor.visit('/account/profile');

      const page = await visitor.pressThrough('save', { name: 'Grace Hopper', username, language: 'de' });

      expect(headingOf(page)).toBe('Profil');
      expect(wordsOf(page)).toContain('Gespeichert.');
      expect(page.text).toContain(`value="${username}"`);
      expect(page.text).toContain('<option value="de" selected>Deutsch</option>');
      expect((await read(token, '/me')).user).toMatchObject({
        name: 'Grace Hopper',
        username,
        language: 'de',
      });
      await visitor.pressThrough('save', { name: '', username: '', language: '' });
      expect((await read(token, '/me')).user).toMatchObject({ name: null, username: null, language: null });
    });

    it('keeps what was typed where that is refused, and says beside the field why', async () => {
      const { username = '' } = await signUp(app, { username: aUsername() });
      const { visitor } = await anOwner(app);
      await visitor.visit('/account/profile');

      const taken = await visitor.press('save', { name: 'Grace', username, language: '' });
      const wrong = await visitor.press('save', { name: 'Grace', username: 'no spaces', language: '' });

      expect([taken.status, wrong.status]).toEqual([409, 400]);
      expect(problemsOf(taken)).toEqual(['This username is taken. Choose another one.']);
      expect(taken.text).toContain('value="Grace"');
      expect(wrong.text).toMatch(/<input id="username"[^>]* value="no spaces"[^>]* aria-invalid="true"/);
    });
  });

  describe('the email address', () => {
    it('is changed once the code of the message to the new one has come back', async () => {
      const { visitor, token } = await anOwner(app);
      const { email } = aPerson();
      await visitor.visit('/account/email');
      const sent = await visitor.pressThrough('change', { email });
      expect(wordsOf(sent)).toContain(`A code is on its way to ${email}`);

      const refused = await visitor.press('code', { code: 'abc' });
      const { code } = await messageTo(app, email);
      const wrong = await visitor.press('code', { code: code === '111111' ? '222222' : '111111' });
      const page = await visitor.pressThrough('code', { code });

      expect([refused.status, wrong.status]).toEqual([400, 400]);
      expect(wordsOf(wrong)).toContain(`A code is on its way to ${email}`);
      expect(wordsOf(page)).toContain(`${email} is confirmed.`);
      expect(wordsOf(page)).not.toContain('on its way');
      expect((await read(token, '/me')).user).toMatchObject({ email, email_verified: true });
    });

    it('is verified by the code that the sign-up has mailed', async () => {
      const { email, password } = aPerson();
      const visitor = createVisitor(app);
      await visitor.visit('/sign-up');
      const { headers } = await visitor.press('sign_up', { email, new_password: password });
      const { code } = await messageTo(app, email);

      const waiting = await visitor.visit('/account/email');
      const page = await visitor.pressThrough('code', { code });

      // As long as the code is good.
      expect(headers['set-cookie']).toContainEqual(
        expect.stringMatching(/-pending-user\.email=\S+; Max-Age=86400;/),
      );
      expect(wordsOf(waiting)).toContain(`A code is on its way to ${email}`);
      expect(wordsOf(page)).toContain(`${email} is confirmed.`);
      expect(wordsOf(page)).not.toContain('on its way');
    });

    it('is verified by a code that is asked for again', async () => {
      const { visitor, token, email } = await anOwner(app);
      app.clock.advanceSeconds(1);
      await visitor.visit('/account/email');
      await visitor.pressThrough('verify', { address: email });

      const page = await visitor.pressThrough('code', { code: (await messageTo(app, email)).code });

      expect(wordsOf(page)).toContain('The address is confirmed.');
      expect((await read(token, '/me')).user.email_verified).toBe(true);
    });

    it('has a button of its own name for each message, and for another one', async () => {
      const { visitor, email } = await anOwner(app);
      app.clock.advanceSeconds(1);
      const before = await visitor.visit('/account/email');
      await visitor.pressThrough('verify', { address: email });
      const after = await visitor.visit('/account/email');

      const buttonsOf = ({ text }: typeof before) =>
        [...text.matchAll(/<button[^>]*>([^<]+)</g)].map(([, words]) => words);

      expect(buttonsOf(before)).toEqual(['Send a code', 'Send a code to the new address']);
      expect(buttonsOf(after)).toEqual(['Confirm', 'Send another code', 'Send a code to the new address']);
    });

    it('is asked for without a word of an old one where the account has none', async () => {
      const visitor = createVisitor(app);
      const phone = '+4915112345670';
      await visitor.visit('/sign-in');
      await visitor.pressThrough('code', { identifier: phone });
      await visitor.pressThrough('code', { code: (await messageTo(app, phone)).code });

      const page = await visitor.visit('/account/email');

      expect(wordsOf(page)).toContain('Add an address We will email a code to this address.');
      expect(wordsOf(page)).not.toContain('The old one');
    });
  });

  describe('the phone number', () => {
    it('is added by the code of an SMS, and removed', async () => {
      const { visitor, token } = await anOwner(app);
      await visitor.visit('/account/phone');
      const refused = await visitor.press('change', { phone: '12' });
      await visitor.pressThrough('change', { phone: PHONE });
      const added = await visitor.pressThrough('code', { code: (await messageTo(app, PHONE)).code });

      expect(refused.status).toBe(400);
      expect(wordsOf(added)).toContain(`${PHONE} belongs to your account.`);
      expect((await read(token, '/me')).user.phone).toBe(PHONE);
      expect(wordsOf(await visitor.pressThrough('remove'))).toContain('The number is removed.');
      expect((await read(token, '/me')).user.phone).toBeNull();
    });

    it.each([
      ['phone', { phone: PHONE }, PHONE],
      ['email', { email: 'next@example.com' }, 'next@example.com'],
    ])('that a code is on its way to is not shown to who signs in next: %s', async (page, typed, shown) => {
      const { visitor } = await anOwner(app);
      await visitor.visit(`/account/${page}`);
      expect(wordsOf(await visitor.pressThrough('change', typed))).toContain(shown);
      const withCode = visitor.cookieHeader();
      await visitor.visit('/sign-out');

      await visitor.press('sign_out');

      expect(withCode).toContain(`-pending-user.${page}=`);
      expect(visitor.cookieHeader()).not.toContain('-pending-');
      await signInOn(visitor, await signUp(app));
      expect(wordsOf(await visitor.visit(`/account/${page}`))).not.toContain(shown);
    });

    it('stays where it is the last way to sign in', async () => {
      const { visitor, id } = await anOwner(app);
      await app.models.users.update({ phone: '+4915112345679', passwordHash: null }, { where: { id } });
      await visitor.visit('/account/phone');

      const refused = await visitor.press('remove');

      expect(refused.status).toBe(409);
      expect(problemsOf(refused)).toEqual(['That is your last way to sign in. Add another one first.']);
    });
  });

  describe('the password', () => {
    it('is changed, which signs all other devices out', async () => {
      const { visitor, token, email, password } = await anOwner(app);
      await visitor.visit('/account/password');
      const wrong = await visitor.press('change', { current_password: 'wrong', new_password: NEW_PASSWORD });
      const weak = await visitor.press('change', { current_password: password, new_password: 'password1' });
      const page = await visitor.pressThrough('change', {
        current_password: password,
        new_password: NEW_PASSWORD,
      });

      expect([wrong.status, weak.status]).toEqual([403, 400]);
      expect(problemsOf(wrong)).toEqual(['That is not your current password.']);
      expect(problemBeside(wrong, 'current_password')).toBe('That is not your current password.');
      for (const { text } of [wrong, weak]) expect(text).not.toContain(NEW_PASSWORD);
      expect(wordsOf(page)).toContain('Your password is changed.');
      await app.get('/me').auth(token, as).expect(401);
      await app.post('/login').send({ email, password: NEW_PASSWORD }).expect(200);
    });

    it('is set by a link where there is none', async () => {
      const { visitor, id, email } = await anOwner(app);
      await app.models.users.update({ passwordHash: null }, { where: { id } });
      app.clock.advanceSeconds(1);
      const page = await visitor.visit('/account/password');
      expect(page.text).not.toContain('current_password');

      expect(wordsOf(await visitor.pressThrough('link', { address: email }))).toContain('on its way');

      expect((await messageTo(app, email)).link).toMatch(/\/password\/reset\/[\w-]{43}$/);
    });
  });

  describe('the factors', () => {
    it('say by which names two-factor sign-in goes', async () => {
      const { visitor } = await anOwner(app);

      const page = await visitor.visit('/account/factors');

      expect(wordsOf(page)).toContain('Two-factor sign-in, also called two-step verification,');
    });

    it('take an authenticator app by its first code, and show recovery codes this once', async () => {
      const { visitor, token } = await anOwner(app);
      await visitor.visit('/account/factors');
      const shown = await visitor.press('begin_app', { app_name: 'My phone' });
      const [, factorId = ''] = /name="factor_id" value="([\w-]+)"/.exec(shown.text) ?? [];
      const secret = secretIn(shown.text);
      expect(shown.text).toContain('src="data:image/svg+xml,%3Csvg');
      const wrong = await visitor.press('confirm_app', { factor_id: factorId, code: '12 34 56 7' });
      const code = codeOf(app, secret);
      const codes = await visitor.press('confirm_app', { factor_id: factorId, code });

      expect([shown.status, wrong.status, codes.status]).toEqual([200, 403, 200]);
      expect(problemsOf(wrong)).toEqual(['The code is wrong. Enter the one that the app shows now.']);
      expect(problemBeside(wrong, 'code')).toBeDefined();
      expect(secretIn(wrong.text)).toBe('');
      expect([...codes.text.matchAll(/<li>[a-z0-9]{5}-[a-z0-9]{5}<\/li>/g)]).toHaveLength(10);
      expect((await read(token, '/me/factors')).totp).toMatchObject([{ name: 'My phone' }]);
      const list = await visitor.visit('/account/factors');
      expect(wordsOf(list)).toContain('10 of 10 left.');

      const id = idIn(list.text, 'rename_app');
      const noName = await visitor.press('rename_app', { id, name: '' });
      await visitor.pressThrough('rename_app', { id, name: 'Another phone' });
      expect(noName.text).toMatch(new RegExp(`<input id="name-${id}"[^>]* aria-invalid="true"`));
      expect((await read(token, '/me/factors')).totp).toMatchObject([{ name: 'Another phone' }]);
      expect(headingOf(await visitor.press('renew_codes'))).toBe('Your recovery codes');
      await visitor.visit('/account/factors');
      expect(wordsOf(await visitor.pressThrough('remove_app', { id }))).toContain('is removed');
      expect(await read(token, '/me/factors')).toMatchObject({ totp: [], recovery_codes: 0 });
    });

    it('take a passkey that the script has made', async () => {
      const { visitor, token } = await anOwner(app);
      const page = await visitor.visit('/account/factors');
      const [, csrf = ''] = /name="csrf_token" value="([^"]+)"/.exec(page.text) ?? [];
      const { body } = await app
        .post('/passkeys/registration/options')
        .set({ Cookie: visitor.cookieHeader(), 'X-CSRF-Token': csrf, Origin: 'https://auth.example.com' })
        .expect(200);
      const credential = JSON.stringify(createAuthenticator().create(body.public_key));
      const given = { credential, challenge_token: body.challenge_token, passkey_name: 'My key' };

      const broken = await visitor.press('add_passkey', { ...given, credential: '{' });
      const added = await visitor.press('add_passkey', given);

      expect(broken.status).toBe(400);
      expect(headingOf(added)).toBe('Your recovery codes');
      const list = await visitor.visit('/account/factors');
      expect(list.text).toContain('data-signals="{&quot;all_accepted_credentials&quot;');
      const begun = await visitor.press('begin_app', { app_name: '' });
      const [, factor_id = ''] = /name="factor_id" value="([\w-]+)"/.exec(begun.text) ?? [];
      const code = codeOf(app, secretIn(begun.text));
      expect(wordsOf(await visitor.pressThrough('confirm_app', { factor_id, code }))).toContain(
        'The authenticator app is added.',
      );
      const id = idIn(list.text, 'rename_passkey');
      await visitor.pressThrough('rename_passkey', { id, name: 'My laptop' });
      expect((await read(token, '/me/passkeys')).passkeys).toMatchObject([{ name: 'My laptop' }]);
      await visitor.pressThrough('remove_passkey', { id });
      expect((await read(token, '/me/passkeys')).passkeys).toEqual([]);
    });

    it('begin again with a new QR code, under the same name, after a wrong code', async () => {
      const { visitor, token } = await anOwner(app);
      await visitor.visit('/account/factors');
      const begun = await visitor.press('begin_app', { app_name: 'My phone' });
      const fieldsOf = ({ text }: typeof begun) => ({
        factor_id: /name="factor_id" value="([\w-]+)"/.exec(text)?.[1] ?? '',
        app_name: /name="app_name" value="([^"]+)"/.exec(text)?.[1] ?? '',
      });
      const wrong = await visitor.press('confirm_app', { ...fieldsOf(begun), code: '000000' });

      const again = await visitor.press('begin_app', { app_name: fieldsOf(wrong).app_name });

      expect(wrong.text).toMatch(/value="begin_app">Start again with a new QR code</);
      expect(again.text).toContain('src="data:image/svg+xml,%3Csvg');
      const code = codeOf(app, secretIn(again.text));
      await visitor.press('confirm_app', { ...fieldsOf(again), code });
      expect((await read(token, '/me/factors')).totp).toMatchObject([{ name: 'My phone' }]);
    });

    it('forget a device on which no code is asked for', async () => {
      const { visitor, token, id: userId } = await anOwner(app);
      const { id } = await rememberDevice(app, userId);
      expect(wordsOf(await visitor.visit('/account/factors'))).toContain('Remembered devices');

      await visitor.pressThrough('forget_device', { id });

      expect((await read(token, '/sessions')).remembered_devices).toEqual([]);
      const again = await visitor.press('forget_device', { id });
      expect([again.status, problemsOf(again)]).toEqual([404, ['That device is forgotten already.']]);
    });
  });

  describe('the devices', () => {
    it('are named in words, and signed out one by one or all others at once', async () => {
      const { visitor, token, email, password } = await anOwner(app);
      const logIn = () => app.post('/login').set('User-Agent', FIREFOX).send({ email, password }).expect(200);
      const { body: other } = await logIn();
      const page = await visitor.visit('/account/devices');
      expect(wordsOf(page)).toContain('Firefox on Windows');
      expect(page.text.match(/This device/g)).toHaveLength(1);

      const [, id = ''] = /Firefox on Windows.*?name="id" value="([\w-]+)"/s.exec(page.text) ?? [];
      await visitor.pressThrough('end', { id });
      await app.get('/me').auth(other.access_token, as).expect(401);
      await app.get('/me').auth(token, as).expect(200);
      const gone = await visitor.press('end', { id });
      const { body: another } = await logIn();
      const left = await visitor.pressThrough('end_others');

      expect([gone.status, problemsOf(gone)]).toEqual([404, ['That device is signed out already.']]);
      expect(wordsOf(left)).toContain('You are signed in nowhere else.');
      for (const ended of [token, another.access_token]) await app.get('/me').auth(ended, as).expect(401);
    });
  });

  describe('the API keys', () => {
    it('say first what a key may do, by what its owner may allow', async () => {
      const { visitor } = await anOwner(app);
      const allowing = createVisitor(app);
      await signInOn(allowing, await userWho(app, ['users:list']));

      const plain = wordsOf(await visitor.visit('/account/keys'));
      const more = wordsOf(await allowing.visit('/account/keys'));

      expect(plain).toContain(
        'Each acts in your name: it may read and change your own account, and nothing else.',
      );
      expect(more).toContain(
        'Each acts in your name: it may read and change your own account, and do whatever else you allow.',
      );
    });

    it('are made with what was ticked, shown this once, and deleted', async () => {
      const person = await userWho(app, ['users:list', 'users:read']);
      const visitor = createVisitor(app);
      await signInOn(visitor, person);
      await visitor.visit('/account/keys');

      const shown = await visitor.press('create', {
        ...{ key_name: 'Nightly backup', days: '30' },
        'allows:users:list': 'on',
      });

      const [, key = ''] = /class="secret">([^<]+)</.exec(shown.text) ?? [];
      await app.get('/admin/users').auth(key, as).expect(200);
      const keys = async () => (await read(person.token, '/api-keys')).api_keys;
      const expiry = new Date(app.clock.now() + 30 * 86_400_000).toISOString();
      expect(await keys()).toMatchObject([
        { name: 'Nightly backup', scope: 'users:list', expires_at: expiry },
      ]);
      const list = await visitor.visit('/account/keys');
      expect(list.text).not.toContain(key);
      expect(wordsOf(await visitor.pressThrough('remove', { id: idIn(list.text, 'remove') }))).toContain(
        'The key is deleted.',
      );
      await visitor.press('create', { key_name: 'None', days: '' });
      await visitor.visit('/account/keys');
      await visitor.press('create', { key_name: 'All', days: '', all: 'on' });
      const [all, none] = (await keys()).sort((a: Named, b: Named) => a.name.localeCompare(b.name));
      expect(all).toMatchObject({ name: 'All', scope: null, expires_at: null });
      expect(none).toMatchObject({ name: 'None', scope: '' });
    });

    it('are made with one tick for each permission that there is', async () => {
      const permissions = Object.keys(PERMISSIONS).sort();
      const visitor = createVisitor(app);
      const person = await userWho(app, permissions);
      await signInOn(visitor, person);
      await visitor.visit('/account/keys');
      const ticked = Object.fromEntries(permissions.map((name) => [`allows:${name}`, 'on']));

      const shown = await visitor.press('create', { key_name: 'All but new ones', days: '30', ...ticked });

      expect(shown.status).toBe(200);
      const [{ scope }] = (await read(person.token, '/api-keys')).api_keys;
      expect(scope.split(' ').sort()).toEqual(permissions);
    });

    it('are refused without a name, for a time that is not offered, and for what one may not do oneself', async () => {
      const { visitor } = await anOwner(app);
      await visitor.visit('/account/keys');

      const nameless = await visitor.press('create', { key_name: '', days: '30' });
      const timeless = await visitor.press('create', { key_name: 'A', days: '31' });
      const mighty = await visitor.press('create', { key_name: 'A', days: '30', 'allows:users:list': 'on' });

      expect([nameless.status, timeless.status, mighty.status]).toEqual([400, 400, 403]);
      expect(nameless.text).toMatch(/<input id="key_name"[^>]* aria-invalid="true"/);
      expect(timeless.text).toMatch(/<select id="days"[^>]* aria-invalid="true"/);
      expect(problemsOf(mighty)).toEqual(['You may not do that yourself, so a key may not either.']);
    });
  });

  describe('the connected accounts', () => {
    it('are added at the provider: by a link of a page, or at once by a script', async () => {
      const { visitor } = await anOwner(app);
      await visitor.visit('/account/providers');

      const byScript = await visitor.press('connect', { id: 'github', by: 'script' });
      const page = await visitor.press('connect', { id: 'github' });

      const url = /^https:\/\/github\.com\/login\/oauth\/authorize\?/;
      expect(page.text).toMatch(/<a class="button" href="https:\/\/github\.com\/login\/oauth\/authorize\?/);
      expect([byScript.status, byScript.headers.location]).toEqual([204, expect.stringMatching(url)]);
      expect([...visitor.cookies.keys()].join()).toContain('latchkey-pending-');
    });

    it('say how it went when the provider has led back', async () => {
      const { visitor } = await anOwner(app);

      const linked = await visitor.visit('/account/providers?linked=github');
      const refused = await visitor.visit('/account/providers?error=identity_taken');
      const nonsense = await visitor.visit('/account/providers?error=constructor&linked=%3Cscript%3E');

      expect(wordsOf(linked)).toContain('GitHub is connected.');
      expect(problemsOf(refused)[0]).toContain('belongs to another user here');
      expect(problemsOf(nonsense)).toEqual([]);
      expect(nonsense.text).not.toContain('is connected');
    });

    it('are removed', async () => {
      const { visitor, token, id: userId } = await anOwner(app);
      const { id } = await linkProvider(app, userId, { provider: 'github' });
      expect(wordsOf(await visitor.visit('/account/providers'))).toContain('GitHub grace@example.com');

      await visitor.pressThrough('remove', { id });

      expect((await read(token, '/me/identities')).identities).toEqual([]);
    });
  });

  describe('the activity', () => {
    it('says in words what has happened, page by page', async () => {
      const { visitor, email, password } = await anOwner(app);
      await app.post('/login').send({ email, password: 'wrong' }).expect(401);
      for (let count = 0; count < 20; count++)
        await app.post('/login').set('User-Agent', FIREFOX).send({ email, password }).expect(200);

      const latest = await visitor.visit('/account/activity');
      expect(wordsOf(latest)).toContain('Signed in with the password');
      expect(wordsOf(latest)).toContain('Firefox on Windows · 127.0.0.1');
      expect(wordsOf(latest)).not.toContain('Account created');
      const [, earlier = ''] = /href="(\/account\/activity\?cursor=[\w-]+)"/.exec(latest.text) ?? [];
      const last = await visitor.visit(earlier);

      expect(wordsOf(last)).toContain('Sign-in refused');
      expect(wordsOf(last)).toContain('Account created');
      expect(wordsOf(last)).toContain('Latest');
      expect((await visitor.visit('/account/activity?cursor=nonsense')).status).toBe(400);
    });
  });

  describe('the data', () => {
    it('are downloaded as a file', async () => {
      const { visitor, email } = await anOwner(app);
      const page = await visitor.visit('/account/data');
      expect(page.text).toContain('href="/me/export" download');

      const file = await app.get('/me/export').set('Cookie', visitor.cookieHeader()).expect(200);

      expect(file.headers['content-disposition']).toBe('attachment; filename="latchkey-export.json"');
      expect(file.body.user.email).toBe(email);
    });

    it('are gone with the account, which takes the password', async () => {
      const { visitor, email, password } = await anOwner(app);
      await visitor.visit('/account/data');
      const wrong = await visitor.press('remove', { password: 'wrong' });
      expect([wrong.status, await visitor.whoAmI()]).toEqual([403, email]);
      expect(problemsOf(wrong)).toEqual(['That is not your current password.']);
      expect(problemBeside(wrong, 'password')).toBe('That is not your current password.');

      const page = await visitor.pressThrough('remove', { password });

      expect([headingOf(page), wordsOf(page)]).toEqual([
        'Sign in',
        expect.stringContaining('Your account has been deleted'),
      ]);
      await app.post('/login').send({ email, password }).expect(401);
    });
  });

  describe('securing the account', () => {
    it('ends all access, and leads to the sign-in', async () => {
      const { visitor, token, email, password } = await anOwner(app);
      await markVerified(app, email);
      await visitor.visit('/account/secure');

      const page = await visitor.pressThrough('lock');

      expect(wordsOf(page)).toContain('Your account is locked');
      await app.get('/me').auth(token, as).expect(401);
      await app.post('/login').send({ email, password }).expect(401);
      expect(await visitor.whoAmI()).toBeUndefined();
    });
  });

  it('show an account with a second factor as protected', async () => {
    const { visitor, token } = await anOwner(app);
    await addTotp(app, token);

    expect(wordsOf(await visitor.visit('/account'))).toContain(
      'Passkeys and authenticator apps Two-factor sign-in is on',
    );
  });
});
