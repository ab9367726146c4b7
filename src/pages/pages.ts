import { join } from 'node:path';
import type { Logger } from 'pino';
import { besideCode } from '../config/beside-code.ts';
import type { Config } from '../config/config.ts';
import type { Page, Pages, RenderedPage } from '../core/pages.ts';
import { BoundedMap } from '../core/values/bounded-map.ts';
import { randomBytes } from '../core/values/random.ts';
import { createTemplateFiles, type TemplateData } from '../templates/template-files.ts';
import { readAssets } from './assets.ts';
import { hiddenField, renderCode } from './fields.ts';
import { toolsFor } from './template-tools.ts';
import { createWords, type Words } from './words.ts';

export interface PagesOptions {
  readonly pages: Config['pages'];
  readonly publicUrl: string;
  readonly logger: Logger;
}

const BUILT_IN = besideCode('pages/templates/');
const NONCE_BYTES = 16;
/** Mark the places of what is new in each answer. They are random, so that no text on a page can be taken for one. */
const [NONCE_MARK, CSRF_TOKEN_MARK] = [
  randomBytes(NONCE_BYTES).toString('hex'),
  randomBytes(NONCE_BYTES).toString('hex'),
];
const MAX_SHARED_PAGES = 200;
const MARKS = new RegExp(`(${NONCE_MARK}|${CSRF_TOKEN_MARK})`);

/** A rendered page in pieces, cut where each answer has something new. */
interface RenderedParts {
  readonly html: readonly string[];
  readonly policy: readonly string[];
}

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
    leadsToStart: false,
  };

  /** By their languages and keys. */
  const shared = new BoundedMap<string, RenderedParts>(MAX_SHARED_PAGES);

  async function render(page: Page, acceptLanguage: string | null): Promise<RenderedPage> {
    const words = wordsFor(page.language ?? null, acceptLanguage);
    const { html, policy } = await partsOf(page, words);
    const { csrfToken } = page;
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    const join = (parts: readonly string[]) =>
      parts
        .map((part) => (part === NONCE_MARK ? nonce : part === CSRF_TOKEN_MARK ? csrfToken : part))
        .join('');
    return {
      html: join(html),
      headers: {
        'Content-Security-Policy': join(policy),
        'Content-Language': words.language,
        // A form that shows its token also shows its origin, which browsers tell only where they may tell the referrer.
        ...(csrfToken !== undefined && { 'Referrer-Policy': 'same-origin' }),
      },
    };
  }

  async function partsOf(page: Page, words: Words): Promise<RenderedParts> {
    if (page.shareKey === undefined) return makeParts(page, words);
    const key = `${words.language} ${page.shareKey}`;
    const known = shared.use(key);
    if (known !== undefined) return known;
    const parts = await makeParts(page, words);
    shared.set(key, parts);
    return parts;
  }

  async function makeParts(page: Page, words: Words): Promise<RenderedParts> {
    const html = await makePage(page, words);
    return {
      // One character per byte, so that no answer is encoded again.
      html: Buffer.from(html).toString('latin1').split(MARKS),
      policy: policyOf(page).split(MARKS),
    };
  }

  async function makePage(page: Page, words: Words): Promise<string> {
    const data = {
      ...common,
      ...toolsFor(page, words),
      csrf: () => hiddenField('csrf_token', CSRF_TOKEN_MARK),
      hasForm: page.leadsTo !== undefined,
      hasScript: page.hasScript === true,
      ...page.data,
    };
    const body = await fromTemplate(page.template ?? 'message', data, words);
    return fromTemplate('layout', { ...data, nonce: NONCE_MARK, body, problem: data.problemBeside() }, words);
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

/** Nothing but files of this service is loaded, and forms go here; a browser follows their answers only to `leadsTo`. */
function policyOf({ leadsTo, hasScript }: Page): string {
  return [
    "default-src 'none'",
    ...(hasScript ? [`script-src 'nonce-${NONCE_MARK}'`, "connect-src 'self'"] : []),
    `style-src 'nonce-${NONCE_MARK}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    `form-action ${leadsTo === undefined ? "'none'" : ["'self'", ...leadsTo].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}
