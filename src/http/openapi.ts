import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverride,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { AppError, ERRORS, type ErrorCode, rateLimited } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import type { Access } from './access.ts';
import { type Body, FORM_MEDIA_TYPE } from './body.ts';
import type { Responses } from './error-format.ts';
import { HTML_MEDIA_TYPE } from './page.ts';
import { PROBLEM_MEDIA_TYPE, Problem, presentProblem } from './problem.ts';
import { type AnswerDescription, type RouteDescription, unknownCodesOf } from './route.ts';
import type { Tag } from './tags.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Errors of what a request brings along. */
const REQUEST_ERRORS: readonly ErrorCode[] = [
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
  const tags = new Map<string, Tag>();
  const shared: SharedRefusals = new Map();
  for (const route of routes) {
    if (route.tag === undefined) continue;
    tags.set(route.tag.name, route.tag);
    const method = route.method === 'ANY' ? 'get' : (route.method.toLowerCase() as 'get');
    paths[route.path] = { ...paths[route.path], [method]: operationOf(route, shared) };
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: 'Sign up, log in, and carry a signed JWT. Every refusal is a problem document (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'The operator of this service' },
    },
    // Relative to this document, so that the page at /docs works under whatever name it was opened.
    servers: [{ url: '.' }],
    tags: [...tags.values()].map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT or API key' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-latchkey',
          description: 'Of a sign-in with `"transport": "cookie"`',
        },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'X-CSRF-Token',
          description: 'With a cookie, for changes: `csrf_token` of the sign-in or of GET /csrf',
        },
        client: { type: 'http', scheme: 'basic', description: 'client_id and client_secret, form-encoded' },
      },
    },
  };
  return createDocument(document, { override: relax });
}

/**
 * Leaves out what tools trip over: the pattern of a time, whose lookahead Go cannot compile, and the promise that an answer
 * will never have another member, by which a generated client would refuse the first that is added.
 */
function relax({ jsonSchema, io }: Parameters<ZodOpenApiOverride>[0]): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

/** In words, for an operation that says nothing else. */
const CALLERS: Readonly<Record<Access['kind'], string | undefined>> = {
  anyone: undefined,
  own: undefined,
  bearer: 'For users and machine clients, by an access token, an API key or a cookie.',
  user: 'For users, by an access token, an API key or a cookie.',
  session: 'For users who have logged in: an API key will not do.',
  cookie: 'For browsers whose session has a cookie.',
  permission: undefined,
};

/** In words, for what takes more than a session. */
function stepUpOf({ stepUp, kind }: Access): string | undefined {
  if (stepUp === undefined) return undefined;
  if (stepUp.hasPassword)
    return 'Users with a second factor need a recent authentication by two factors in addition (RFC 9470).';
  const who = kind === 'permission' ? 'Users need' : 'Needs';
  return `${who} a recent authentication, by two factors where the account has two (RFC 9470).`;
}

function callersOf({ kind, permission, schemes }: Access): string | undefined {
  if (permission !== undefined) return `Needs the permission \`${permission}\`.`;
  return kind === 'anyone' && schemes.length === 0 ? 'Needs no credential.' : CALLERS[kind];
}

function operationOf(route: RouteDescription, shared: SharedRefusals): ZodOpenApiOperationObject {
  const { id, tag, summary, access, params, query, body } = route;
  const said = [callersOf(access), stepUpOf(access), route.description];
  const description = said.filter((text) => text !== undefined).join(' ');
  const isChange = route.method !== 'GET' && route.method !== 'ANY';
  const security = access.schemes.map((scheme) => ({
    ...(scheme !== 'none' && { [scheme]: [] }),
    ...(scheme === 'cookie' && isChange && { csrf: [] }),
  }));
  return {
    operationId: id,
    tags: tag === undefined ? [] : [tag.name],
    ...(summary && { summary }),
    ...(description && { description }),
    security,
    ...((params || query) && {
      requestParams: {
        ...(params && { path: params.schema as z.ZodObject }),
        ...(query && { query: query as z.ZodObject }),
      },
    }),
    ...(body && { requestBody: requestBodyOf(body) }),
    responses: responsesOf(route, shared),
  };
}

function requestBodyOf({ kind, schema, required }: Body) {
  const mediaType = kind === 'form' ? FORM_MEDIA_TYPE : 'application/json';
  return { required, content: { [mediaType]: { schema } } };
}

/** Those that have been described, by their names: most are the same in many operations. */
type SharedRefusals = Map<string, ZodOpenApiResponseObject>;

function responsesOf(route: RouteDescription, shared: SharedRefusals): Responses {
  const answers = Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
  );
  const codes = errorCodesOf(route);
  const errors = route.errors?.describe?.(codes) ?? problemsOf(codes);
  // Answers show what is left of a limit, once the request has been counted.
  const isLimited = '429' in errors;
  const limited = (one: ZodOpenApiResponseObject) => (isLimited ? withRateLimits(one) : one);
  const refusals = mapValues(errors, (one) => {
    const id = refusalName(one, isLimited);
    const known = shared.get(id) ?? { ...limited(one), id };
    shared.set(id, known);
    return known;
  });
  return { ...mapValues(answers, limited), ...refusals };
}

function mapValues<Value, Mapped>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

/** What its description says in one word: a name that stays when operations come or go. */
function refusalName({ description, content = {} }: ZodOpenApiResponseObject, isLimited: boolean): string {
  const words = description.match(/[a-z]+/gi) ?? [];
  const name = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('');
  const form = PROBLEM_MEDIA_TYPE in content ? '' : HTML_MEDIA_TYPE in content ? 'Page' : 'OAuth';
  return `${form}${name}${isLimited ? '' : 'Unlimited'}`;
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
      // Of any request: more than one Host, or too many headers.
      'invalid_request',
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
