import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS } from '../../src/core/errors.ts';
import { OAUTH_ERRORS } from '../../src/features/oauth/errors.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { isLongForm, times } from '../support/extent.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

/** On each database, with a seed of its own. */
const BODIES = times(3_000, 10_000);
const SEEDS = { SQLite: 20_261_120, MySQL: 20_261_121 };
/** Requests under way at a time; more would only queue in front of the one thread. */
const CONCURRENCY = 16;
const TIME_LIMIT_MILLISECONDS = 120_000;
/** Enough that most still have their first password when a generated body has given the others a new one. */
const PEOPLE = BODIES / 50;
/** How many times as often as the others an operation is chosen that reads a body. */
const BODY_WEIGHT = 4;
const REPORTED_FAILURES = 10;
/** Of which a login takes one. */
const NAMES = ['identifier', 'email', 'username'];
/** People open it, so its refusals are pages. */
const PAGE = '/login/{provider}';
/** Their refusals have a form of their own (RFC 6749 section 5.2). */
const OAUTH = /^\/oauth\//;

/** What gives away how the service is made: stack frames, SQL, names of libraries. */
const INTERNALS =
  /node_modules|node:internal|\n\s*at |SQLITE_|ER_[A-Z]{3}|SequelizeDatabase|password_hash|lk1:/;

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Schema {
  readonly properties?: Readonly<Record<string, { readonly example?: Json }>>;
}

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly statuses: readonly string[];
  /** The members of its request body with a value that it might accept. */
  readonly fields: Readonly<Record<string, Json>>;
}

interface Case {
  readonly operation: number;
  readonly credential: 'none' | 'token' | 'garbage';
  readonly mediaType: string | undefined;
  readonly encoding: 'none' | 'gzip' | 'false gzip' | 'nonsense';
  /** Makes the body of something near to what the operation wants. */
  readonly body: (near: Readonly<Record<string, Json>>) => Buffer;
}

interface Answer {
  readonly operation: Operation;
  readonly sent: string;
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Any UTF-16 code units, lone surrogates and NUL among them. */
const anyText = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units));

const anyJson = fc.oneof(
  { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
  { weight: 2, arbitrary: anyText },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json>(
      '',
      ' ',
      '\0',
      '\ud800',
      "' OR 1=1; --",
      '\\',
      '{{7*7}}',
      '%s%n',
      'a'.repeat(300),
      '🔑'.repeat(1_100),
      'ada@example.com\r\nBcc: eve@example.com',
      `${'a.'.repeat(120)}@example.com`,
      `ada@${'xn--'.repeat(40)}.example`,
      1e308,
      -0,
      { $ne: null },
      { length: 1e9 },
      { toString: 1, valueOf: 1 },
      [],
      [[[]]],
      ['ada@example.com'],
    ),
  },
);

const anyName = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'length',
    'a/b~c',
    'then',
    'id',
  ),
  anyText,
);

const anyBody: fc.Arbitrary<Case['body']> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ at: fc.nat(20), value: anyJson }).map(mutate) },
  { weight: 2, arbitrary: fc.record({ name: anyName, value: anyJson }).map(add) },
  { weight: 1, arbitrary: fc.nat(20).map(leaveOut) },
  { weight: 3, arbitrary: fc.constant((near: object) => Buffer.from(JSON.stringify(near))) },
  { weight: 2, arbitrary: fc.nat(200).map((length) => (near: object) => cut(near, length)) },
  { weight: 3, arbitrary: anyJson.map((value) => () => Buffer.from(JSON.stringify(value))) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => () => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => () => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant(() => Buffer.alloc(0)) },
);

function mutate({ at, value }: { at: number; value: Json }): Case['body'] {
  return (near) => {
    const names = Object.keys(near);
    const name = names[at % Math.max(names.length, 1)] ?? 'any';
    return Buffer.from(JSON.stringify({ ...near, [name]: value }));
  };
}

/** As text, since `{ ...near, __proto__: value }` would not be sent. */
function add({ name, value }: { name: string; value: Json }): Case['body'] {
  return (near) => {
    const members = Object.entries(near).map(
      ([key, known]) => `${JSON.stringify(key)}:${JSON.stringify(known)}`,
    );
    return Buffer.from(`{${[...members, `${JSON.stringify(name)}:${JSON.stringify(value)}`].join(',')}}`);
  };
}

