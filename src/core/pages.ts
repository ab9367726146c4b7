import type { ErrorCode, FieldErrorCode } from './errors.ts';
import type { PolicyName } from './limits/quota.ts';

/** What stands in place of `{name}` in the words of a page. */
export type WordValues = Readonly<Record<string, string | number>>;

/** A page for a person, before it has words, a language and a look. */
export interface Page {
  /** The key of its words, or several, of which the first that has words counts. */
  readonly words: string | readonly string[];
  /** `message` by default: title, paragraphs, a button and notes, all of which come from its words. */
  readonly template?: string;
  readonly values?: WordValues;
  /** Values that are words themselves: the name of each, and the key of its words. */
  readonly texts?: Readonly<Record<string, string>>;
  /** A time that its words call `{duration}`. */
  readonly minutes?: number;
  /** Pages with the same key are the same but for their language and the token of their forms, and are rendered once. */
  readonly shareKey?: string;
  /** The token of its forms. */
  readonly csrfToken?: string;
  /** What its template calls `it`, besides what every template has. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Why a form was refused. */
  readonly problem?: PageProblem | undefined;
  /** Whether it loads the script, for forms that are sent without a reload and for passkeys. */
  readonly hasScript?: true;
  /** The origins that its forms may lead to, besides this one; undefined where it has no form. */
  readonly leadsTo?: readonly string[];
  /** The language of the account, which wins over those of the browser. */
  readonly language?: string | null;
}

/** What is wrong with a field, whose name stands in `pointer` after a slash. */
export interface FieldProblem {
  readonly pointer: string;
  readonly code: FieldErrorCode | ErrorCode;
}

/** What is wrong with a form. */
export interface PageProblem {
  readonly code: ErrorCode;
  /** What is wrong with single fields, or which field the error is about. */
  readonly fields: readonly FieldProblem[];
  /** The limit that is used up. */
  readonly policy?: PolicyName | undefined;
  /** The seconds after which to try again, where that is known. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A page as it is sent. */
export interface RenderedPage {
  /** Its HTML in UTF-8, one byte per character: to be sent as latin1. */
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file that pages load. */
export interface PageAsset {
  /** With the hash of its content, so that caches may keep it for good. */
  readonly fileName: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Gives pages their words and their look. */
export interface Pages {
  /** `acceptLanguage` is what the browser says that its user reads. */
  readonly render: (page: Page, acceptLanguage: string | null) => Promise<RenderedPage>;
  /** The languages that there are words in. */
  readonly languages: readonly string[];
  /** By their names without the hash. */
  readonly assets: ReadonlyMap<string, PageAsset>;
}
