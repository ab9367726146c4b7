import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { latestMessages, messageTo } from '../../support/codes.ts';
import { codeOf, signUpWithTotp } from '../../support/factors.ts';
import { createVisitor, headingOf, problemsOf, wordsOf } from '../../support/page-visitor.ts';
import { aPerson, signUp } from '../../support/people.ts';

const APP_PAGE = 'https://app.example.com/signed-in';
const CHALLENGE_ID = '01a1f739-6923-7248-88fc-19260e07eec4';

describe('The sign-in page', () => {
  const app = useApp('SQLite', { RETURN_URLS: `${APP_PAGE},com.example.app:/signed-in` });
  const to = (parameters: Record<string, string>) => `/sign-in?${new URLSearchParams(parameters)}`;

  it('signs in with a password, and leads to the account', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const response = await visitor.press('password', { identifier: email, password });

    expect([response.status, response.headers.location]).toEqual([303, '/account']);
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('tells a script by 204 where it leads, since a script cannot follow a redirect to an app', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit(to({ return_to: APP_PAGE }));

    const response = await visitor.press('password', { identifier: email, password, by: 'script' });

    expect([response.status, response.headers.location, response.text]).toEqual([204, APP_PAGE, '']);
  });

  it('leads back to an app that shares the cookie', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    const page = await visitor.visit(to({ return_to: APP_PAGE }));

    const response = await visitor.press('password', { identifier: email, password });

    expect(response.headers.location).toBe(APP_PAGE);
    expect(wordsOf(page)).toContain('app.example.com');
    expect(page.headers['content-security-policy']).toContain("form-action 'self' https://app.example.com;");
  });

  it('leads back to an app elsewhere with a code, good once, for a session with the same proof', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit(to({ return_to: APP_PAGE, transport: 'token', challenge_id: CHALLENGE_ID }));

    const { headers } = await visitor.press('password', { identifier: email, password });

    const url = new URL(headers.location ?? '');
    const code = url.searchParams.get('code');
    expect(url.href.split('?')[0]).toBe(APP_PAGE);
    await app.post('/login/exchange').send({ code }).expect(400);
    const { body } = await app.post('/login/exchange').send({ code, challenge_id: CHALLENGE_ID }).expect(200);
    expect(body.user.email).toBe(email);
    await app.post('/login/exchange').send({ code, challenge_id: CHALLENGE_ID }).expect(400);
    const { body: listed } = await app
      .get('/sessions')
      .auth(body.access_token, { type: 'bearer' })
      .expect(200);
    expect(listed.sessions.map(({ method }: { method: string }) => method)).toEqual(
      Array(listed.sessions.length).fill('password'),
    );
  });

  it('asks a visitor who is signed in before it leads to an app with a code, and changes nothing until then', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.press('password', { identifier: email, password });
    const before = await app.models.challenges.count();

    const page = await visitor.visit(to({ return_to: APP_PAGE, transport: 'token' }));

    expect(headingOf(page)).toBe('Continue to app.example.com');
    expect(await app.models.challenges.count()).toBe(before);
    const { headers } = await visitor.press('continue');
    expect(headers.location).toMatch(/^https:\/\/app\.example\.com\/signed-in\?code=[\w-]{43}$/);
  });

  it('leads a visitor who is signed in on, to an app that shares the cookie or to the account', async () => {
    const { email, password } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.press('password', { identifier: email, password });

    expect((await visitor.open('/sign-in')).headers.location).toBe('/account');
    expect((await visitor.open('/sign-up')).headers.location).toBe('/sign-in');
    expect((await visitor.open(to({ return_to: APP_PAGE }))).headers.location).toBe(APP_PAGE);
  });

  it('signs in with a code that it has sent', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit(to({ return_to: APP_PAGE }));

    const page = await visitor.pressThrough('code', { identifier: email });
    expect(headingOf(page)).toBe('Enter your code');
    const { code } = await messageTo(app, email);
    const response = await visitor.press('code', { code });

    expect(response.headers.location).toBe(APP_PAGE);
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('signs in with a code by SMS, where a phone number is typed', async () => {
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');

    const waiting = await visitor.pressThrough('code', { identifier: '+49 1511 2345678' });
    expect(wordsOf(waiting)).toContain('an SMS with a code is on its way');
    expect(wordsOf(waiting)).not.toContain('spam');
    const { code } = await messageTo(app, '+4915112345678');
    const response = await visitor.press('code', { code });

    expect(response.headers.location).toBe('/account');
  });

  it('sends another code, which takes the place of the one before', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('code', { identifier: email });
    const { code: former } = await messageTo(app, email);
    app.clock.advanceSeconds(60);

    await visitor.pressThrough('again_code');
    const { code } = await messageTo(app, email);

    if (former !== code) expect((await visitor.press('code', { code: former })).status).toBe(400);
    expect((await visitor.press('code', { code })).status).toBe(303);
  });

  it('signs in with a link that is opened in the same browser, and goes on to the app', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit(to({ return_to: APP_PAGE }));
    const waiting = await visitor.pressThrough('link', { identifier: email });
    expect(headingOf(waiting)).toBe('Check your email');

    await visitor.visit((await messageTo(app, email)).link);
    const pressed = await visitor.press('');

    expect(pressed.headers.location).toMatch(/^https:\/\/auth\.example\.com\/sign-in\/return\?return_to=/);
    const back = await visitor.open(pressed.headers.location ?? '');
    const onward = await visitor.open(back.headers.location ?? '');
    expect(onward.headers.location).toBe(APP_PAGE);
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('takes the code that a link shows in another browser', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('link', { identifier: email });
    const elsewhere = createVisitor(app);
    await elsewhere.visit((await messageTo(app, email)).link);
    const shown = await elsewhere.press('');

    const code = /class="spoken">([\d ]+)</.exec(shown.text)?.[1] ?? '';
    const response = await visitor.press('code', { code });

    expect(response.headers.location).toBe('/account');
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('goes on to the second factor, and from there to the app', async () => {
    const { email, password, totp } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await visitor.visit(to({ return_to: APP_PAGE }));

    const page = await visitor.pressThrough('password', { identifier: email, password });
    expect(headingOf(page)).toBe('Enter the code from your app');
    expect(page.text).toContain('method=recovery_code');
    const wrong = await visitor.press('factor', { method: 'totp', code: '000000' });
    expect([wrong.status, problemsOf(wrong)]).toEqual([
      403,
      [expect.stringContaining('That is not correct')],
    ]);
    const right = await visitor.press('factor', { method: 'totp', code: codeOf(app, totp.secret) });

    expect(right.headers.location).toBe(APP_PAGE);
    expect(await visitor.whoAmI()).toBe(email);
  });

  it('remembers the device where that is asked for', async () => {
    const { email, password, totp } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('password', { identifier: email, password });
    await visitor.press('factor', { method: 'totp', code: codeOf(app, totp.secret), remember: 'on' });
    await visitor.visit('/sign-out');
    await visitor.pressThrough('sign_out');

    const response = await visitor.press('password', { identifier: email, password });

    expect(response.headers.location).toBe('/account');
  });

  it('takes a recovery code in place of the app', async () => {
    const { email, password, totp } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('password', { identifier: email, password });
    await visitor.visit('/sign-in/factor?method=recovery_code');

    const response = await visitor.press('factor', {
      method: 'recovery_code',
      code: totp.recoveryCodes[0] ?? '',
    });

    expect(response.headers.location).toBe('/account');
  });

  it('begins anew where the second factor took too long', async () => {
    const { email, password, totp } = await signUpWithTotp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.pressThrough('password', { identifier: email, password });
    app.clock.advanceSeconds(301);

    const page = await visitor.pressThrough('factor', { method: 'totp', code: codeOf(app, totp.secret) });

    expect([headingOf(page), problemsOf(page)]).toEqual(['Sign in', ['This took too long. Sign in again.']]);
  });

  it('leads those who open a later page first to the beginning', async () => {
    const visitor = createVisitor(app);

    for (const path of ['/sign-in/code', '/sign-in/factor'])
      expect((await visitor.open(path)).headers.location).toBe('/sign-in');
    expect((await visitor.open('/reset')).headers.location).toBe('/forgot');
    expect((await visitor.open('/sign-out')).headers.location).toBe('/sign-in?notice=signed_out');
  });

  it('asks for the second factor after a sign-in at a provider', async () => {
    const visitor = createVisitor(app);
    const parameters = {
      error: 'second_factor_required',
      challenge_token: 'x',
      methods: 'totp recovery_code',
    };

    const page = await visitor.visit(`/sign-in/return?${new URLSearchParams(parameters)}`);

    expect(headingOf(page)).toBe('Enter the code from your app');
  });

  it('says what went wrong at a provider in words of its own', async () => {
    const visitor = createVisitor(app);
    const said = { error: 'access_denied', error_description: 'Call +1 555 0100 <b>now</b>' };

    const page = await visitor.visit(`/sign-in/return?${new URLSearchParams(said)}`);

    expect(problemsOf(page)).toEqual([
      'You did not agree at the provider. Try again, or choose another way.',
    ]);
    expect(page.text).not.toContain('555');
    const unknown = await visitor.visit('/sign-in/return?error=%3Cscript%3E');
    expect([problemsOf(unknown), unknown.text.includes('<script>')]).toEqual([[], false]);
  });
});