function leaveOut(at: number): Case['body'] {
  return (near) => {
    const entries = Object.entries(near);
    const without = entries.filter((_entry, index) => index !== at % Math.max(entries.length, 1));
    return Buffer.from(JSON.stringify(Object.fromEntries(without)));
  };
}

function cut(near: object, length: number): Buffer {
  return Buffer.from(JSON.stringify(near)).subarray(0, length);
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  // Without bias: fast-check prefers small numbers, and those would be the first operations.
  operation: fc.noBias(fc.nat()),
  credential: fc.constantFrom('none', 'none', 'token', 'token', 'token', 'token', 'garbage'),
  mediaType: fc.oneof(
    { weight: 12, arbitrary: fc.constant('application/json') },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'application/json; charset=utf-8',
        'application/json; charset=utf-16le',
        'application/json; charset=nonsense',
        'APPLICATION/JSON ;; =',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/plain',
        'application/problem+json',
        '/',
        ',',
      ),
    },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  encoding: fc.oneof(
    { weight: 20, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('gzip', 'false gzip', 'nonsense') },
  ),
  body: anyBody,
});

onEachDatabase((kind) => {
  describe(`${BODIES.toLocaleString('en')} generated bodies, spread over every operation,`, () => {
    const app = useApp(kind);
    const answers: Answer[] = [];

    beforeAll(async () => {
      const operations = operationsOf((await app.get('/openapi.json').expect(200)).body).flatMap(
        (operation) =>
          Array<Operation>(Object.keys(operation.fields).length > 0 ? BODY_WEIGHT : 1).fill(operation),
      );
      const people: (Awaited<ReturnType<typeof signUp>> & { username: string })[] = [];
      while (people.length < PEOPLE) {
        const username = aUsername();
        people.push({ ...(await signUp(app, { username })), username });
      }
      const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
      const cases = fc.sample(anyCase, { numRuns: BODIES, seed: SEEDS[kind] }).entries();

      async function work(): Promise<void> {
        // The workers share one iterator, so that each case is taken once.
        for (const [index, example] of cases) {
          const operation = operations[example.operation % operations.length];
          const person = people[index % people.length];
          if (operation === undefined || person === undefined) throw new Error('nothing to send');
          answers.push(await send(operation, example, person, index));
        }
      }

      async function send(
        operation: Operation,
        example: Case,
        person: { email: string; username: string; password: string; token: string },
        index: number,
      ): Promise<Answer> {
        const near = { ...operation.fields };
        if ('email' in near) near.email = index % 2 ? person.email : `fuzz-${index}@example.com`;
        if ('username' in near) near.username = index % 2 ? `fuzz-${index}` : person.username;
        if ('identifier' in near) for (const name of NAMES) if (name !== NAMES[index % 3]) delete near[name];
        if ('email' in near && 'username' in near && index % 3) delete near.username;
        if ('email' in near && 'phone' in near) delete near[index % 2 ? 'email' : 'phone'];
        if ('token' in near && 'challenge_id' in near)
          for (const name of index % 2 ? ['token'] : ['challenge_id', 'code']) delete near[name];
        if ('transport' in near && index % 4) delete near.transport;
        for (const name of ['password', 'current_password']) if (name in near) near[name] = person.password;
        if ('new_password' in near) near.new_password = aPerson().password;

        const plain = example.body(near);
        const bytes = example.encoding === 'gzip' ? gzipSync(plain) : plain;
        const request = httpRequest(app.url + operation.path, {
          method: operation.method,
          agent,
          headers: {
            'Content-Length': bytes.length,
            ...(example.mediaType !== undefined && { 'Content-Type': example.mediaType }),
            ...(example.encoding !== 'none' && { 'Content-Encoding': example.encoding.split(' ').at(-1) }),
            ...(example.credential === 'token' && { Authorization: `Bearer ${person.token}` }),
            ...(example.credential === 'garbage' && { Authorization: 'Bearer eyJ.garbage.x' }),
          },
        });
        request.end(bytes);
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        return {
          operation,
          sent: `#${index} ${operation.name} ${example.mediaType} ${example.encoding}: ${plain.toString('latin1')}`,
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text: (await buffer(response)).toString(),
        };
      }

      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      agent.destroy();
    }, TIME_LIMIT_MILLISECONDS);

    /** No answer for which `isWrong` holds; a few of those that there are, with what was sent. */
    function expectNone(isWrong: (answer: Answer) => boolean) {
      const wrong = answers.filter(isWrong).slice(0, REPORTED_FAILURES);
      expect(wrong.map(({ sent, status, type, text }) => ({ sent, status, type, text }))).toEqual([]);
    }

    it('all get an answer', () => {
      expect(answers).toHaveLength(BODIES);
    });

    it('cause no 5xx, but for a readiness probe that a busy machine keeps waiting', () => {
      expectNone(
        ({ operation, status, text }) =>
          status >= 500 && !(operation.path === '/readyz' && JSON.parse(text).code === 'not_ready'),
      );
    });

    it('get JSON alone, but for the pages that people open', () => {
      expectNone(({ operation, status, type, text }) => {
        if (status === 204) return text !== '';
        if (operation.path === '/oauth/revoke' && status === 200) return text !== '';
        const isPage = status === 200 ? operation.path.startsWith('/docs') : operation.path === PAGE;
        if (isPage) return !type.startsWith('text/html');
        const mediaType =
          status < 400 || OAUTH.test(operation.path) ? 'application/json' : 'application/problem+json';
        return type !== `${mediaType}; charset=utf-8` || !isJsonObject(text);
      });
    });

    it('are refused with problem documents whose code is a known one', () => {
      expectNone(({ operation, status, text }) => {
        if (status < 400 || operation.path === PAGE) return false;
        if (OAUTH.test(operation.path)) return !(JSON.parse(text).error in OAUTH_ERRORS);
        const problem = JSON.parse(text);
        return problem.status !== status || !(problem.code in ERRORS) || typeof problem.detail !== 'string';
      });
    });

    it('get only statuses that the document lists for their operation', () => {
      const undocumented = answers
        .filter(({ operation, status }) => !operation.statuses.includes(String(status)))
        .map(({ operation, status }) => `${operation.name} -> ${status}`);

      expect([...new Set(undocumented)].sort()).toEqual([]);
    });

    it('get answers that repeat no password and show nothing of the inside', () => {
      expectNone(({ text, operation }) => {
        const isPage = ['/docs', '/docs/errors', '/openapi.json'].includes(operation.path);
        return !isPage && (INTERNALS.test(text) || text.includes(CANARY));
      });
    });

    it('reach past the first check of every operation: some are accepted, some refused for each reason', () => {
      const statuses = new Set(answers.map(({ status }) => status));
      expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 202, 204]));

      const refused = answers.filter(
        ({ operation: { path }, status }) => status >= 400 && path !== PAGE && !OAUTH.test(path),
      );
      const codes = new Set(refused.map(({ text }) => JSON.parse(text).code));
      const wanted = [
        'invalid_json',
        'validation_failed',
        'unsupported_media_type',
        'token_missing',
        'token_invalid',
        'token_revoked',
        'invalid_credentials',
        'wrong_password',
        'email_taken',
        'invalid_code',
        'invalid_link',
        // Too rare for the short form.
        ...(isLongForm() ? ['username_taken'] : []),
      ];
      expect(wanted.filter((code) => !codes.has(code))).toEqual([]);
    });

    it('change no prototype, and leave the service in good health', async () => {
      expect(Object.keys(Object.prototype)).toEqual([]);
      const { email, password } = await signUp(app);
      await app.post('/login').send({ email, password }).expect(200);
      await app.get('/readyz').expect(200);
    });
  });
});

function operationsOf(document: {
  paths: Record<string, Record<string, { responses: object; requestBody?: unknown }>>;
}): Operation[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { responses, requestBody }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      statuses: Object.keys(responses),
      fields: fieldsOf(document, requestBody),
    })),
  );
}

function fieldsOf(document: object, requestBody: unknown): Record<string, Json> {
  const reference = /"\$ref":"#\/([^"]+)"/.exec(JSON.stringify(requestBody) ?? '')?.[1];
  if (reference === undefined) return {};
  const schema = reference
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document) as Schema;
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, { example }]) => [name, example ?? 'text']),
  );
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
