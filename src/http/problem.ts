import { challenge as bearerChallenge } from '@latchkey/verifier/core';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { REALM } from '../core/access/insufficient-scope.ts';
import {
  AppError,
  ERRORS,
  type ErrorCode,
  FIELD_ERRORS,
  type FieldErrorCode,
  isTokenError,
} from '../core/errors.ts';
import { FACTOR_METHODS } from '../core/factors/factor.ts';
import { POLICIES, type PolicyName } from '../core/limits/quota.ts';
import { type SendPage, sendBytes } from './answer.ts';
import type { ErrorFormat, LoggedRefusal, PresentedError } from './error-format.ts';
import { addressOf, networkOf } from './origin.ts';
import { quotaFields, showQuota } from './rate-limit.ts';
import type { RefusalBudget } from './refusal-budget.ts';
import { requestIdOf } from './request-id.ts';
import { closeAfter } from './when-over.ts';

/** The media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
const PROBLEM_TYPE = `${PROBLEM_MEDIA_TYPE}; charset=utf-8`;

const FIELD_CODES = Object.keys(FIELD_ERRORS) as [FieldErrorCode, ...FieldErrorCode[]];

/** The limits of authenticated clients. */
const OF_CREDENTIALS: readonly PolicyName[] = ['token', 'api-key', 'refresh-session'];

const RETRY_AFTER_SECONDS = 1;

export const Problem = z
  .object({
    type: z.string().meta({ description: 'A page that explains the code' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'The reason in this case, for a person to read' }),
    instance: z.string().meta({ description: 'Names this request; the log has its id' }),
    code: z
      .enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'Stable, to branch on' }),
    policy: z.enum(POLICIES).optional().meta({ description: 'The limit that is used up' }),
    errors: z
      .array(z.object({ pointer: z.string(), code: z.enum(FIELD_CODES), detail: z.string() }))
      .optional()
      .meta({ description: 'The unacceptable fields, each with a JSON pointer (RFC 6901)' }),
    challenge_token: z
      .string()
      .optional()
      .meta({ description: 'With second_factor_required: send it to POST /login/factor' }),
    methods: z
      .array(z.enum(FACTOR_METHODS))
      .readonly()
      .optional()
      .meta({ description: 'With second_factor_required: the ways to prove one, the preferred first' }),
    expires_in: z
      .int()
      .optional()
      .meta({ description: 'With second_factor_required: the seconds that the challenge_token is good for' }),
    max_age: z
      .int()
      .optional()
      .meta({ description: 'With insufficient_user_authentication: how old it may be, in seconds' }),
    acr_values: z
      .literal('2')
      .optional()
      .meta({ description: 'With insufficient_user_authentication: where it takes two factors' }),
    rp_id: z.string().optional().meta({ description: 'Of `passkey_unknown`: the relying party' }),
    credential_id: z.string().optional().meta({ description: 'Of `passkey_unknown`: the credential' }),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457)' });

export type ProblemView = z.infer<typeof Problem>;

/** Renders an error as a problem document (RFC 9457). `publicUrl` makes `type` a page that can be opened. */
export function presentProblem(error: AppError, publicUrl: string, requestId: string): ProblemView {
  return {
    type: `${publicUrl}/docs/errors#${error.code}`,
    title: ERRORS[error.code].title,
    status: ERRORS[error.code].status,
    detail: error.detail,
    instance: `urn:latchkey:request:${requestId}`,
    code: error.code,
    ...(error.code === 'rate_limited' && error.quota && { policy: error.quota.policy }),
    ...(error.fields && { errors: [...error.fields] }),
    ...error.members,
  };
}

export interface ErrorResponderOptions {
  readonly publicUrl: string;
  readonly logger: Logger;
  /** Paces the refusals that a flood consists of. */
  readonly budget?: RefusalBudget;
  readonly sendPage: SendPage;
  /** The form of refusals of no route, to a client that asks for a page; undefined where they are problem documents. */
  readonly pageErrors?: ErrorFormat | undefined;
}

/**
 * Answers with an error that was thrown, in the form of its route, and logs what the operator needs. Where
 * an answer has begun, it cuts the connection, so that the client does not take half of it for the whole.
 */
