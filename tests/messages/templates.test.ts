import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { TemplateName, Templates } from '../../src/core/messages/message.ts';
import { SAMPLES, TEMPLATE_NAMES } from '../../src/mail/samples.ts';
import { createTemplates } from '../../src/mail/templates.ts';
import { useDirectories } from '../support/directories.ts';
import { createLogSink } from '../support/logs.ts';

const BUILT_IN = new URL('../../src/mail/templates/', import.meta.url);
const MAILS = TEMPLATE_NAMES.filter((name) => name !== 'phone-code');

/** Templates with these files of the operator, and the log that they write. */
function templatesOf({ directory, service = 'Example' }: { directory?: string; service?: string } = {}) {
  const logs = createLogSink();
  const logger = pino({ base: null }, logs);
  const templates = createTemplates({ directory, service, host: 'auth.example.com', logger });
  const render = <Name extends TemplateName>(
    template: Name,
    { data = SAMPLES[template], language = null }: { data?: Templates[Name]; language?: string | null } = {},
  ) => templates.render({ template, data, language });
  return { render, check: templates.check, logs };
}

/** How the values of the samples read in each language, and what no message in it may say. */
const LANGUAGES = {
  en: {
    durations: { 10: '10 minutes', 1440: '24 hours', 10080: '7 days' },
    time: 'Nov 29, 2026, 8:50 AM UTC',
    device: 'Firefox on Linux',
    asksForCode: /\b(?:forward|reply|tell (?:us|me)|send us|call us)\b/i,
    foreign: /\b(?:Sie|der|die|das|nicht)\b/,
  },
  de: {
    durations: { 10: '10 Minuten', 1440: '24 Stunden', 10080: '7 Tage' },
    time: '29. Nov. 2026, 08:50 UTC',
    device: 'Firefox unter Linux',
    asksForCode: /\b(?:weiterleiten|leiten Sie|antworten|nennen Sie|senden Sie|sagen Sie|rufen Sie)\b/i,
    foreign: /\b(?:you|your|the|this|is|of|for|on|unknown|account|password|email|sign)\b/i,
  },
} as const;

type Language = keyof typeof LANGUAGES;

/** All that stands in the data of a message, as it is to be read. */
function valuesOf(all: object, language: Language): string[] {
  const {
    minutes,
    days = 0,
    time,
    browser,
    system,
    ...data
  } = all as Partial<Record<string, number | string>>;
  const { durations, ...words } = LANGUAGES[language];
  const duration = durations[(minutes ?? Number(days) * 1440) as keyof typeof durations];
  return [
    ...Object.values(data).flat().map(String),
    ...(minutes || days ? [duration] : []),
    ...(time ? [words.time] : []),
    ...(browser ? [words.device] : []),
  ];
}

/** The names of the values that a template uses. */
function namesIn(language: string, file: string): string[] {
  const source = readFileSync(new URL(`${language}/${file}`, BUILT_IN), 'utf8');
  return [...new Set([...source.matchAll(/\bit\.(\w+)/g)].map(([, name = '']) => name))].sort();
}

describe('The languages that are built in', () => {
  const folders = readdirSync(BUILT_IN).filter((name) => name !== 'layout.eta');

  it('have every message, with the same values', () => {
    expect(folders.sort()).toEqual(Object.keys(LANGUAGES).sort());
    for (const language of folders) {
      const files = readdirSync(new URL(language, BUILT_IN));
      expect(files.sort()).toEqual(TEMPLATE_NAMES.map((name) => `${name}.eta`).sort());
      for (const file of files) expect([file, namesIn(language, file)]).toEqual([file, namesIn('en', file)]);
    }
  });
});

