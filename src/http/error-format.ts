import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { AppError } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';

/** Answers or errors of the OpenAPI document, by status. */
export type Responses = Readonly<Record<string, ZodOpenApiResponseObject>>;

/** An error as it is sent. */
export interface PresentedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
  readonly body: object;
  readonly quota?: Quota | undefined;
  /** The error of the service behind it, for the log; undefined where it is none that an operator has to know of. */
  readonly refusal?: AppError | undefined;
}

/** How a route says no: as a problem document, or in the form that another standard wants. */
export interface ErrorFormat {
  readonly present: (
    thrown: unknown,
    request: { readonly publicUrl: string; readonly id: string },
  ) => PresentedError;
  /** What it is in the OpenAPI document, by status; problem documents are described by their codes. */
  readonly describe?: () => Responses;
}
