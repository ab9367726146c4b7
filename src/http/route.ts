import type { z } from 'zod';
import type { ErrorCode, FieldError } from '../core/errors.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';
import type { Page } from '../core/pages.ts';
import type { Access } from './access.ts';
import type { Answer, AnswerParts, Bytes } from './answer.ts';
import type { Body } from './body.ts';
import type { ErrorFormat } from './error-format.ts';
import type { Exchange } from './exchange.ts';
import type { FixedContent } from './fixed-content.ts';
import type { Tag } from './tags.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The description of an answer in the OpenAPI document; a text where it has no body. */
export type AnswerDescription =
  | string
  | {
      readonly description: string;
      readonly schema?: z.ZodType;
      /** JSON unless this says otherwise. */
      readonly mediaType?: string;
      /** The descriptions of headers, by their names. */
      readonly headers?: Readonly<Record<string, string>>;
    };

export type AnswerDescriptions = Readonly<Record<number, AnswerDescription>>;

/** A value that fits a schema, and may be shared with others. */
type Immutable<Value> = Value extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
    : Value;

/** What a handler returns: one of the answers that its route describes, each with a body that fits its schema. */
export type AnswerOf<Descriptions extends AnswerDescriptions> = {
  [Status in keyof Descriptions & number]: AnswerParts & {
    readonly status: Status;
  } & (Descriptions[Status] extends {
      readonly schema: infer Schema extends z.ZodType;
    }
      ?
          | { readonly body: Immutable<z.input<Schema>> }
          | { readonly content: Bytes | FixedContent }
          | { readonly page: Page }
      : unknown);
}[keyof Descriptions & number];

/** The parameters of a path. */
export interface PathParameters<Value = unknown> {
  readonly schema: z.ZodType<Value>;
  /** The error for a parameter that cannot name anything, for each by its name where they name different things. */
  readonly unknown: ErrorCode | Readonly<Record<string, ErrorCode>>;
}

/** The codes that a path may be refused with for what it names. */
export function unknownCodesOf(params: PathParameters | undefined): readonly ErrorCode[] {
  if (params === undefined) return [];
  return typeof params.unknown === 'string' ? [params.unknown] : Object.values(params.unknown);
}

/** The input of a handler: parsed values and the caller. */
export interface Input<Params, Query, Value, Who> extends Exchange {
  readonly params: Params;
  readonly query: Query;
  readonly body: Value;
  readonly caller: Who;
}

/** The part of a route that is independent of its services: its guards, and all that the OpenAPI document needs. */
export interface RouteDescription {
  /** The operationId of the OpenAPI document. */
  readonly id: string;
  /** `ANY` where a gateway keeps the method of the request that it asks about. HEAD goes with GET. */
  readonly method: Method | 'ANY';
  /** As in the OpenAPI document, such as /sessions/{id}. */
  readonly path: string;
  /** Whether every path below belongs to it too. */
  readonly below?: true;
  /** The heading it stands under in the document. Without one it is not part of the API, and not in the document. */
  readonly tag?: Tag;
  readonly summary?: string;
  readonly description?: string;
  /** Counts requests by the client's address before anything else is done for them. */
  readonly limit?: RequestPolicy;
  /** Whether `limit` spares requests with an Authorization header, which have to prove who sends them first. */
  readonly limitSparesAuthorization?: true;
  /** Whether it hashes a password: then it is refused before its body is read while too many wait. */
  readonly hashes?: boolean;
  /** Whether GET and HEAD are answered before Express if the credential is valid, which is all such a handler needs. */
  readonly fast?: true;
  /** Whether caches may keep its answer and ask with If-None-Match whether it has changed. */
  readonly cacheable?: true;
  /** Whether it is a page for people, which no page of another origin may read. */
  readonly isPage?: true;
  readonly access: Access;
  readonly params?: PathParameters;
  readonly query?: z.ZodType;
  /** No body is read where this is absent. */
  readonly body?: Body;
  readonly answers: AnswerDescriptions;
  /** The codes of its own, in addition to those that come with what it takes and who may call it. */
  readonly refuses?: readonly ErrorCode[];
  /** The form of its refusals, where that is not a problem document. */
  readonly errors?: ErrorFormat;
}

/** A route whose handler uses certain services. */
export interface Route<Services = never> extends RouteDescription {
  checkFields?(fields: never, services: Services): readonly FieldError[];
  handle(input: Input<never, never, never, never>, services: Services): Promise<Answer> | Answer;
}

interface TypedRoute<Services, Params, Query, Value, Who, Descriptions extends AnswerDescriptions>
  extends RouteDescription {
  readonly access: Access<Who, Services>;
  readonly params?: PathParameters<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: Body<Value>;
  readonly answers: Descriptions;
  /**
   * What is wrong with fields of the body that their schema cannot know of: it takes the configuration or the clock, and
   * no database. Called with the fields that their schema accepts, also where others are missing or unacceptable.
   */
  checkFields?(fields: Partial<Value>, services: Services): readonly FieldError[];
  handle(
    input: Input<Params, Query, Value, Who>,
    services: Services,
  ): Promise<AnswerOf<Descriptions>> | AnswerOf<Descriptions>;
}

/**
 * Makes the function that states a route of a feature with these services. It checks that the handler takes what the
 * route takes, and answers what the route says that it answers.
 */
export function routesWith<Services>() {
  return <
    const Descriptions extends AnswerDescriptions,
    Params = undefined,
    Query = undefined,
    Value = undefined,
    Who = undefined,
  >(
    route: TypedRoute<Services, Params, Query, Value, Who, Descriptions>,
  ): Route<Services> => route;
}
