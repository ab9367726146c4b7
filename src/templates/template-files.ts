import { readFile } from 'node:fs/promises';
import type { Eta } from 'eta';
import type { Logger } from 'pino';

/** A file that something may be made from. */
export interface TemplateFile {
  readonly path: string;
  readonly language: string;
}

/** What a template calls `it`. */
export type TemplateData = Readonly<Record<string, unknown>>;

/** HTML escapes the values that stand in it, text takes them as they are. */
export type Format = 'text' | 'html';

type Make = (data: TemplateData) => string;

/** Files of templates for `subject`, such as messages, each read once. The library is loaded with the first. */
export function createTemplateFiles(logger: Logger, subject: string) {
  const loaded = new Map<string, Promise<Make | null>>();
  const reported = new Set<string>();
  let engines: Promise<Readonly<Record<Format, Eta>>> | undefined;

  /**
   * What comes of the first file that is there and not broken; undefined where there is none. `check` throws where a
   * template has made nothing usable.
   */
  async function useFirst<Made>(
    files: readonly TemplateFile[],
    format: Format,
    dataIn: (language: string) => TemplateData,
    check: (made: string) => Made,
  ): Promise<{ readonly language: string; readonly made: Made } | undefined> {
    for (const { path, language } of files) {
      const make = await load(path, format);
      if (make === null) continue;
      try {
        return { language, made: check(make(strict({ ...dataIn(language), language }))) };
      } catch (err) {
        report(path, err);
      }
    }
    return undefined;
  }

  /** Whether the file exists and can be parsed. */
  async function isUsable({ path }: TemplateFile, format: Format): Promise<boolean> {
    return (await load(path, format)) !== null;
  }

  /** Null where there is no such file, or it is broken. */
  function load(path: string, format: Format): Promise<Make | null> {
    const known = loaded.get(path);
    if (known !== undefined) return known;
    const loading = compile(path, format).catch((err) => {
      if (err.code !== 'ENOENT') report(path, err);
      return null;
    });
    loaded.set(path, loading);
    return loading;
  }

  async function compile(path: string, format: Format): Promise<Make> {
    const source = (await readFile(path, 'utf8')).replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
    engines ??= loadEngines();
    const engine = (await engines)[format];
    const make = engine.compile(source, { filepath: path });
    return (data) => make.call(engine, data, { filepath: path });
  }

  /** Once for each file, or the log would fill with it. */
  function report(path: string, err: unknown): void {
    if (reported.has(path)) return;
    reported.add(path);
    logger.error({ err, file: path }, `template of ${subject} is broken, and another takes its place`);
  }

  return { useFirst, isUsable };
}

/** No tag swallows the line break after it, unless it says so. */
async function loadEngines() {
  const { Eta } = await import('eta');
  const config = { autoTrim: false as const, debug: true };
  return {
    text: new Eta({ ...config, autoEscape: false }),
    html: new Eta({ ...config, autoEscape: true, escapeFunction: escapeHtml }),
  };
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A value as text in HTML, or in an attribute. */
export function escapeHtml(value: unknown): string {
  return String(value).replace(/[&<>"']/g, (character) => ESCAPED[character] ?? '');
}

/** A misspelled name is an error, or "undefined" would stand in the message. */
function strict(data: TemplateData): TemplateData {
  return new Proxy(data, {
    get(target, name) {
      if (typeof name === 'string' && !Object.hasOwn(target, name)) throw new Error(`there is no it.${name}`);
      return Reflect.get(target, name);
    },
  });
}
