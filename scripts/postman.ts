import type { OpenApiDocument } from '../src/http/openapi.ts';

/** Values that the requests share: a member of a body with one of these names is sent as the variable. */
const VARIABLES: Readonly<Record<string, string>> = {
  base_url: 'http://localhost:3000',
  access_token: '',
  refresh_token: '',
  session_id: '',
  api_key_id: '',
  email: 'ada@example.com',
  username: 'ada',
  password: 'correct horse battery staple',
  new_password: 'a better horse, a bigger staple',
  admin_token: '',
  reset_token: '',
  client_id: '',
  client_secret: '',
  secret_id: '',
  token: '',
};

/** Members whose value is that of a variable with another name. */
const ALIASES: Readonly<Record<string, string>> = {
  current_password: 'password',
  identifier: 'email',
};

/** The same for one operation. */
const ALIASES_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  resetPassword: { token: 'reset_token' },
};

/** What an operation does in addition to sending the request. */
const BEFORE: Readonly<Record<string, string[]>> = {
  signup: [
    'const unique = Date.now().toString(36) + Math.floor(Math.random() * 1e6).toString(36);',
    "pm.collectionVariables.set('email', 'ada-' + unique + '@example.com');",
    "pm.collectionVariables.set('username', 'ada-' + unique);",
  ],
  // The request before has deleted the account: this one gets another.
  deleteMeByPost: [
    "const [email, password] = ['email', 'password'].map((name) => pm.variables.get(name));",
    'const body = { mode: "raw", raw: JSON.stringify({ email, password }) };',
    "const header = { 'Content-Type': 'application/json' };",
    "const signup = { url: pm.variables.get('base_url') + '/signup', method: 'POST', header, body };",
    'pm.sendRequest(signup, (_error, response) => {',
    "  pm.collectionVariables.set('access_token', response.json().access_token);",
    '});',
  ],
};
const AFTER: Readonly<Record<string, string[]>> = {
  listSessions: [
    'const other = pm.response.json().sessions.find((session) => !session.current);',
    "pm.collectionVariables.set('session_id', other.id);",
  ],
  createResetLink: [
    "if (pm.response.code === 201) pm.collectionVariables.set('reset_token', pm.response.json().token);",
  ],
  createApiKey: ["pm.collectionVariables.set('api_key_id', pm.response.json().id);"],
  createClient: [
    'const { client_id, client_secret } = pm.response.json();',
    "pm.collectionVariables.set('client_id', client_id);",
    "pm.collectionVariables.set('client_secret', client_secret);",
  ],
  addClientSecret: ["pm.collectionVariables.set('secret_id', pm.response.json().secret_id);"],
  token: ["pm.collectionVariables.set('token', pm.response.json().access_token);"],
  changePassword: [
    "const [current, next] = ['password', 'new_password'].map((name) => pm.collectionVariables.get(name));",
    "pm.collectionVariables.set('password', next);",
    "pm.collectionVariables.set('new_password', current);",
  ],
};

const KEEP_TOKENS = [
  'const { access_token, refresh_token } = pm.response.json();',
  "pm.collectionVariables.set('access_token', access_token);",
  "pm.collectionVariables.set('refresh_token', refresh_token);",
];

/** Operations that end sessions or the account: a folder of its own at the end, so that the whole collection runs. */
const LAST = ['deleteClient', 'changePassword', 'deleteMe', 'deleteMeByPost', 'logout'];
const LAST_FOLDER = 'At the end';

/** The variable that stands for a parameter in a path. */
const PATH_VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/sessions/{id}': { id: 'session_id' },
  '/api-keys/{id}': { id: 'api_key_id' },
  '/admin/clients/{client_id}': { client_id: 'client_id' },
  '/admin/clients/{client_id}/secrets': { client_id: 'client_id' },
  '/admin/clients/{client_id}/secrets/{secret_id}': { client_id: 'client_id', secret_id: 'secret_id' },
};

/** Operations for administrators: others are refused, and the collection runs all the same. */
const GUARDED_PATHS = ['/admin/', '/revocations'];

/** Requests that need permissions are sent with the token of a user who has them. */
const ADMIN_AUTH = { type: 'bearer', bearer: [{ key: 'token', value: '{{admin_token}}', type: 'string' }] };

const FORM = 'application/x-www-form-urlencoded';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Operation {
  readonly method: (typeof METHODS)[number];
  readonly path: string;
  readonly id: string;
  readonly folder: string;
  readonly name: string;
  readonly auth: object | undefined;
  readonly body: Record<string, unknown> | undefined;
  readonly isForm: boolean;
  readonly success: string;
  readonly answersToken: boolean;
  /** For the parameters of its path, by name. */
  readonly examples: Readonly<Record<string, unknown>>;
}

