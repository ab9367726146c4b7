import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { brandColors, contrastOf, inkOn, shadeOn } from '../../src/pages/brand-colors.ts';
import { anOwner } from '../support/account-pages.ts';
import { startApp, type TestApp, useApp } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { signUpWithTotp } from '../support/factors.ts';
import { createVisitor, headingOf, problemsOf, wordsOf } from '../support/page-visitor.ts';
import { signUp } from '../support/people.ts';

const MESSAGES = new URL('../../src/pages/messages/', import.meta.url);

/** The keys of a file of words, with the places for values in each. */
function placesIn(file: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      found[path] = (value.match(/\{\w+\}/g) ?? []).sort();
    } else for (const [name, inner] of Object.entries(value as object)) walk(inner, `${path}.${name}`);
  };
  walk(JSON.parse(readFileSync(new URL(file, MESSAGES), 'utf8')), '');
  return found;
}

describe('The words of pages', () => {
  const app = useApp('SQLite');
  const german = (extra = {}) =>
    createVisitor(app, { 'Accept-Language': 'de-AT,de;q=0.9,en;q=0.5', ...extra });

  it('are the same in each language that is built in, with the same values', () => {
    expect(placesIn('de.json')).toEqual(placesIn('en.json'));
  });

  it('are those of the language that the browser asks for, for problems as well', async () => {
    const visitor = german();
    const page = await visitor.visit('/sign-in');
    expect([headingOf(page), page.headers['content-language']]).toEqual(['Anmelden', 'de']);
    expect(page.text).toContain('<html lang="de" dir="ltr">');
    expect(page.headers.vary).toContain('Accept-Language');

    const refused = await visitor.press('password', { identifier: 'x', password: 'y' });
    expect(problemsOf(refused)).toEqual(['E-Mail, Benutzername oder Passwort stimmt nicht.']);
    const field = await german().visit('/sign-up');
    expect(field.text).toContain('Mindestens 8 Zeichen.');
    const link = await german().visit('/login/link/nothing');
    expect(headingOf(link)).toBe('Dieser Link funktioniert nicht');
  });

  it('are English where the browser asks for none that there is', async () => {
    for (const language of ['tlh', '*', '', 'x'.repeat(1_000)]) {
      const page = await createVisitor(app, { 'Accept-Language': language }).visit('/sign-in');
      expect(page.headers['content-language']).toBe('en');
    }
  });

  it('are in the language of the account where a user is signed in', async () => {
    const { email, password, token } = await signUp(app);
    await app.patch('/me').auth(token, { type: 'bearer' }).send({ language: 'de' }).expect(200);
    const visitor = createVisitor(app, { 'Accept-Language': 'en' });
    await visitor.visit('/sign-in');
    await visitor.press('password', { identifier: email, password });

    expect(headingOf(await visitor.visit('/sign-out'))).toBe('Abmelden');
  });
});

describe('A duration on a page', () => {
  const app = useApp('SQLite', { MFA_REMEMBER_DAYS: '1' });

  it('is given in hours if it is one day', async () => {
    const { email, password } = await signUpWithTotp(app);
    const visitor = createVisitor(app, { 'Accept-Language': 'de' });
    await visitor.visit('/sign-in');

    const factor = await visitor.pressThrough('password', { identifier: email, password });

    expect(wordsOf(factor)).toContain('Auf diesem Gerät 24 Stunden lang nicht fragen');
  });

  it.each([
    [{ RATE_LIMIT_LOGIN_IP: '1/60' }, /in \d\d? Sekunden? noch einmal\.$/],
    [{ RATE_LIMIT_LOGIN_IP: '1/900' }, /in 1[45] Minuten noch einmal\.$/],
    [{ RATE_LIMIT_LOGIN_IP: '1/86400' }, /in 2[34] Stunden noch einmal\.$/],
  ])('is given in a unit that fits how long a visitor has to wait: %j', async (limit, said) => {
    const limited = await startApp('SQLite', limit);
    const visitor = createVisitor(limited, { 'Accept-Language': 'de' });
    await visitor.visit('/sign-in');
    await visitor.press('password', { identifier: 'ada', password: 'wrong' });
    const refused = await visitor.press('password', { identifier: 'ada', password: 'wrong' });
    await limited.stop();

    expect(problemsOf(refused)).toEqual([expect.stringMatching(said)]);
  });
});

