import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { ERRORS } from '../core/errors.ts';
import type { Page, PageProblem, Pages, RenderedPage, WordValues } from '../core/pages.ts';
import { durationIn } from '../templates/languages.ts';
import { createTemplateFiles, escapeHtml, type TemplateData } from '../templates/template-files.ts';
import { readAssets } from './assets.ts';
import { type FieldOptions, hiddenField, renderCode, renderField, renderTime } from './fields.ts';
import { createWords, fill, type Words } from './words.ts';

export interface PagesOptions {
  readonly pages: Config['pages'];
  readonly publicUrl: string;
  readonly logger: Logger;
}

const BUILT_IN = fileURLToPath(new URL('./templates/', import.meta.url));
const NONCE_BYTES = 16;
/** Stands for a time until its text is escaped. */
const TIME_PLACE = '\u0000';
/** Nothing that anyone sends can hold these. */
const [NONCE, CSRF_TOKEN] = [
  randomBytes(NONCE_BYTES).toString('hex'),
  randomBytes(NONCE_BYTES).toString('hex'),
];
const MARK = new RegExp(`(${NONCE}|${CSRF_TOKEN})`);
const MAX_KEPT = 200;

/** Gives pages their words, their look and the policy that goes with it. */
export function createPages({ pages: config, publicUrl, logger }: PagesOptions): Pages {
  const { brandName, templatesDirectory } = config;
  const { useFirst } = createTemplateFiles(logger, 'pages');
  const { wordsFor, languages } = createWords(config.messagesDirectory, logger);
  const assets = readAssets(config);
  /** A proxy in front may have put the service below a path. */
  const base = new URL(publicUrl).pathname.replace(/\/$/, '');
  const url = (path: string) => base + path;
  const assetUrls = Object.fromEntries(
    [...assets].map(([name, { fileName }]) => [name, url(`/assets/${fileName}`)]),
  );
  const common = {
    url,
    brand: brandName,
    logo: assetUrls.logo,
    assets: assetUrls,
    hasSignInPages: config.enabled,
    code: renderCode,
    // What a page of the template `message` may have.
    shownCode: undefined,
    inAccount: false,
    leadsToSignIn: false,
  };

  /** The latest used last. */
  const kept = new Map<string, readonly string[]>();

  async function render(page: Page, acceptLanguage: string | null): Promise<RenderedPage> {
    const words = wordsFor(page.language ?? null, acceptLanguage);
    const parts = await partsOf(page, words);
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    const { csrfToken = '' } = page;
    return {
      html: parts.map((part) => (part === NONCE ? nonce : part === CSRF_TOKEN ? csrfToken : part)).join(''),
      headers: { 'Content-Security-Policy': policyOf(page, nonce), 'Content-Language': words.language },
    };
  }

  /** The page, with marks of their own in place of what is new in each answer. */
  async function partsOf(page: Page, words: Words): Promise<readonly string[]> {
    const key = page.cacheKey === undefined ? undefined : `${words.language} ${page.cacheKey}`;
    const before = key === undefined ? undefined : kept.get(key);
    if (key !== undefined && before !== undefined) {
      kept.delete(key);
      kept.set(key, before);
      return before;
    }
    const parts = (await makePage(page, words)).split(MARK);
    if (key === undefined) return parts;
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, parts);
    return parts;
  }

  async function makePage(page: Page, words: Words): Promise<string> {
    const data = {
      ...common,
      ...toolsFor(page, words),
      hasForm: page.leadsTo !== undefined,
      hasScript: page.hasScript === true,
      ...page.data,
    };
    const body = await fromTemplate(page.template ?? 'message', data, words);
    return fromTemplate('layout', { ...data, nonce: NONCE, body, problem: data.problemBeside() }, words);
  }

  async function fromTemplate(name: string, data: TemplateData, { language }: Words): Promise<string> {
    const directories = [templatesDirectory, BUILT_IN].filter((parent) => parent !== undefined);
    const files = directories.map((parent) => ({ path: join(parent, `${name}.eta`), language }));
    const found = await useFirst(files, 'html', () => data, String);
    if (found === undefined) throw new Error(`there is no template ${name} that works`);
    return found.made;
  }

  return { render, languages, assets };
}