export function createErrorResponder({
  publicUrl,
  logger,
  budget,
  sendPage,
  pageErrors,
}: ErrorResponderOptions) {
  return (thrown: unknown, req: Request, res: Response): void => {
    const format = formatFor(req, res);
    const presented = format.present(thrown, { publicUrl, id: requestIdOf(res) });
    const { error } = presented;
    res.locals.refusal = error ? refusalOf(error, req.ip) : { code: presented.code };
    if (error) logError(logger, req, error);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const send = () => {
      if (!res.destroyed) sendError(req, res, presented);
    };
    if (budget && error && isPaced(error)) {
      budget.pace(networkOf(req.ip), { send, makeLast: () => closeAfter(res) });
    } else send();
  };

  function formatFor(req: Request, res: Response): ErrorFormat {
    if (req.mounted !== undefined || pageErrors === undefined) return req.mounted?.errors ?? PROBLEMS;
    res.vary('Accept');
    return prefersHtml(req) ? pageErrors : PROBLEMS;
  }

  function sendError(req: Request, res: Response, presented: PresentedError): void {
    const { status, headers, mediaType, body, quota, page } = presented;
    res.statusCode = status;
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    if (quota) showQuota(res, quota);
    if (page === undefined) {
      sendBytes(res, { mediaType, bytes: typeof body === 'string' ? body : JSON.stringify(body) });
      return;
    }
    sendPage(req, res, page).catch((err) => {
      logger.error({ err }, 'a page could not be made');
      if (res.headersSent) res.destroy();
      else sendError(req, res, PROBLEMS.present(presented.error, { publicUrl, id: requestIdOf(res) }));
    });
  }
}

/** Whether a client asks for a page: a browser names HTML, and other clients that take anything get JSON. */
export function prefersHtml(req: Request): boolean {
  return req.accepts(['json', 'html']) === 'html';
}

/** Problem documents (RFC 9457), the form in which nearly every route refuses. */
const PROBLEMS: ErrorFormat = {
  present(thrown, { publicUrl, id }) {
    const error = toAppError(thrown);
    return {
      status: ERRORS[error.code].status,
      headers: problemHeaders(error),
      mediaType: PROBLEM_TYPE,
      body: presentProblem(error, publicUrl, id),
      code: error.code,
      quota: error.quota,
      error,
    };
  },
};

/**
 * Whether it refuses a client that is not authenticated and can ask again immediately. One with a valid credential is
 * known, and often shares a gateway's connections with many others, who must not be held back with them.
 */
function isPaced({ code, quota }: AppError): boolean {
  if (code === 'overloaded') return true;
  return code === 'rate_limited' && !(quota && OF_CREDENTIALS.includes(quota.policy));
}

/** For the log line of the request. The address is that of a client over a limit: a wrong TRUST_PROXY shows by it. */
export function refusalOf({ code, quota }: AppError, ip: string | undefined): LoggedRefusal {
  return code === 'rate_limited' ? { code, policy: quota?.policy, ip: addressOf(ip) } : { code };
}

/** Logs what of an error the operator needs. */
function logError(logger: Logger, req: Request, error: AppError): void {
  const { status } = ERRORS[error.code];
  const request = { req: { id: req.res && requestIdOf(req.res), method: req.method } };
  // Shedding load is not an error, and a flood of logins must not become one of the log: the metrics count it.
  if (status >= 500 && error.code !== 'overloaded') {
    logger.error({ ...request, err: error.cause ?? error }, error.message);
  }
  if (error.event) {
    const { message = error.message, ...event } = error.event;
    logger.warn({ ...request, ...event, ip: addressOf(req.ip) }, message);
  }
}

/** The header fields of an error to which no other quota applies than its own. */
export function problemFields(error: AppError): Readonly<Record<string, string>> {
  return {
    ...(error.quota && Object.fromEntries(quotaFields(error.quota))),
    ...problemHeaders(error),
    'Content-Type': PROBLEM_TYPE,
  };
}

/** The header fields that any form of an error has. */
export function problemHeaders({ code, headers }: AppError): Record<string, string> {
  const status = ERRORS[code].status;
  return {
    // An asset's route may have said for how long its answer may be kept; that was not meant for a refusal.
    'Cache-Control': 'no-store',
    ...(status === 401 && { 'WWW-Authenticate': challenge(code) }),
    ...(status === 503 && { 'Retry-After': String(RETRY_AFTER_SECONDS) }),
    ...headers,
  };
}

/** RFC 9110 section 15.5.2: every 401 names a scheme. Only what is wrong with a token is said of it. */
export function challenge(code: ErrorCode): string {
  const isOfCredential = code === 'invalid_request' || isTokenError(code);
  return bearerChallenge(REALM, isOfCredential ? code : 'token_missing');
}

/** Any error as an AppError. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = httpErrorStatus(thrown);
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError('invalid_request', undefined, { cause: thrown });
  }
  return new AppError('internal_error', undefined, { cause: thrown });
}

/** The status that Express attaches to the errors it finds itself. */
function httpErrorStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown)) return undefined;
  return typeof thrown.status === 'number' ? thrown.status : undefined;
}