describe('What an operator makes of pages', () => {
  const newDirectory = useDirectories();
  let app: TestApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  async function started(env: Record<string, string>): Promise<TestApp> {
    app = await startApp('SQLite', env);
    return app;
  }

  it('is a language in a file, also one that is written from right to left', async () => {
    const directory = newDirectory();
    const words = {
      direction: 'rtl',
      labels: { password: 'كلمة المرور' },
      pages: { sign_in: { title: 'تسجيل الدخول' } },
    };
    writeFileSync(join(directory, 'ar.json'), JSON.stringify(words));
    const visitor = createVisitor(await started({ PAGES_MESSAGES_DIR: directory }), {
      'Accept-Language': 'ar',
    });

    const page = await visitor.visit('/sign-in');

    expect(page.text).toContain('<html lang="ar" dir="rtl">');
    expect(headingOf(page)).toBe('تسجيل الدخول');
    // What is missing is said in English.
    expect(wordsOf(page)).toContain('Forgot password?');
  });

  it('is other words for some of those built in, and a warning about words that no page says', async () => {
    const directory = newDirectory();
    const words = { pages: { sign_in: { title: 'Welcome to Acme' } }, pagse: { sign_in: 'x' } };
    writeFileSync(join(directory, 'en.json'), JSON.stringify(words));
    writeFileSync(join(directory, 'fr.json'), '{');
    const { logs } = await started({ PAGES_MESSAGES_DIR: directory });

    const page = await createVisitor(app as TestApp).visit('/sign-in');

    expect(headingOf(page)).toBe('Welcome to Acme');
    expect(logs.entries()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          msg: 'PAGES_MESSAGES_DIR has words that no page says',
          unused: ['pagse.sign_in'],
        }),
        expect.objectContaining({ msg: 'file of words for pages is broken, and is left out' }),
      ]),
    );
  });

  it('is left out where it is a list in place of one text, and no page breaks', async () => {
    const directory = newDirectory();
    const words = { labels: { show: ['Show'] }, pages: { sign_in: { title: ['a'], button: 'Go' } } };
    // Some editors begin a file with a byte order mark.
    writeFileSync(join(directory, 'en.json'), `\ufeff${JSON.stringify(words)}`);
    const site = await started({ PAGES_MESSAGES_DIR: directory });

    const page = await createVisitor(site).visit('/sign-in');

    expect([page.status, headingOf(page)]).toEqual([200, 'Sign in']);
    expect(wordsOf(page)).toContain('Go');
    expect(site.logs.entries()).toContainEqual(
      expect.objectContaining({ language: 'en', keys: ['labels.show', 'pages.sign_in.title'] }),
    );
  });

  it('is left out where the name of its file is no language, and no page breaks', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'test.json'), JSON.stringify({ pages: { sign_in: { title: 'Test' } } }));
    const site = await started({ PAGES_MESSAGES_DIR: directory });
    const { visitor } = await anOwner(site);

    const page = await visitor.visit('/account/profile');

    expect([page.status, headingOf(page)]).toEqual([200, 'Profile']);
    expect(site.logs.entries()).toContainEqual(
      expect.objectContaining({ msg: 'file of words for pages is broken, and is left out' }),
    );
  });

  it('is a template in place of the built-in one, which comes back where it is broken', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'sign-up.eta'), '<p>Ask <%= it.brand %> for an account.</p>');
    writeFileSync(join(directory, 'sign-in.eta'), '<p><%= it.nothing %></p>');
    const visitor = createVisitor(await started({ PAGES_TEMPLATES_DIR: directory, BRAND_NAME: 'A & B' }));

    expect(wordsOf(await visitor.visit('/sign-up'))).toContain('Ask A &amp; B for an account.');
    expect((await visitor.visit('/sign-in')).text).toContain('name="password"');
    expect(app?.logs.entries()).toContainEqual(
      expect.objectContaining({ msg: 'template of pages is broken, and another takes its place' }),
    );
  });

  it('is a name, a logo, a colour and rules of style, each in a file whose name has a hash', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'brand'));
    const [logo, css] = [join(directory, 'brand', 'logo.svg'), join(directory, 'brand', 'acme.css')];
    writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(css, '.brand { color: red }');
    const brand = { BRAND_NAME: 'Acme', BRAND_LOGO_FILE: logo, BRAND_CSS_FILE: css, BRAND_COLOR: '#FFD400' };
    const visitor = createVisitor(await started(brand));

    const { text } = await visitor.visit('/sign-in');
    expect(text).toContain('<title>Sign in · Acme</title>');
    const [, logoPath = ''] = /<img class="logo" src="([^"]+)" alt="Acme"/.exec(text) ?? [];
    const [, stylePath = ''] = /href="(\/assets\/style\.[\w-]{10}\.css)"/.exec(text) ?? [];
    const picture = await visitor.open(logoPath);
    expect([picture.type, picture.headers['content-security-policy']]).toEqual([
      'image/svg+xml',
      "default-src 'none';frame-ancestors 'none'",
    ]);
    const style = await visitor.open(stylePath);
    expect(style.text).toContain('.brand { color: red }');
    expect(style.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each([
    [{ BRAND_COLOR: 'red' }, 'BRAND_COLOR'],
    [{ BRAND_LOGO_FILE: '/nowhere.svg' }, 'BRAND_LOGO_FILE'],
    [{ BRAND_LOGO_FILE: '/etc/passwd' }, 'BRAND_LOGO_FILE'],
    [{ BRAND_CSS_FILE: '/' }, 'BRAND_CSS_FILE'],
    [{ PAGES: 'no' }, 'PAGES'],
    [{ PAGES_TEMPLATES_DIR: '/nowhere' }, 'PAGES_TEMPLATES_DIR'],
  ])('is refused at the start where it cannot be: %j', async (env, name) => {
    await expect(startApp('SQLite', env as Record<string, string>)).rejects.toThrow(name);
  });
});

