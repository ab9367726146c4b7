import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { AppError, ERRORS, type ErrorCode, rateLimited } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import { type Body, FORM_MEDIA_TYPE } from './body.ts';
import type { Responses } from './error-format.ts';
import { PROBLEM_MEDIA_TYPE, Problem, presentProblem } from './problem.ts';
import { type AnswerDescription, type RouteDescription, unknownCodesOf } from './route.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Errors of a request itself. */
const REQUEST_ERRORS: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_json',
  'validation_failed',
  'payload_too_large',
  'unsupported_media_type',
];

const EXAMPLE_QUOTA: Quota = {
  policy: 'token',
  limit: 600,
  windowSeconds: 60,
  remaining: 0,
  resetSeconds: 17,
};

/** The OpenAPI 3.1 document of these routes, made from the very schemas that parse the requests. */
export function describeApi(routes: readonly RouteDescription[], version: string): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    if (route.tag === undefined) continue;
    const method = route.method === 'ANY' ? 'get' : (route.method.toLowerCase() as 'get');
    paths[route.path] = { ...paths[route.path], [method]: operationOf(route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: 'Sign up, log in, and carry a signed JWT. Every refusal is a problem document (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to this document, so that the page at /docs works under whatever name it was opened.
    servers: [{ url: './' }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT or API key' },
        client: { type: 'http', scheme: 'basic', description: 'client_id and client_secret, form-encoded' },
      },
    },
  });
}

function operationOf(route: RouteDescription): ZodOpenApiOperationObject {
  const { id, tag, summary, access, params, query, body } = route;
  const needs = access.permission && `Needs the permission \`${access.permission}\`.`;
  const description = [needs, route.description].filter((text) => text !== undefined).join(' ');
  const security = access.schemes.map((scheme) => (scheme === 'none' ? {} : { [scheme]: [] }));
  return {
    operationId: id,
    tags: [tag ?? ''],
    ...(summary && { summary }),
    ...(description && { description }),
    ...(security.length > 0 && { security }),
    ...((params || query) && {
      requestParams: {
        ...(params && { path: params.schema as z.ZodObject }),
        ...(query && { query: query as z.ZodObject }),
      },
    }),
    ...(body && { requestBody: requestBodyOf(body) }),
    responses: responsesOf(route),
  };
}

function requestBodyOf({ kind, schema, required }: Body) {
  const mediaType = kind === 'form' ? FORM_MEDIA_TYPE : 'application/json';
  return { required, content: { [mediaType]: { schema } } };
}

function responsesOf(route: RouteDescription): Responses {
  const answers = Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
  );
  const errors = route.errors?.describe?.() ?? problemsOf(errorCodesOf(route));
  const responses: Responses = { ...answers, ...errors };
  // Answers show what is left of a limit, once the request has been counted.
  if (!('429' in responses)) return responses;
  return Object.fromEntries(Object.entries(responses).map(([status, one]) => [status, withRateLimits(one)]));
}

function answerOf(answer: AnswerDescription): ZodOpenApiResponseObject {
  if (typeof answer === 'string') return { description: answer };
  const { description, schema, mediaType = 'application/json', headers = {} } = answer;
  const described = Object.entries(headers).map(([name, meaning]) => [name, textHeader(meaning)]);
  return {
    description,
    ...(described.length > 0 && { headers: Object.fromEntries(described) }),
    ...(schema && { content: { [mediaType]: { schema } } }),
  };
}

const textHeader = (description: string) => ({ schema: { type: 'string' as const }, description });

const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': textHeader('The limits that apply: name, quota q, window w in seconds'),
  RateLimit: textHeader('What is left of each: name, remaining r, seconds t until there is more'),
};

function withRateLimits(response: ZodOpenApiResponseObject): ZodOpenApiResponseObject {
  return { ...response, headers: { ...response.headers, ...RATE_LIMIT_HEADERS } };
}

/** Every code that a route may refuse with: by who may call it, by what it takes, and its own. */
export function errorCodesOf(route: RouteDescription): readonly ErrorCode[] {
  const { access, limit, hashes, params, query, body, refuses = [] } = route;
  const takesInput = params !== undefined || query !== undefined || body !== undefined;
  return [
    ...new Set<ErrorCode>([
      ...access.refuses,
      ...(takesInput ? REQUEST_ERRORS : []),
      ...unknownCodesOf(params),
      ...(limit ? (['rate_limited'] as const) : []),
      ...(hashes ? (['overloaded'] as const) : []),
      ...refuses,
      'internal_error',
    ]),
  ];
}

/** The problem documents of an operation, grouped by status, each code with an example. */
function problemsOf(codes: readonly ErrorCode[]): Responses {
  const responses: Record<string, ZodOpenApiResponseObject> = {};
  for (const status of new Set(codes.map((code) => ERRORS[code].status))) {
    const ofStatus = codes.filter((code) => ERRORS[code].status === status);
    responses[status] = {
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

function exampleOf(code: ErrorCode) {
  const error =
    code === 'rate_limited' ? rateLimited(EXAMPLE_QUOTA) : new AppError(code, ERRORS[code].meaning);
  return presentProblem(error, 'https://auth.example.com', 'REQUEST-ID');
}