/** A Postman collection (format 2.1) of every operation in the document, which runs from top to bottom. */
export function toPostmanCollection(document: OpenApiDocument): object {
  const operations = readOperations(document);
  const folders = [...new Set(operations.map((operation) => operation.folder))];
  return {
    info: {
      name: 'Latchkey',
      description: 'Sign up or log in first: both keep the access token, and the other requests send it.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value, type: 'string' })),
    item: folders.map((folder) => ({
      name: folder,
      item: operations.filter((operation) => operation.folder === folder).map(toRequest),
    })),
  };
}

function readOperations(document: OpenApiDocument): Operation[] {
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      const success =
        Object.keys(operation.responses ?? {}).find((status) => status.startsWith('2')) ?? '200';
      operations.push({
        method,
        path,
        id: operation.operationId ?? '',
        folder: LAST.includes(operation.operationId ?? '') ? LAST_FOLDER : (operation.tags?.[0] ?? ''),
        name: operation.summary ?? '',
        auth: authOf(path, operation.security),
        body: exampleBody(document, operation.operationId ?? '', operation.requestBody),
        isForm: isForm(operation.requestBody),
        success,
        examples: pathExamples(operation.parameters),
        // The token of a machine client is kept apart.
        answersToken:
          operation.operationId !== 'token' &&
          'access_token' in propertiesOf(document, operation.responses?.[success]),
      });
    }
  }
  return operations.sort((a, b) => LAST.indexOf(a.id) - LAST.indexOf(b.id));
}

function toRequest(operation: Operation): object {
  const { method, body, answersToken, id, examples } = operation;
  const path = operation.path.replaceAll(
    /\{(\w+)\}/g,
    (_, name) => variableOf(operation.path, name) ?? String(examples[name]),
  );
  const test = [expectation(operation), ...(answersToken ? KEEP_TOKENS : []), ...(AFTER[id] ?? [])];
  return {
    name: operation.name,
    event: [
      ...(BEFORE[id]
        ? [{ listen: 'prerequest', script: { type: 'text/javascript', exec: BEFORE[id] } }]
        : []),
      { listen: 'test', script: { type: 'text/javascript', exec: test } },
    ],
    request: {
      method: method.toUpperCase(),
      url: { raw: `{{base_url}}${path}`, host: ['{{base_url}}'], path: path.slice(1).split('/') },
      ...(operation.auth && { auth: operation.auth }),
      ...(body && (operation.isForm ? toForm(body) : toJson(body))),
    },
  };
}

/** The variable that stands for a parameter, if an earlier request has set one. */
function variableOf(path: string, parameter: string): string | undefined {
  const variable = PATH_VARIABLES[path]?.[parameter];
  return variable === undefined ? undefined : `{{${variable}}}`;
}

/** The collection may be run by an administrator or not; the tests of administrative requests accept both. */
function expectation({ id, path, success }: Operation): string {
  if (id === 'resetPassword') {
    return `pm.test('answers ${success}, or refuses where no link was made', () => pm.expect(pm.response.code).to.be.oneOf([${success}, 400]));`;
  }
  return GUARDED_PATHS.some((guarded) => path.startsWith(guarded))
    ? `pm.test('answers ${success}, or refuses who may not and what is not there', () => pm.expect(pm.response.code).to.be.oneOf([${success}, 401, 403, 404, 409]));`
    : `pm.test('answers ${success}', () => pm.response.to.have.status(${success}));`;
}

function toJson(body: Record<string, unknown>): object {
  return {
    header: [{ key: 'Content-Type', value: 'application/json' }],
    body: { mode: 'raw', raw: JSON.stringify(body, null, 2), options: { raw: { language: 'json' } } },
  };
}

function toForm(body: Record<string, unknown>): object {
  const parameters = Object.entries(body).map(([key, value]) => ({ key, value, type: 'text' }));
  return { body: { mode: 'urlencoded', urlencoded: parameters } };
}

/** Undefined for the collection's own, which is the access token. A machine client authenticates in the body. */
function authOf(path: string, security: readonly object[] | undefined): object | undefined {
  if (GUARDED_PATHS.some((guarded) => path.startsWith(guarded))) return ADMIN_AUTH;
  const takesToken = security?.some((alternative) => 'bearer' in alternative) && !path.startsWith('/oauth/');
  return takesToken ? undefined : { type: 'noauth' };
}

/** The example of the body's schema, with a variable wherever a member has the name of one. */
function exampleBody(
  document: OpenApiDocument,
  id: string,
  requestBody: unknown,
): Record<string, unknown> | undefined {
  const example = schemaOf(document, requestBody)?.example;
  if (typeof example !== 'object' || example === null) return undefined;
  const members = Object.entries(example).map(([name, value]) => {
    const variable = ALIASES_OF[id]?.[name] ?? ALIASES[name] ?? name;
    return [name, variable in VARIABLES ? `{{${variable}}}` : value];
  });
  return Object.fromEntries(members);
}

function pathExamples(parameters: unknown): Record<string, unknown> {
  const listed = (parameters ?? []) as { in: string; name: string; schema?: JsonSchema }[];
  const ofPath = listed.filter((parameter) => parameter.in === 'path');
  return Object.fromEntries(ofPath.map(({ name, schema }) => [name, schema?.example]));
}

function isForm(requestBody: unknown): boolean {
  return FORM in ((requestBody as { content?: object } | undefined)?.content ?? {});
}

function propertiesOf(document: OpenApiDocument, response: unknown): object {
  return schemaOf(document, response)?.properties ?? {};
}

interface JsonSchema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly properties?: object;
}

function schemaOf(document: OpenApiDocument, holder: unknown): JsonSchema | undefined {
  const content = (holder as { content?: Record<string, { schema: JsonSchema }> } | undefined)?.content;
  const schema = (content?.['application/json'] ?? content?.[FORM])?.schema;
  const name = schema?.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components?.schemas?.[name] as JsonSchema | undefined);
}
