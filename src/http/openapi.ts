import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { AppError, ERRORS, type ErrorCode, rateLimited } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import { PROBLEM_MEDIA_TYPE, Problem, presentProblem, STATUS_OF } from './problem.ts';

export type Paths = ZodOpenApiPathsObject;
export type OpenApiDocument = ReturnType<typeof createDocument>;

/** What any route that reads a body may answer before the route sees it. */
export const BODY_REFUSALS: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_json',
  'validation_failed',
  'payload_too_large',
  'unsupported_media_type',
];

/** What any route behind a bearer token may answer. */
export const TOKEN_REFUSALS: readonly ErrorCode[] = [
  'rate_limited',
  'invalid_request',
  'token_missing',
  'token_invalid',
  'token_expired',
  'token_revoked',
  'revocations_stale',
  'database_unavailable',
];

/** What any route may answer that is for users and not for machines. */
export const USER_REFUSALS: readonly ErrorCode[] = [...TOKEN_REFUSALS, 'user_required'];

/** The member of an operation that says it needs an access token. */
export const BEARER_SECURITY = [{ bearer: [] }];

const EXAMPLE_QUOTA: Quota = {
  policy: 'token',
  limit: 600,
  windowSeconds: 60,
  remaining: 0,
  resetSeconds: 17,
};

/** A JSON body or answer of the given schema. */
export function json(schema: z.ZodType) {
  return { content: { 'application/json': { schema } } };
}

/** A JSON request body of the given schema. */
export function jsonBodyOf(schema: z.ZodType) {
  return { required: true, ...json(schema) };
}

/** The problem answers of an operation, grouped by status, each code with an example. */
export function refusals(...codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  const all = new Set([...codes, 'internal_error'] as const);
  for (const status of new Set([...all].map((code) => STATUS_OF[code]))) {
    const ofStatus = [...all].filter((code) => STATUS_OF[code] === status);
    responses[`${status as 400}`] = {
      description: `${STATUS_CODES[status]}: ${ofStatus.map((code) => `\`${code}\``).join(', ')}`,
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: Problem,
          examples: Object.fromEntries(ofStatus.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    };
  }
  return responses;
}

/** One operation of administrators. */
export interface Administration {
  readonly operationId: string;
  readonly tag: string;
  /** What the token must allow. */
  readonly permission: string;
  readonly summary: string;
  /** What else there is to say. */
  readonly description?: string;
  readonly answers: ZodOpenApiResponsesObject;
  /** The codes that it adds to those of all. */
  readonly refused?: readonly ErrorCode[];
}

/** The members of an operation that administrators are for, but for what it takes. */
export function administration(operation: Administration) {
  const { operationId, tag, permission, summary, description, answers, refused = [] } = operation;
  const needs = `Needs the permission \`${permission}\`.`;
  return {
    operationId,
    tags: [tag],
    summary,
    description: description === undefined ? needs : `${needs} ${description}`,
    security: BEARER_SECURITY,
    responses: {
      ...answers,
      ...refusals(...TOKEN_REFUSALS, ...BODY_REFUSALS, 'insufficient_scope', ...refused),
    },
  };
}

/** The OpenAPI 3.1 document of all features, made from the very schemas that parse the requests. */
export function describeApi(paths: readonly Paths[], version: string): OpenApiDocument {
  const api: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: 'Sign up, log in, and carry a signed JWT. Every refusal is a problem document (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to this document, so that the page at /docs works under whatever name it was opened.
    servers: [{ url: './' }],
    paths: withRateLimitHeaders(Object.assign({}, ...paths)),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT or API key' },
        client: { type: 'http', scheme: 'basic', description: 'client_id and client_secret, form-encoded' },
      },
    },
  };
  return createDocument(api);
}

/** A header of an answer. */
export const textHeader = (description: string) => ({ schema: { type: 'string' as const }, description });

const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': textHeader('The limits that apply: name, quota q, window w in seconds'),
  RateLimit: textHeader('What is left of each: name, remaining r, seconds t until there is more'),
};

/** Answers of an operation that may be refused with 429 tell what is left, once the request has been counted. */
function withRateLimitHeaders(paths: Paths): Paths {
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item as object))) {
    const responses: Record<string, { headers?: object }> = operation.responses ?? {};
    if (!('429' in responses)) continue;
    for (const response of Object.values(responses)) {
      response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS };
    }
  }
  return paths;
}

function exampleOf(code: ErrorCode) {
  const error =
    code === 'rate_limited' ? rateLimited(EXAMPLE_QUOTA) : new AppError(code, ERRORS[code].meaning);
  return presentProblem(error, 'https://auth.example.com', 'REQUEST-ID');
}
