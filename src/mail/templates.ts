import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Logger } from 'pino';
import { besideCode } from '../config/beside-code.ts';
import type { Message, Render, RenderedMessage, TemplateName } from '../core/messages/message.ts';
import {
  directionOf,
  durationIn,
  MINUTES_PER_DAY,
  preferredLanguages,
  timeIn,
} from '../templates/languages.ts';
import {
  createTemplateFiles,
  escapeHtml,
  type TemplateData,
  type TemplateFile,
} from '../templates/template-files.ts';
import { blocksOf, splitSubject, tidy, type Words } from './message-text.ts';
import { SAMPLES, TEMPLATE_NAMES } from './samples.ts';
import { smsName } from './sms-text.ts';

export interface TemplatesOptions {
  /** Files of the operator, which come before the built-in ones. */
  readonly directory: string | undefined;
  /** What the service is called. */
  readonly service: string;
  /** The host of PUBLIC_URL. */
  readonly host: string;
  readonly logger: Logger;
}

export interface MessageTemplates {
  readonly render: Render;
  /** Tries the operator's files out, and logs those that are broken and those that no message is made from. */
  readonly check: () => Promise<void>;
}

const BUILT_IN = besideCode('mail/templates/');
const ENGLISH = 'en';
/** The languages with a built-in template for every message. */
const BUILT_IN_LANGUAGES: readonly string[] = [ENGLISH, 'de'];
const LAYOUT = 'layout.eta';
/** These have no subject and no HTML. */
const SMS_TEMPLATES: readonly TemplateName[] = ['phone-code'];
/** Line breaks, other control characters, and those that turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * Messages in words. The operator's files come first, then the built-in ones: an operator who has replaced the English
 * text of a message does not want the built-in German one sent. Within each group the person's languages come first, then
 * English. A broken file is logged, and the next one takes its place: a message in other words is better than none.
 */
export function createTemplates({ directory, service, host, logger }: TemplatesOptions): MessageTemplates {
  const { useFirst, isUsable } = createTemplateFiles(logger, 'messages');
  let folders: Promise<ReadonlyMap<string, string>> | undefined;

  const render: Render = async ({ template, data: values, language: wanted }) => {
    const isSms = SMS_TEMPLATES.includes(template);
    const data = { ...printable(values), service: isSms ? smsName(service, host) : service, host };
    const dataIn = (language: string) => ({
      ...data,
      ...durationOf(data, language),
      ...timeOf(data, language),
    });
    const files = await filesFor(template, wanted);
    const found = await useFirst(files, 'text', dataIn, (made) => {
      const words = isSms ? { subject: '', text: tidy(made) } : splitSubject(made);
      requireSecret(words.text, data);
      return words;
    });
    if (found === undefined) throw new Error(`there is no template ${template} that works`);
    const { made: words, language } = found;
    return { ...words, html: isSms ? null : await htmlOf(template, words, language, dataIn(language)) };
  };

  async function htmlOf(
    template: TemplateName,
    words: Words,
    language: string,
    data: TemplateData,
  ): Promise<RenderedMessage['html']> {
    const look = { subject: words.subject, direction: directionOf(language) };
    const check = (made: string) => requireSecret(made, data, escapeHtml);
    const whole = await inFolder(language, `${template}.html.eta`);
    const ofMessage = await useFirst(whole, 'html', () => ({ ...data, ...look, text: words.text }), check);
    if (ofMessage !== undefined) return ofMessage.made;
    const layouts = [directory, BUILT_IN].filter((parent) => parent !== undefined);
    const blocks = blocksOf(words, data);
    const inLayout = await useFirst(
      layouts.map((parent) => ({ path: join(parent, LAYOUT), language })),
      'html',
      () => ({ ...look, service, blocks }),
      check,
    );
    return inLayout?.made ?? null;
  }

  /** The files that may have the words, the best first. */
  async function filesFor(template: TemplateName, wanted: string | null): Promise<TemplateFile[]> {
    const languages = languagesFor(wanted);
    const builtIn = (language: string): TemplateFile[] =>
      BUILT_IN_LANGUAGES.includes(language)
        ? [{ path: join(BUILT_IN, language, `${template}.eta`), language }]
        : [];
    const own: TemplateFile[] = [];
    for (const language of languages) {
      own.push(...(await inFolder(language, `${template}.eta`)));
      // The operator may have replaced the HTML alone, around the built-in text.
      const [html] = await inFolder(language, `${template}.html.eta`);
      if (html !== undefined && (await isUsable(html, 'html'))) own.push(...builtIn(language));
    }
    return [...own, ...languages.flatMap(builtIn)];
  }

  /** The operator's file of a language, however the name of its folder writes the tag; empty where there is no folder. */
  async function inFolder(language: string, name: string): Promise<TemplateFile[]> {
    if (directory === undefined) return [];
    const folder = (await foldersOf(directory)).get(language);
    return folder === undefined ? [] : [{ path: join(directory, folder, name), language }];
  }

  /** Read once, and empty where that fails: the built-in templates are there in any case. */
  function foldersOf(parent: string): Promise<ReadonlyMap<string, string>> {
    folders ??= readFolders(parent).catch((err) => {
      logger.error({ err }, 'MAIL_TEMPLATES_DIR cannot be read');
      return new Map();
    });
    return folders;
  }

  async function check(): Promise<void> {
    if (directory === undefined) return;
    const files = await listFiles(directory).catch(() => []);
    const unused = files.filter((path) => !isTemplate(path));
    if (unused.length > 0)
      logger.warn({ files: unused }, 'MAIL_TEMPLATES_DIR has files that no message is made from');
    for (const language of [...(await foldersOf(directory)).keys(), ENGLISH]) {
      for (const template of TEMPLATE_NAMES) await render({ template, data: SAMPLES[template], language });
    }
  }

  return { render, check };
}

