import type { AppError, ErrorCode } from '../../core/errors.ts';
import type { Page } from '../../core/pages.ts';
import type { Exchange, PerformInput } from '../../http/exchange.ts';
import type { Flow, Texts } from './flow.ts';
import type { Services } from './services.ts';

/** What a page knows of the request that it answers. */
export interface Visit {
  readonly exchange: Exchange;
  readonly services: Services;
  /** The parameters of its URL. */
  readonly query: Texts;
  readonly flow: Flow;
  /** What was typed; empty where the page is only shown. */
  readonly fields: Texts;
}

/** The body of a route of the API, which its schema describes. */
// biome-ignore lint/suspicious/noExplicitAny: templates have no types, and what they are given is tested by showing it
export type Body = any;

/** A visit with the answers of the routes that feed the page. */
export interface FedVisit extends Visit {
  readonly fed: Readonly<Record<string, Body>>;
}

/** What a page shows in one visit. */
export type Shown = Partial<Page>;

/** What comes next: another page, or more of this one. */
export type Next =
  | { readonly lead: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly show: Shown };

/** Leads to the path of a page of this service, or to the URL of an app. */
export const lead = (url: string, headers: Readonly<Record<string, string>> = {}): Next => ({
  lead: url,
  headers,
});

/** Has the browser forget its pages at a sign-out, so that the back button shows no account. */
export const FORGET_PAGES = { 'Clear-Site-Data': '"cache"' };

/** Shows this page, or another in its place. */
export const show = (shown: Shown): Next => ({ show: shown });

/** A call of a route of the API. */
export interface Call extends PerformInput {
  readonly id: string;
  /** The template gets null where the route refuses with one of these. */
  readonly noneFor?: readonly ErrorCode[];
}

/**
 * A page for people, as data. It has no power of its own: it shows what routes of the API answer, and its forms run routes
 * of the API, through the guards of the API.
 */
export interface PageDefinition {
  /** The id of its route; that of its forms has `Form` appended. */
  readonly id: string;
  readonly path: string;
  /** Its words in the files of messages, such as `pages.sign_in`. */
  readonly words: string;
  readonly template: string;
  /** Whether it is for a user who is signed in. Others are led to the sign-in, and back. */
  readonly forUsers?: true;
  /** Where a visitor goes who is not signed in, in place of the sign-in. */
  readonly signedOut?: (visit: Visit) => Next;
  /** Whether a session that can only set up a second factor may see it. */
  readonly forEnrolment?: true;
  /** The routes whose answers its template gets, by their names in the template; undefined where this visit needs none. */
  readonly feeds?: Readonly<Record<string, string | ((visit: Visit) => Call | undefined)>>;
  /** Visits with the same key are shown the same page, but for the token of its forms; undefined where it may be another. */
  readonly shareKey?: (visit: Visit) => string | undefined;
  /** What else it shows, or where it leads instead. */
  readonly show?: (visit: FedVisit) => Next | Promise<Next>;
  /** Its forms, by the value of the button or field with the name `form`. */
  readonly forms?: Readonly<Record<string, Form>>;
}

/** Shows that a code is wrong beside the field that it was typed into. */
export const BESIDE_CODE = { invalid_code: 'code', invalid_factor: 'code' } as const;

/** A form of a page, which runs a route of the API. */
export interface Form {
  /** The id of the route. */
  readonly runs: string;
  /** What the route takes, made of what was typed. */
  readonly input?: (visit: Visit) => PerformInput;
  /** The names of fields on the page, by those of the route, where they differ. */
  readonly fieldNames?: Texts;
  /** The fields that errors of the route are said beside, by the codes of the errors. */
  readonly errorFields?: Partial<Readonly<Record<ErrorCode, string>>>;
  readonly next: (body: Body, visit: Visit) => Next | Promise<Next>;
  /** What comes next where the route refuses; undefined to show the form again, with what is wrong. */
  readonly refused?: (error: AppError, visit: Visit) => Next | undefined;
}
