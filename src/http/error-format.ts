import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { AppError, ErrorCode } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import type { Page } from '../core/pages.ts';

/** Answers or errors of the OpenAPI document, by status. */
export type Responses = Readonly<Record<string, ZodOpenApiResponseObject>>;

/** An error as it is sent. */
export interface PresentedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
  /** JSON, unless it is a text. */
  readonly body: object | string;
  /** Takes the place of the body. */
  readonly page?: Page | undefined;
  /** The one in the body. */
  readonly code: string;
  readonly quota?: Quota | undefined;
  /** The error of the service behind it, for the log; undefined where it does not concern an operator. */
  readonly error?: AppError | undefined;
}

/** What the log says of a refusal. */
export interface LoggedRefusal {
  /** That of the problem document. */
  readonly code: string;
  /** The limit that is used up. */
  readonly policy?: string | undefined;
  /** Of a client that is over a limit. */
  readonly ip?: string | null;
}

/** The form of a route's errors: a problem document, or that of another standard. */
export interface ErrorFormat {
  readonly present: (
    thrown: unknown,
    request: { readonly publicUrl: string; readonly id: string },
  ) => PresentedError;
  /** Its description in the OpenAPI document, by status, for a route with these codes; without it they are problem documents. */
  readonly describe?: (codes: readonly ErrorCode[]) => Responses;
}