describe('A brand colour', () => {
  it.each(['#1d4ed8', '#ffd400', '#ffffff', '#000000', '#e11d48', '#00ff88', '#808080'])(
    'is changed only as far as %s needs to be readable in both schemes',
    (color) => {
      for (const paper of ['#ffffff', '#1b1e24']) {
        const accent = shadeOn(paper, color);
        expect(contrastOf(accent, paper)).toBeGreaterThanOrEqual(4.5);
        expect(contrastOf(inkOn(accent), accent)).toBeGreaterThanOrEqual(4.5);
        if (contrastOf(color, paper) >= 4.5) expect(accent).toBe(color);
      }
      expect(brandColors(color)).toMatch(/^:root\{--accent:#[0-9a-f]{6};--on-accent:#[0-9a-f]{6}\}@media/);
    },
  );
});

describe('What pages load', () => {
  const app = useApp('SQLite');

  it('is one stylesheet under 10 KB and one script, which caches keep for good and ask for no more', async () => {
    const visitor = createVisitor(app);
    const { text } = await visitor.visit('/sign-in');
    const loaded = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);

    expect(loaded.map((path) => path.replace(/\.[\w-]{10}\./, '.'))).toEqual([
      '/assets/style.css',
      '/assets/script.js',
    ]);
    for (const path of loaded) {
      const answer = await app.get(path).set('Accept-Encoding', 'identity').expect(200);
      expect(Number(answer.headers['content-length'])).toBeLessThan(10_240);
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const again = await app
        .get(path)
        .set({ 'Accept-Encoding': 'identity', 'If-None-Match': answer.headers.etag ?? '' });
      expect([again.status, again.text]).toEqual([304, '']);
    }
  });

  it('is kept no longer than asked under the name that another version has for it', async () => {
    const { headers } = await app.get('/assets/style.AAAAAAAAAA.css').expect(200);
    expect(headers['cache-control']).toBe('no-cache');
  });

  it.each(['nothing.css', '__proto__', 'constructor.x.css', 'style', '..%2fpages.js', '.env'])(
    'is nothing else: /assets/%s',
    async (file) => {
      await app.get(`/assets/${file}`).expect(404);
    },
  );
});

describe('GET / in a browser', () => {
  const app = useApp('SQLite');

  it('says what this is, and leads to the sign-in and outside production to the docs', async () => {
    const page = await createVisitor(app).visit('/');

    const links = [...page.text.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, href]) => href);
    expect(links).toEqual(['/sign-in', '/sign-up', '/docs', '/docs/errors', '/openapi.json']);
    expect(page.headers.vary).toMatch(/Accept(,|$)/);
  });

  it.each(['*/*', 'application/json', 'application/json, text/html;q=0.5', 'text/plain'])(
    'is 404 for a program that takes %s',
    async (accept) => {
      const { body, headers } = await app.get('/').set('Accept', accept).expect(404);

      expect([body.code, headers.vary]).toEqual(['not_found', expect.stringMatching(/Accept/)]);
    },
  );
});

describe('With PAGES=off', () => {
  const app = useApp('SQLite', { PAGES: 'off' });
  const withoutDocs = useApp('SQLite', { PAGES: 'off', DOCS: 'off' });

  it('there are no sign-in pages, and errors are problem documents', async () => {
    for (const path of [
      '/sign-in',
      '/sign-in/code',
      '/sign-in/factor',
      '/sign-in/return',
      '/sign-up',
      '/sign-out',
      '/forgot',
      '/reset',
      '/verify-email',
      '/.well-known/change-password',
    ]) {
      const { body } = await app.get(path).set('Accept', 'text/html').expect(404);
      expect({ path, code: body.code }).toEqual({ path, code: 'not_found' });
    }
    await app.post('/sign-in').type('form').send({ form: 'password' }).expect(404);
  });

  it('links in messages open their pages, which lead to no sign-in page', async () => {
    const page = await createVisitor(app).visit('/password/reset/nothing');
    expect([page.status, headingOf(page)]).toEqual([400, 'This link no longer works']);
    expect(page.text).not.toContain('/sign-in');
  });

  it('nothing may be led back to this service', async () => {
    const { body } = await app
      .post('/login/link')
      .send({ email: 'ada@example.com', return_to: 'https://auth.example.com/sign-in/return' })
      .expect(400);
    expect(body.errors[0].code).toBe('return_to_not_allowed');
  });

  it('GET / leads to the docs, and is not there without them', async () => {
    const { text } = await createVisitor(app).visit('/');
    expect([text.includes('/sign-in'), text.includes('/docs')]).toEqual([false, true]);
    await withoutDocs.get('/').set('Accept', 'text/html').expect(404);
  });
});