/** What a template calls to say something in the language of the page. */
function toolsFor(page: Page, { language, direction, find }: Words) {
  const names = [page.words].flat();
  const typed = (page.data?.typed ?? {}) as Readonly<Record<string, string>>;
  const name = names.find((one) => find(`${one}.title`) !== undefined) ?? names[0] ?? '';
  const { problem } = page;
  const texts = Object.entries(page.texts ?? {}).map(
    ([name, key]) => [name, String(find(key) ?? key)] as const,
  );
  const { minutes } = page;
  const given: WordValues = {
    ...Object.fromEntries(texts),
    ...(minutes !== undefined && {
      duration: minutes < 1 ? String(find('labels.less_than_a_minute')) : durationIn(language, minutes),
    }),
    ...page.values,
  };
  const shownFields = new Set<string>();
  let isFocused = false;

  const isSaidByFields = () =>
    problem !== undefined &&
    problem.fields.length > 0 &&
    problem.fields.every(({ pointer }) => shownFields.has(pointer));

  const look = (key: string) => find(`${name}.${key}`) ?? find(`labels.${key}`);

  /** A text of the page, or a label that all pages have. */
  function t(key: string, values: WordValues = {}): string {
    const text = look(key);
    if (typeof text !== 'string') throw new Error(`there are no words ${name}.${key}`);
    return fill(text, { ...given, ...values }, direction);
  }

  /** Its paragraphs under a key; none where it has no such words. */
  const all = (key: string) => [look(key) ?? []].flat().map((text) => fill(text, given, direction));

  function fieldProblem(field: string): string | undefined {
    const found = problem?.fields.find(({ pointer }) => pointer === `/${field}`);
    if (found === undefined) return undefined;
    const text =
      look(`fields.${field}.${found.code}`) ??
      find(`fields.${field}.${found.code}`) ??
      find(`fields.${found.code}`) ??
      find('fields.invalid');
    return fill(String(text), given, direction);
  }

  function field(options: FieldOptions): string {
    const { label = options.name, hint, item = '' } = options;
    // Of several forms with such a field, this one was sent.
    const wasSent = (typed.id ?? '') === item;
    const wrong = wasSent ? fieldProblem(options.name) : undefined;
    if (wasSent) shownFields.add(`/${options.name}`);
    const focus =
      !isFocused && (wrong !== undefined || (problem === undefined && options.autofocus === true));
    isFocused ||= focus;
    return renderField(
      { ...options, value: (wasSent ? typedIn(options, typed) : null) ?? options.value ?? null },
      { label: t(label), hint: hint === undefined ? undefined : t(hint), problem: wrong },
      focus,
    );
  }

  /** A text with a time in it, as HTML. */
  function timed(key: string, iso: string): string {
    return escapeHtml(t(key, { time: TIME_PLACE })).replace(TIME_PLACE, renderTime(iso, language));
  }

  return {
    language,
    direction,
    t,
    all,
    has: (key: string) => look(key) !== undefined,
    field,
    hidden: hiddenField,
    time: (iso: string) => renderTime(iso, language),
    timed,
    languageName: (tag: string) => new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag,
    device: ({ browser, system }: { browser: string | null; system: string | null }) => {
      if (browser === null) return t('unknown_device');
      return system === null ? browser : t('browser_on_system', { browser, system });
    },
    csrf: () => hiddenField('csrf_token', CSRF_TOKEN),
    noticeText: noticeOf(page.data?.notice),
    title: t('title'),
    isRefused: problem !== undefined,
    problemCode: problem?.code,
    /** What is wrong, unless the body of the page has said all of it beside its fields. */
    problemBeside: () =>
      problem === undefined || isSaidByFields() ? undefined : { text: problemText(problem) },
  };

  /** What has just been done elsewhere, where there are words for that. */
  function noticeOf(notice: unknown): string | undefined {
    const text = typeof notice === 'string' && notice !== '' ? look(`notices.${notice}`) : undefined;
    return typeof text === 'string' ? fill(text, given, direction) : undefined;
  }

  function problemText({ code, retryAfterSeconds }: PageProblem): string {
    const isOurs = ERRORS[code].status >= 500;
    const text =
      look(`problems.${code}`) ??
      find(`problems.${code}`) ??
      find(isOurs ? 'problems.unavailable' : 'problems.any');
    const wait = new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: 'long' });
    return fill(String(text), { ...given, wait: wait.format(retryAfterSeconds ?? 60) }, direction);
  }
}

/** What was typed comes back with its problem, but for secrets. */
function typedIn({ name, type, autocomplete }: FieldOptions, typed: Readonly<Record<string, string>>) {
  return type === 'password' || autocomplete === 'one-time-code' ? null : (typed[name] ?? null);
}

/** Nothing but files of this service is loaded, and forms go here; a browser follows their answers only to `leadsTo`. */
function policyOf({ leadsTo, hasScript }: Page, nonce: string): string {
  return [
    "default-src 'none'",
    ...(hasScript ? [`script-src 'nonce-${nonce}'`, "connect-src 'self'"] : []),
    `style-src 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    `form-action ${leadsTo === undefined ? "'none'" : ["'self'", ...leadsTo].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}