describe.each(Object.keys(LANGUAGES) as Language[])('Each message in %s', (language) => {
  const { render: renderIn, logs } = templatesOf();
  const render = <Name extends TemplateName>(template: Name, data: Templates[Name] = SAMPLES[template]) =>
    renderIn(template, { data, language });

  it.each(MAILS)('%s says all that there is to say, in both parts', async (name) => {
    const { subject, text, html } = await render(name);

    expect(subject).toMatch(/^[A-Z].{10,70}$/);
    expect(html).toContain(`<html lang="${language}"`);
    for (const value of valuesOf(SAMPLES[name], language)) {
      expect(text).toContain(value);
      expect(html).toContain(value);
    }
    expect(text).toContain('Example');
    expect(text).not.toMatch(/<%|%>|undefined|\n{3}| \n/);
    expect(html).not.toMatch(/<%|%>|undefined/);
    expect(logs.entries()).toEqual([]);
  });

  it.each(MAILS)('%s has inline styles alone, and loads nothing', async (name) => {
    const { html } = await render(name);

    expect(html).not.toMatch(/<(?:img|link|script|style|iframe|object|form)\b|url\(|@import/i);
    const addresses = [...(html ?? '').matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    const { link } = { link: undefined, ...SAMPLES[name] };
    expect(addresses).toEqual(link === undefined ? [] : [link, link]);
  });

  it('asks nobody to pass a code on', async () => {
    for (const name of TEMPLATE_NAMES) {
      const { text } = await render(name);
      expect(text).not.toMatch(LANGUAGES[language].asksForCode);
    }
  });

  it('has no words of another language', async () => {
    for (const name of TEMPLATE_NAMES) {
      const { subject, text } = await render(name);
      expect(`${subject}\n${text.replace(/https:\S+/g, '')}`).not.toMatch(LANGUAGES[language].foreign);
    }
  });

  it('leaves keys, a number, providers and passkeys out where there are none', async () => {
    const none = { apiKeys: [], phoneEnding: null, providers: [], passkeys: [] };
    const { text } = await render('password-reset', none);
    expect(text.split('\n\n')).toHaveLength(2);
    expect(text).not.toMatch(/API|phone|Telefon|Passkey/i);
  });

  it('says nothing of an address that the provider does not tell', async () => {
    const { text } = await render('provider-linked', { ...SAMPLES['provider-linked'], account: null });
    expect(text).toMatch(/^[^\n]* Google(?: anmelden)?\.\n/);
  });
});

describe('A message', () => {
  const { render } = templatesOf();

  it('has the code in one piece of text, so that it is copied as six digits', async () => {
    const { html } = await render('sign-in-code');
    expect(html).toMatch(/letter-spacing:[^"]*">123456<\/p>/);
  });

  it.each([
    [1, '1 minute'],
    [10, '10 minutes'],
    [60, '60 minutes'],
    [90, '90 minutes'],
    [120, '2 hours'],
    [1440, '24 hours'],
    [2880, '2 days'],
  ])('says how long %d minutes are', async (minutes, words) => {
    const { text } = await render('sign-in-code', { data: { code: '123456', minutes } });
    expect(text).toContain(`It works for ${words}, once.`);
  });

  it.each([
    ['en', 0, 'It was the last one.\n\nCreate new ones in your account.\n\nIf you'],
    ['en', 1, 'You have 1 left.\n\nCreate new ones in your account before they are used up.\n\nIf you'],
    ['de', 0, 'Es war der letzte.\n\nErzeugen Sie in Ihrem Konto neue.\n\nWenn Sie'],
    ['de', 1, 'noch 1 übrig.\n\nErzeugen Sie in Ihrem Konto neue, bevor alle verbraucht sind.\n\nWenn'],
  ])('says in %s what to do when %d recovery codes are left', async (language, left, words) => {
    const data = { ...SAMPLES['recovery-code-used'], left };
    expect((await render('recovery-code-used', { data, language })).text).toContain(words);
  });

  it.each([
    ['en', { browser: 'curl', system: null }, 'curl'],
    ['en', { browser: null, system: null }, 'unknown'],
    ['de', { browser: 'curl', system: null }, 'curl'],
    ['de', { browser: null, system: null }, 'unbekannt'],
  ])('names in %s as much of the browser as is known: %j', async (language, names, words) => {
    for (const name of ['new-device', 'passkey-added', 'passkey-removed', 'passkey-refused'] as const) {
      const { text } = await render(name, { data: { ...SAMPLES[name], ...names }, language });
      expect(text).toContain(`\nBrowser: ${words}\n`);
    }
  });
});

describe('An SMS', () => {
  const GSM_7 = /^[@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]{1,160}$/;

  const SERVICES = [
    'Example',
    'A name of thirty letters, or so',
    'Müller & Söhne',
    'Šport €',
    '例え',
    'x'.repeat(200),
  ];

  it.each(Object.keys(LANGUAGES).flatMap((language) => SERVICES.map((service) => [language, service])))(
    'in %s of a service called %s takes one SMS of 160 letters',
    async (language, service) => {
      const { text, subject, html } = await templatesOf({ service }).render('phone-code', {
        data: { code: '123456', minutes: 10 },
        language,
      });

      expect(text).toMatch(GSM_7);
      expect(text).toMatch(/^123456 /);
      expect(text.split('\n').at(-1)).toBe('@auth.example.com #123456');
      expect({ subject, html }).toEqual({ subject: '', html: null });
    },
  );
});

describe('Values in a message', () => {
  const HOSTILE =
    '<script>alert(1)</script>"\'&\r\nBcc: eve@example.org\r\n\r\nhttps://evil.example/\u202e<%= it.code %>';

  it('stand escaped in HTML, and as they are in text', async () => {
    const { text, html } = await templatesOf().render('new-device', {
      data: { ...SAMPLES['new-device'], browser: HOSTILE },
    });

    expect(text).toContain(
      'Browser: <script>alert(1)</script>"\'& Bcc: eve@example.org https://evil.example/ <%= it.code %> on Linux\n',
    );
    expect(html).toContain('Browser: &lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; Bcc: ');
    expect(html).not.toContain('<script');
  });

  it('can begin no line, and so be no header, no link and no paragraph', async () => {
    const { render } = templatesOf({ service: 'Example' });
    const apiKeys = ['https://evil.example/', '\nhttps://evil.example/\n', HOSTILE];

    const { subject, text, html } = await render('password-reset', {
      data: { apiKeys, phoneEnding: null, providers: [], passkeys: [] },
    });

    expect(subject).toBe('Your password for Example was reset');
    expect(text.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(3);
    expect(text).not.toMatch(/^https:/m);
    expect(html).not.toContain('href');
  });

  it('are escaped in the link as well', async () => {
    const link = 'https://app.example.com/?a=1&b="><script>';
    const { html } = await templatesOf().render('sign-in-link', { data: { link, minutes: 15 } });
    expect(html).toContain('href="https://app.example.com/?a=1&amp;b=&quot;&gt;&lt;script&gt;"');
  });
});

describe('Files of the operator', () => {
  const newDirectory = useDirectories();

  function directoryWith(files: Record<string, string>): string {
    const directory = newDirectory();
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    return directory;
  }

  const CODE = 'Subject: <%= it.service %>: Ihr Code\n\nIhr Code:\n<%= it.code %>\n';

  it('take the place of the built-in ones one by one', async () => {
    const directory = directoryWith({
      'en/sign-in-code.eta': 'Subject: Ours\r\n\r\nOur code:\r\n<%= it.code %>\r\n',
    });
    const { render, logs } = templatesOf({ directory });

    expect(await render('sign-in-code')).toMatchObject({
      subject: 'Ours',
      text: 'Our code:\n123456',
      html: expect.stringContaining('>123456</p>'),
    });
    expect((await render('sign-in-link')).subject).toBe('Your sign-in link for Example');
    expect(logs.entries()).toEqual([]);
  });

  it('may be the layout of all messages', async () => {
    const directory = directoryWith({
      'layout.eta':
        '<main lang="<%= it.language %>"><% for (const block of it.blocks) { %><%= JSON.stringify(block) %><% } %></main>',
    });
    const { html } = await templatesOf({ directory }).render('sign-in-code');
    expect(html).toMatch(/^<main lang="en">.*&quot;code&quot;:&quot;123456&quot;/s);
  });

  it('may be the whole HTML of one message', async () => {
    const directory = directoryWith({ 'en/sign-in-code.html.eta': '<b><%= it.code %></b> <%= it.text %>' });
    const { html, text } = await templatesOf({ directory }).render('sign-in-code');
    expect(html).toMatch(/^<b>123456<\/b> Someone/);
    expect(text).toMatch(/^Someone/);
  });

  it.each([
    ['de', 'Example: Ihr Code'],
    ['de-AT,de;q=0.9,en;q=0.8', 'Example: Ihr Code'],
    ['DE', 'Example: Ihr Code'],
    ['fr, de;q=0.5', 'Example: Ihr Code'],
    ['en;q=0.5, de;q=0.8', 'Example: Ihr Code'],
    ['pt-BR', 'Seu código'],
    ['pt-br-x-other', 'Seu código'],
    ['pt-PT', 'Your sign-in code for Example'],
    ['en, de', 'Your sign-in code for Example'],
    ['de;q=0', 'Your sign-in code for Example'],
    ['de;q=2', 'Your sign-in code for Example'],
    ['*', 'Your sign-in code for Example'],
    ['../de', 'Your sign-in code for Example'],
    ['', 'Your sign-in code for Example'],
    [`${'x,'.repeat(100_000)}de`, 'Your sign-in code for Example'],
    [';;;q=,,=de;q', 'Your sign-in code for Example'],
    [null, 'Your sign-in code for Example'],
  ])('add languages: %.40s', async (language, subject) => {
    const directory = directoryWith({
      'de/sign-in-code.eta': CODE,
      'pt-BR/sign-in-code.eta': 'Subject: Seu código\n\n<%= it.code %>',
    });
    expect((await templatesOf({ directory }).render('sign-in-code', { language })).subject).toBe(subject);
  });

  it('leave what they do not have to the next language', async () => {
    const directory = directoryWith({
      'de/sign-in-code.eta': CODE,
      'fr/sign-in-link.eta': 'Subject: Lien\n\n<%= it.link %>',
    });
    const { render } = templatesOf({ directory });
    expect((await render('sign-in-link', { language: 'de, fr' })).subject).toBe('Lien');
    expect((await render('locked-down', { language: 'de, fr' })).subject).toMatch(/^Ihr Konto/);
  });

  it.each([
    ['de', ['en'], 'en'],
    ['de', ['de', 'en'], 'de'],
    ['de, fr', ['fr'], 'fr'],
    ['fr, de', ['en'], 'en'],
    ['de, en', ['en'], 'en'],
    ['en, de', ['de'], undefined],
    ['en-GB, de', ['de', 'fr'], undefined],
  ])('come before the built-in ones, for %s with %j', async (language, folders, expected) => {
    const files = folders.map((folder) => [
      `${folder}/sign-in-code.eta`,
      `Subject: ${folder}\n\n<%= it.code %>`,
    ]);
    const directory = directoryWith(Object.fromEntries(files));
    const { subject } = await templatesOf({ directory }).render('sign-in-code', { language });
    expect(subject).toBe(expected ?? 'Your sign-in code for Example');
  });

  it.each([
    ['de', 'en', 'Your sign-in code for Example'],
    ['de', 'de', 'Ihr Anmeldecode für Example'],
    ['fr', 'de', 'Your sign-in code for Example'],
  ])(
    'come before the built-in ones even if there is only HTML, for %s with %s',
    async (language, folder, subject) => {
      const directory = directoryWith({ [`${folder}/sign-in-code.html.eta`]: '<i><%= it.code %></i>' });
      const isUsed = language === folder || folder === 'en';
      const message = await templatesOf({ directory }).render('sign-in-code', { language });
      expect(message.subject).toBe(subject);
      expect(message.html === '<i>123456</i>').toBe(isUsed);
    },
  );

  it.each([
    ['de', '24 Stunden'],
    ['fr-FR', '24 heures'],
    ['de-a', '24 hours'],
    ['xx', '24 hours'],
  ])('have times in words of their language: %s', async (language, words) => {
    const template = 'Subject: A\n\n<%= it.code %> <%= it.duration %>';
    const directory = directoryWith({ [`${language}/verify-email.eta`]: template });
    const { text } = await templatesOf({ directory }).render('verify-email', { language });
    expect(text).toBe(`123456 ${words}`);
  });

  it('turn the page round for languages that are read from the right', async () => {
    const directory = directoryWith({ 'ar/sign-in-code.eta': 'Subject: رمزك\n\n<%= it.code %>' });
    const { html } = await templatesOf({ directory }).render('sign-in-code', { language: 'ar' });
    expect(html).toContain('<html lang="ar" dir="rtl">');
  });

  it.each([
    ['that does not parse', 'Subject: A\n\n<%= it.code'],
    ['that fails', 'Subject: A\n\n<% throw new Error("no") %><%= it.code %>'],
    ['that misspells a name', 'Subject: A\n\n<%= it.kode %> <%= it.code %>'],
    ['without a subject', 'Hello\n\n<%= it.code %>'],
    ['without an empty line', 'Subject: A\n<%= it.code %>'],
    ['without text', 'Subject: A\n\n'],
    ['without the code', 'Subject: A\n\nHello'],
    ['that includes another', 'Subject: A\n\n<%~ include("/etc/passwd") %><%= it.code %>'],
  ])('lose no message with a template %s, and the log names it once', async (_what, content) => {
    const directory = directoryWith({ 'de/sign-in-code.eta': content });
    const { render, logs } = templatesOf({ directory });

    for (const _ of [1, 2]) {
      const { subject, text, html } = await render('sign-in-code', { language: 'de' });
      expect(subject).toBe('Ihr Anmeldecode für Example');
      expect(text).toContain('\n123456\n');
      expect(html).toContain('>123456</p>');
    }

    expect(logs.entries()).toEqual([
      expect.objectContaining({
        level: 50,
        file: join(directory, 'de/sign-in-code.eta'),
        msg: 'template of messages is broken, and another takes its place',
      }),
    ]);
  });

  it('lose no message with a broken layout or a broken HTML', async () => {
    const directory = directoryWith({
      'layout.eta': '<%= it.oops %>',
      'en/sign-in-link.html.eta': 'no link here',
    });
    const { render, logs } = templatesOf({ directory });
    expect((await render('sign-in-code')).html).toContain('>123456</p>');
    expect((await render('sign-in-link')).html).toContain(`href="${SAMPLES['sign-in-link'].link}"`);
    expect(logs.entries().map(({ file }) => file)).toEqual([
      join(directory, 'layout.eta'),
      join(directory, 'en/sign-in-link.html.eta'),
    ]);
  });

  it('are tried out at the start', async () => {
    const directory = directoryWith({
      'de/sign-in-code.eta': CODE,
      'de/sign-in-link.eta': 'Subject: A\n\n<%= it.lnk %>',
      'en/reset-pasword.eta': 'Subject: A\n\n<%= it.code %>',
      'en/reset-password.txt': '',
      'sign-in-code.eta': CODE,
      'layout.eta': '<%= JSON.stringify(it.blocks) %>',
      'README.md': '',
      '.git/config': '',
    });
    const { check, logs } = templatesOf({ directory });

    await check();

    expect(logs.entries()).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'MAIL_TEMPLATES_DIR has files that no message is made from',
        files: ['README.md', 'en/reset-password.txt', 'en/reset-pasword.eta', 'sign-in-code.eta'],
      }),
      expect.objectContaining({ level: 50, file: join(directory, 'de/sign-in-link.eta') }),
    ]);
  });

  it('are done without where the directory is gone', async () => {
    const { render, check, logs } = templatesOf({ directory: join(newDirectory(), 'gone') });
    await check();
    expect((await render('sign-in-code')).subject).toBe('Your sign-in code for Example');
    expect(logs.entries().map(({ msg }) => msg)).toEqual(['MAIL_TEMPLATES_DIR cannot be read']);
  });
});