describe('The sign-up page', () => {
  const app = useApp('SQLite');

  it('makes an account, signs in and sends the message that proves the address', async () => {
    const { email, password } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-up');

    const response = await visitor.press('sign_up', { email, new_password: password, name: 'Grace Hopper' });

    expect(response.headers.location).toBe('/account');
    const { body } = await app.get('/me').set('Cookie', visitor.cookieHeader());
    expect(body.user).toMatchObject({ email, name: 'Grace Hopper' });
    expect((await messageTo(app, email)).link).toContain('/email/verify/');
  });
});

describe('The sign-up page where addresses have to be proved first', () => {
  const app = useApp('SQLite', { REQUIRE_VERIFIED_EMAIL: 'true' });

  it('goes on to the code, and to the sign-in after it', async () => {
    const { email, password } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/sign-up');
    const asked = await visitor.pressThrough('sign_up', { email, new_password: password });
    expect(headingOf(asked)).toBe('Confirm your email address');

    const page = await visitor.pressThrough('verify', { code: (await messageTo(app, email)).code });

    expect(wordsOf(page)).toContain('Your address is confirmed.');
    expect((await visitor.press('password', { identifier: email, password })).status).toBe(303);
  });

  it('lets those who come back without having done so send the message again', async () => {
    const { email, password } = aPerson();
    await app.post('/signup').send({ email, password }).expect(202);
    app.clock.advanceSeconds(60);
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    const refused = await visitor.press('password', { identifier: email, password });
    expect([refused.status, problemsOf(refused)[0]]).toEqual([
      403,
      expect.stringContaining('not confirmed yet'),
    ]);

    await visitor.pressThrough('verify', { identifier: email });
    const page = await visitor.pressThrough('verify', { code: (await messageTo(app, email)).code });

    expect(headingOf(page)).toBe('Sign in');
  });

  it('sends the message from a page of its own as well', async () => {
    const { email, password } = aPerson();
    await app.post('/signup').send({ email, password }).expect(202);
    app.clock.advanceSeconds(60);
    const visitor = createVisitor(app);
    await visitor.visit('/verify-email');

    const page = await visitor.pressThrough('send', { email });

    expect(wordsOf(page)).toContain('Another message is on its way.');
    expect(wordsOf(page)).toContain(email);
  });
});

