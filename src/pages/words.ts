import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { besideCode } from '../config/beside-code.ts';
import type { WordValues } from '../core/pages.ts';
import { preferredLanguages } from '../templates/languages.ts';

/** The words of one language, by keys such as `pages.sign_in.title`. */
export interface Words {
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  /** The text of a key, or undefined where neither this language nor English has it. */
  readonly find: (key: string) => Text | undefined;
}

/** One text, or paragraphs. */
export type Text = string | readonly string[];

type Table = ReadonlyMap<string, Text>;

const BUILT_IN = besideCode('pages/messages/');
const ENGLISH = 'en';
const FILE = /^(?<language>[a-z]{2,8}(?:-[a-z0-9]{1,8})*)\.json$/i;
const PLACE = /\{(\w+)\}/g;
/** Some editors begin a file with it. */
const BYTE_ORDER_MARK = /^\ufeff/;
/** Unicode isolates: they keep a left-to-right value in its place in a right-to-left text. */
const [ISOLATE, END_ISOLATE] = ['\u2068', '\u2069'];

/**
 * The words of pages, a file for each language. A file of the operator adds a language, or replaces some words of a
 * built-in one. What a language lacks is said in English.
 */
export function createWords(directory: string | undefined, logger: Logger) {
  const tables = new Map<string, Table>();
  for (const [language, table] of readTables(BUILT_IN)) tables.set(language, table);
  const english: Table = new Map(tables.get(ENGLISH));
  if (directory !== undefined) addTables(directory);
  const words = new Map([...tables].map(([language, table]) => [language, wordsOf(language, table)]));

  function addTables(from: string): void {
    for (const [language, table] of readTables(from, (file, err) =>
      logger.error({ err, file }, 'file of words for pages is broken, and is left out'),
    )) {
      const unused = [...table.keys()].filter((key) => key !== 'direction' && !english.has(key));
      if (unused.length > 0)
        logger.warn({ language, unused }, 'PAGES_MESSAGES_DIR has words that no page says');
      const isMisplaced = ([key, text]: [string, Text]) =>
        Array.isArray(text) && !Array.isArray(english.get(key));
      const misplaced = [...table].filter(isMisplaced).map(([key]) => key);
      if (misplaced.length > 0)
        logger.error(
          { language, keys: misplaced },
          'PAGES_MESSAGES_DIR has lists where there has to be one text, which are left out',
        );
      for (const key of misplaced) table.delete(key);
      tables.set(language, new Map([...(tables.get(language) ?? []), ...table]));
    }
  }

  function wordsOf(language: string, table: Table): Words {
    const inEnglish = tables.get(ENGLISH);
    return {
      language,
      direction: table.get('direction') === 'rtl' ? 'rtl' : 'ltr',
      find: (key) => table.get(key) ?? inEnglish?.get(key),
    };
  }

  /** The words of the first language that has any: that of the account, then those of the browser, then English. */
  const wordsFor = (accountLanguage: string | null, acceptLanguage: string | null): Words => {
    for (const wanted of [accountLanguage, acceptLanguage]) {
      for (const language of preferredLanguages(wanted)) {
        const found = words.get(language);
        if (found !== undefined) return found;
      }
    }
    const fallback = words.get(ENGLISH);
    if (fallback === undefined) throw new Error('there are no English words');
    return fallback;
  };

  return { wordsFor, languages: [...words.keys()].sort() };
}

/** A text with values in place of its `{names}`. */
export function fill(text: string, values: WordValues, direction: Words['direction']): string {
  if (!text.includes('{')) return text;
  return text.replace(PLACE, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return isolated(String(value), direction);
  });
}

/** Keeps the characters of a value, such as a phone number, in their order inside right-to-left text. */
export function isolated(value: string, direction: Words['direction']): string {
  return direction === 'rtl' ? `${ISOLATE}${value}${END_ISOLATE}` : value;
}

function readTables(
  directory: string,
  onBroken: (file: string, error: unknown) => void = (_file, error) => {
    throw error;
  },
): Map<string, Map<string, Text>> {
  const found = new Map<string, Map<string, Text>>();
  for (const file of readdirSync(directory)) {
    const language = FILE.exec(file)?.groups?.language?.toLowerCase();
    if (language === undefined) continue;
    try {
      // Throws for a name such as `test`, in which no time could be written.
      Intl.getCanonicalLocales(language);
      found.set(
        language,
        flatten(JSON.parse(readFileSync(join(directory, file), 'utf8').replace(BYTE_ORDER_MARK, ''))),
      );
    } catch (error) {
      onBroken(join(directory, file), error);
    }
  }
  return found;
}

/** Nested objects as one table, whose keys are paths with dots. */
function flatten(value: unknown, prefix = ''): Map<string, Text> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${prefix || 'the file'} has to be an object`);
  const table = new Map<string, Text>();
  for (const [name, member] of Object.entries(value)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (typeof member === 'string') table.set(key, member);
    else if (Array.isArray(member) && member.every((one) => typeof one === 'string')) table.set(key, member);
    else for (const [path, text] of flatten(member, key)) table.set(path, text);
  }
  return table;
}