/**
 * A message is of no use without the code and the link that it is about.
 * @throws Error where it shows neither
 */
function requireSecret(made: string, { code, link }: TemplateData, write = unchanged): string {
  const secrets = [code, link].filter((secret) => secret !== undefined);
  const isThere = secrets.length === 0 || secrets.some((secret) => made.includes(write(secret)));
  if (!isThere) throw new Error('it shows neither the code nor the link');
  return made;
}

const unchanged = (value: unknown): string => String(value);

/** No value can begin a line of its own, so none can pass for a header, a paragraph or a link. */
function printable(values: Message['data']): TemplateData {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, printableValue(value)]));
}

function printableValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(printableValue);
  return typeof value === 'string' ? value.replace(UNPRINTABLE, ' ').trim() : value;
}

/** How long something is good, in words of a language, where a message says so. */
function durationOf({ minutes, days }: TemplateData, language: string): TemplateData {
  if (typeof minutes === 'number') return { duration: durationIn(language, minutes) };
  return typeof days === 'number' ? { duration: durationIn(language, days * MINUTES_PER_DAY) } : {};
}

/** When something was done, as the language writes it. */
function timeOf({ time }: TemplateData, language: string): TemplateData {
  return typeof time === 'string' ? { time: timeIn(language, time) } : {};
}

/** The languages that a message may have, the best first. None comes after English, which has every message. */
function languagesFor(wanted: string | null): string[] {
  const languages = [...preferredLanguages(wanted), ENGLISH];
  return languages.slice(0, languages.indexOf(ENGLISH) + 1);
}

/** The folders of languages, by their tags in lower case. */
async function readFolders(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { withFileTypes: true });
  return new Map(entries.filter((entry) => !entry.isFile()).map(({ name }) => [name.toLowerCase(), name]));
}

/** The files below a directory, hidden ones left out. */
async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
    .filter((path) => !/(^|[\\/])\./.test(path))
    .sort();
}

/** Whether messages are made from a file at this place. */
function isTemplate(path: string): boolean {
  if (path === LAYOUT) return true;
  const [folder = '', name = '', ...deeper] = path.split(/[\\/]/);
  const isLanguage = preferredLanguages(folder)[0] === folder.toLowerCase();
  const isKnown = TEMPLATE_NAMES.some((known) => [`${known}.eta`, `${known}.html.eta`].includes(name));
  return isLanguage && isKnown && deeper.length === 0;
}