describe('The pages for a forgotten password', () => {
  const app = useApp('SQLite');

  it('change it by the code of a message', async () => {
    const { email } = await signUp(app);
    const visitor = createVisitor(app);
    await visitor.visit('/forgot');
    app.clock.advanceSeconds(1);
    const page = await visitor.pressThrough('send', { email });
    expect(headingOf(page)).toBe('Choose a new password');
    const { code } = await messageTo(app, email);

    const weak = await visitor.press('reset', { code, new_password: 'password1' });
    expect([weak.status, problemsOf(weak)]).toEqual([400, [expect.stringContaining('easy to guess')]]);
    const { password } = aPerson();
    const changed = await visitor.pressThrough('reset', { code, new_password: password });

    expect(wordsOf(changed)).toContain('Your password has been changed.');
    expect((await visitor.press('password', { identifier: email, password })).status).toBe(303);
  });

  it('say the same where there is no account, and send nothing', async () => {
    const { email } = aPerson();
    const visitor = createVisitor(app);
    await visitor.visit('/forgot');

    const page = await visitor.pressThrough('send', { email });

    expect(wordsOf(page)).toContain(`If ${email} has an account`);
    expect((await latestMessages(app)).filter(({ to }) => to === email)).toEqual([]);
  });
});

describe('The sign-out page of a visitor who is not signed in', () => {
  const app = useApp('SQLite', { RETURN_URLS: 'https://app.example.com' });

  it('leads on to the app at once', async () => {
    const response = await createVisitor(app).open(
      `/sign-out?${new URLSearchParams({ return_to: APP_PAGE })}`,
    );

    expect([response.status, response.headers.location]).toEqual([303, APP_PAGE]);
  });
});

describe('The sign-out page', () => {
  const app = useApp('SQLite');

  it('ends the session by its button alone, and has the browser forget what it has kept', async () => {
    const { email, password } = await signUp(app, { name: '<i>Grace</i>' });
    const visitor = createVisitor(app);
    await visitor.visit('/sign-in');
    await visitor.press('password', { identifier: email, password });

    const page = await visitor.visit('/sign-out');
    expect(page.text).toContain('&lt;i&gt;Grace&lt;/i&gt;');
    expect(await visitor.whoAmI()).toBe(email);
    const response = await visitor.press('sign_out');

    expect([response.status, response.headers['clear-site-data']]).toEqual([303, '"cache"']);
    expect(await visitor.whoAmI()).toBeUndefined();
    expect(wordsOf(await visitor.visit(response.headers.location ?? ''))).toContain('You have signed out.');
  });
});

describe('The path that password managers open to change a password', () => {
  const app = useApp('SQLite');

  it('leads to the page of the account', async () => {
    const { headers } = await app.get('/.well-known/change-password').expect(302);
    expect(headers.location).toBe('/account/password');
  });
});
