import type { OpenApiDocument } from '../src/http/openapi.ts';

/** Values that the requests share: a member of a body with one of these names is sent as the variable. */
const VARIABLES: Readonly<Record<string, string>> = {
  base_url: 'http://localhost:3000',
  admin_email: 'root@example.com',
  admin_password: 'correct horse battery staple',
  admin_token: '',
  access_token: '',
  refresh_token: '',
  csrf_token: '',
  session_id: '',
  api_key_id: '',
  email: 'ada@example.com',
  username: 'ada',
  password: 'correct horse battery staple',
  new_password: 'a better horse, a bigger staple',
  new_email: '',
  phone: '',
  code: '',
  email_challenge_id: '',
  phone_challenge_id: '',
  sign_in_challenge_id: '',
  link_challenge_id: '',
  link_token: '',
  exchange_code: '',
  reset_token: '',
  factor_id: '',
  totp_secret: '',
  recovery_code: '',
  challenge_token: '',
  code_method: '',
  device_id: '',
  provider: '',
  identity_id: '',
  id_token: '',
  nonce: '',
  passkey_id: '',
  passkey_challenge_token: '',
  passkey_credential: '',
  user_id: '',
  user_email: '',
  user_password: 'a horse of another colour',
  user_token: '',
  user_session_id: '',
  user_key_id: '',
  imported_email: '',
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
  changeEmail: { email: 'new_email' },
};

/** Bodies that are not the example of their schema. */
const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  changePhone: { phone: '{{phone}}' },
  verifyPhone: { challenge_id: '{{phone_challenge_id}}', code: '{{code}}' },
  verifyEmail: { challenge_id: '{{email_challenge_id}}', code: '{{code}}' },
  signInByCode: { challenge_id: '{{sign_in_challenge_id}}', code: '{{code}}' },
  // A page of this machine, which is allowed outside production.
  sendLink: { email: '{{email}}', return_to: '{{base_url}}/healthz' },
  exchangeCode: { code: '{{exchange_code}}', challenge_id: '{{link_challenge_id}}' },
  confirmTotp: { code: '{{code}}' },
  renameTotp: { name: 'My phone' },
  logInByFactor: {
    challenge_token: '{{challenge_token}}',
    method: 'recovery_code',
    code: '{{recovery_code}}',
    remember_device: true,
  },
  sendFactorCode: { challenge_token: '{{challenge_token}}', method: '{{code_method}}' },
  getFactorOptions: { challenge_token: '{{challenge_token}}' },
  linkIdentity: { return_to: '{{base_url}}/healthz' },
  signInByPasskey: {
    challenge_token: '{{passkey_challenge_token}}',
    credential: '{{passkey_credential}}',
  },
  registerPasskey: {
    challenge_token: '{{passkey_challenge_token}}',
    credential: '{{passkey_credential}}',
    name: 'My phone',
  },
  undoEmailChange: { token: '{{link_token}}' },
  lockDown: { token: '{{link_token}}' },
  createUser: { email: '{{user_email}}', password: '{{user_password}}', roles: ['user'] },
  importUsers: {
    users: [
      {
        email: '{{imported_email}}',
        password_hash: '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZiYqqCmz8TS6YzGyQzVgmIgWQpN4Pa',
      },
    ],
  },
};

const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  signInByProvider: { return_to: '{{base_url}}/healthz' },
};

/**
 * Operations that are left out while a variable is empty: not every service sends codes as a second factor or has a
 * provider, no provider signs a script in, and a script has no authenticator.
 */
const SKIPPED_WITHOUT: Readonly<Record<string, string>> = {
  sendFactorCode: 'code_method',
  signInByProvider: 'provider',
  signInByIdToken: 'id_token',
  linkIdentity: 'provider',
  getProviderToken: 'identity_id',
  removeIdentity: 'identity_id',
  getFactorOptions: 'passkey_credential',
  signInByPasskey: 'passkey_credential',
  registerPasskey: 'passkey_credential',
  renamePasskey: 'passkey_id',
  removePasskey: 'passkey_id',
};

const UNIQUE = 'const unique = Date.now().toString(36) + Math.floor(Math.random() * 1e6).toString(36);';

const setTo = (variable: string, value: string) => `pm.collectionVariables.set('${variable}', ${value});`;

/** Takes a value out of the last message to the address in a variable, which GET /dev/outbox shows. */
const fromMessageTo = (address: string, variable: string, value: string, wanted = 'true') => [
  "pm.sendRequest(pm.variables.replaceIn('{{base_url}}/dev/outbox'), (_error, response) => {",
  `  const address = pm.collectionVariables.get('${address}');`,
  `  const message = response.json().messages.find((message) => message.to === address && ${wanted});`,
  `  ${setTo(variable, value)}`,
  '});',
];

const skipWithout = (variable: string | undefined) =>
  variable === undefined
    ? []
    : [`if (!pm.collectionVariables.get('${variable}')) pm.execution.skipRequest();`];

const codeTo = (address: string) => fromMessageTo(address, 'code', 'message.code');

const linkTo = (address: string, page: string) =>
  fromMessageTo(
    address,
    'link_token',
    "message.link.split('/').pop()",
    `(message.link ?? '').includes('${page}')`,
  );

const NEW_PERSON = [
  UNIQUE,
  setTo('email', "'ada-' + unique + '@example.com'"),
  setTo('username', "'ada-' + unique"),
];

/** What an authenticator app does (RFC 6238), with the secret that it was given. */
const CODE_OF_THE_APP = [
  "const secret = pm.collectionVariables.get('totp_secret');",
  "const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));",
  "const key = bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2).toString(16).padStart(2, '0')).join('');",
  "const step = Math.floor(Date.now() / 30000).toString(16).padStart(16, '0');",
  "const { enc, HmacSHA1 } = require('crypto-js');",
  'const mac = HmacSHA1(enc.Hex.parse(step), enc.Hex.parse(key)).toString();',
  'const at = parseInt(mac.slice(-1), 16) * 2;',
  'const number = parseInt(mac.slice(at, at + 8), 16) & 0x7fffffff;',
  setTo('code', "String(number % 1e6).padStart(6, '0')"),
];

/** What is done before an operation is sent. */
const BEFORE: Readonly<Record<string, string[]>> = {
  signup: NEW_PERSON,
  changePhone: [setTo('phone', "'+49151' + String(Math.floor(Math.random() * 1e8)).padStart(8, '0')")],
  verifyPhone: codeTo('phone'),
  verifyEmail: codeTo('email'),
  signInByCode: codeTo('email'),
  confirmTotp: CODE_OF_THE_APP,
  changeEmail: [UNIQUE, setTo('new_email', "'lovelace-' + unique + '@example.com'")],
  undoEmailChange: linkTo('email', '/email/undo/'),
  lockDown: linkTo('email', '/lockdown/'),
  createUser: [UNIQUE, setTo('user_email', "'grace-' + unique + '@example.com'")],
  importUsers: [UNIQUE, setTo('imported_email', "'imported-' + unique + '@example.com'")],
};

/** The variables that the answer of an operation sets, each with the expression that finds it in the body. */
const SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  reauthenticate: { access_token: 'body.access_token' },
  changePhone: { phone_challenge_id: 'body.challenge_id' },
  resendEmailVerification: { email_challenge_id: 'body.challenge_id' },
  changeEmail: { email_challenge_id: 'body.challenge_id' },
  sendLink: { link_challenge_id: 'body.challenge_id' },
  sendCode: { sign_in_challenge_id: 'body.challenge_id' },
  getPasskeySignInOptions: { passkey_challenge_token: 'body.challenge_token' },
  getPasskeyRegistrationOptions: { passkey_challenge_token: 'body.challenge_token' },
  listPasskeys: { passkey_id: "body.passkeys[0]?.id ?? ''" },
  beginTotp: { factor_id: 'body.factor_id', totp_secret: 'body.secret' },
  confirmTotp: { recovery_code: 'body.recovery_codes?.[0]', access_token: 'body.session.access_token' },
  renewRecoveryCodes: { recovery_code: 'body.recovery_codes[0]' },
  listProviders: { provider: "body.providers[0]?.id ?? ''" },
  getCsrfToken: { csrf_token: 'body.csrf_token' },
  listSessions: { session_id: 'body.sessions.find((session) => !session.current).id' },
  createApiKey: { api_key_id: 'body.id' },
  createUser: { user_id: 'body.user.id' },
  listUserSessions: { user_session_id: 'body.sessions[0].id' },
  listUserApiKeys: { user_key_id: 'body.api_keys[0].id' },
  createResetLink: { reset_token: 'body.token' },
  createClient: { client_id: 'body.client_id', client_secret: 'body.client_secret' },
  addClientSecret: { secret_id: 'body.secret_id' },
  token: { token: 'body.access_token' },
};
const AFTER: Readonly<Record<string, string[]>> = {
  changePassword: [
    "const [current, next] = ['password', 'new_password'].map((name) => pm.collectionVariables.get(name));",
    setTo('password', 'next'),
    setTo('new_password', 'current'),
  ],
};

const TOKENS = { access_token: 'body.access_token', refresh_token: 'body.refresh_token' };

/** An operation once more, in another place, as somebody else or for another purpose. */
interface Extra {
  readonly of: string;
  readonly name: string;
  readonly folder: string;
  /** It comes before this operation. */
  readonly before: string;
  readonly body?: Record<string, unknown> | undefined;
  readonly bearer?: string;
  readonly prepare?: readonly string[];
  /** Whether it is sent with the cookie alone, which Postman keeps by itself. */
  readonly byCookie?: boolean;
  readonly sets: Readonly<Record<string, string>>;
  /** The status that it answers, where that is an error. */
  readonly refusal?: string;
}

/** Operations that end sessions or the account: a folder of its own at the end, so that the whole collection runs. */
const LAST = [
  ...['deleteClient', 'changePassword', 'changeEmail', 'undoEmailChange', 'lockDown', 'lockDownMe'],
  ...['deleteMe', 'deleteMeByPost', 'logout'],
];
const LAST_FOLDER = 'At the end';

const COOKIES_FOLDER = 'Cookies';

const FACTORS_FOLDER = 'Second factors';

const USERS_FOLDER = 'Administration of users';

const EXTRAS: readonly Extra[] = [
  {
    of: 'login',
    name: 'Log in as the administrator',
    folder: 'The administrator',
    before: 'signup',
    body: { email: '{{admin_email}}', password: '{{admin_password}}' },
    sets: { admin_token: 'body.access_token' },
  },
  {
    of: 'login',
    name: 'Log in with a cookie',
    folder: COOKIES_FOLDER,
    before: 'getCsrfToken',
    body: { identifier: '{{email}}', password: '{{password}}', transport: 'cookie' },
    sets: { csrf_token: 'body.csrf_token' },
  },
  {
    of: 'logout',
    name: 'Log out with the cookie',
    folder: COOKIES_FOLDER,
    before: 'listApiKeys',
    byCookie: true,
    sets: {},
  },
  {
    of: 'login',
    name: 'Log in as the new user',
    folder: USERS_FOLDER,
    before: 'listUserSessions',
    body: { email: '{{user_email}}', password: '{{user_password}}' },
    sets: { user_token: 'body.access_token' },
  },
  {
    of: 'login',
    name: 'Log in, which asks for a second factor',
    folder: FACTORS_FOLDER,
    before: 'sendFactorCode',
    body: { identifier: '{{email}}', password: '{{password}}' },
    refusal: '403',
    sets: {
      challenge_token: 'body.challenge_token',
      code_method: "body.methods.find((method) => /^(?:email|phone)_code$/.test(method)) ?? ''",
    },
  },
  {
    of: 'listSessions',
    name: 'List the devices that are remembered',
    folder: FACTORS_FOLDER,
    before: 'forgetDevice',
    sets: { device_id: 'body.remembered_devices[0].id' },
  },
  {
    of: 'createApiKey',
    name: 'Create an API key as the new user',
    folder: USERS_FOLDER,
    before: 'listUserApiKeys',
    body: { name: 'To be deleted', scope: '' },
    bearer: '{{user_token}}',
    sets: {},
  },
  {
    of: 'verifyEmail',
    name: 'Prove that the new address is yours',
    folder: LAST_FOLDER,
    before: 'undoEmailChange',
    body: BODIES.verifyEmail,
    prepare: codeTo('new_email'),
    sets: {},
  },
  signUpBefore('lockDown', 'Sign up again, as the account has no password any more', NEW_PERSON),
  {
    of: 'login',
    name: 'Log in on another device',
    folder: LAST_FOLDER,
    before: 'lockDown',
    body: { email: '{{email}}', password: '{{password}}' },
    sets: { access_token: 'body.access_token' },
  },
  signUpBefore('lockDownMe', 'Sign up a third time', NEW_PERSON),
  signUpBefore('deleteMe', 'Sign up a fourth time', NEW_PERSON),
  signUpBefore('deleteMeByPost', 'Sign up once more'),
];

function signUpBefore(before: string, name: string, prepare: readonly string[] = []): Extra {
  return {
    of: 'signup',
    name,
    folder: LAST_FOLDER,
    before,
    body: { email: '{{email}}', password: '{{password}}' },
    prepare,
    sets: { access_token: 'body.access_token' },
  };
}

/** Where the order of the document would ask for what is not there yet, or not any more. */
const ORDER: readonly string[] = [
  // An address is proved before it signs in: until then that would take the password away.
  ...['resendEmailVerification', 'verifyEmail', 'sendCode', 'signInByCode', 'sendLink', 'exchangeCode'],
  ...['listUsers', 'createUser', 'importUsers', 'readUser', 'updateUser', 'setRoles', 'unlockUser'],
  ...['listUserSessions', 'listUserApiKeys', 'deleteUserApiKey', 'endUserSession', 'endUserSessions'],
  ...['getProviderToken', 'removeIdentity'],
  ...['listFactors', 'beginTotp', 'confirmTotp', 'renameTotp', 'renewRecoveryCodes'],
  ...['sendFactorCode', 'getFactorOptions', 'logInByFactor', 'forgetDevice', 'removeTotp'],
  ...['forcePasswordChange', 'createResetLink', 'resetPassword', 'resetFactors'],
  ...['disableUser', 'enableUser', 'deleteUser'],
];

/** Operations that need what another folder has made. */
const FOLDERS: Readonly<Record<string, string>> = { resetPassword: USERS_FOLDER };

/** The variables that stand for the parameters of a path, by its beginning; the first that fits. */
const PATH_VARIABLES: readonly (readonly [prefix: string, Readonly<Record<string, string>>])[] = [
  ['/admin/users/{id}', { id: 'user_id', session_id: 'user_session_id', key_id: 'user_key_id' }],
  ['/admin/clients/{client_id}', { client_id: 'client_id', secret_id: 'secret_id' }],
  ['/login/link/{token}', { token: 'link_token' }],
  ['/login/{provider}', { provider: 'provider' }],
  ['/me/factors/totp/{id}', { id: 'factor_id' }],
  ['/me/remembered-devices/{id}', { id: 'device_id' }],
  ['/me/identities/{id}', { id: 'identity_id' }],
  ['/me/passkeys/{id}', { id: 'passkey_id' }],
  ['/sessions/{id}', { id: 'session_id' }],
  ['/api-keys/{id}', { id: 'api_key_id' }],
];

/** The same for one operation. */
const PATH_VARIABLES_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  linkIdentity: { id: 'provider' },
};

/** Operations of administrators. */
const GUARDED_PATHS = ['/admin/', '/revocations'];

const bearerOf = (value: string) => ({ type: 'bearer', bearer: [{ key: 'token', value, type: 'string' }] });

/** Requests that need permissions are sent with the token of a user who has them. */
const ADMIN_AUTH = bearerOf('{{admin_token}}');

const NO_AUTH = { type: 'noauth' };

/** What a change by cookie needs besides the cookie, and without a body. */
const CHANGE_BY_COOKIE = [
  { key: 'Origin', value: '{{base_url}}' },
  { key: 'X-CSRF-Token', value: '{{csrf_token}}' },
];

const FORM = 'application/x-www-form-urlencoded';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Operation {
  readonly method: (typeof METHODS)[number];
  readonly path: string;
  readonly id: string;
  readonly folder: string;
  readonly name: string;
  readonly description: string;
  readonly auth: object | undefined;
  readonly byCookie: boolean;
  readonly body: Record<string, unknown> | undefined;
  readonly isForm: boolean;
  readonly success: string;
  /** What the answer has to be, besides its status. */
  readonly mediaType: string | undefined;
  readonly shape: unknown;
  readonly before: readonly string[];
  readonly sets: Readonly<Record<string, string>>;
  readonly after: readonly string[];
  /** For the parameters of its path, by name. */
  readonly examples: Readonly<Record<string, unknown>>;
}

/** A Postman collection (format 2.1) of every operation in the document, which runs from top to bottom. */
export function toPostmanCollection(document: OpenApiDocument): object {
  const operations = inOrder(readOperations(document));
  const folders = [...new Set(operations.map((operation) => operation.folder))];
  return {
    info: {
      name: 'Latchkey',
      description: [
        'Runs from top to bottom. Before the first run make the administrator that admin_email and admin_password name:',
        '',
        "    echo 'correct horse battery staple' | npm run --silent admin -- create-user --email root@example.com --role admin",
        '',
        'Signing up and logging in keep the access token, and the other requests send it.',
        '',
        'Codes and links are read from GET /dev/outbox, which a service shows outside production where no mail server is configured.',
      ].join('\n'),
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: bearerOf('{{access_token}}'),
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value, type: 'string' })),
    item: folders.map((folder) => ({
      name: folder,
      item: operations
        .filter((operation) => operation.folder === folder)
        .map((operation) => toRequest(operation, operations)),
    })),
  };
}

function readOperations(document: OpenApiDocument): Operation[] {
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      const id = operation.operationId ?? '';
      const statuses = Object.keys(operation.responses ?? {});
      const success = statuses.find((status) => /^(?:2\d\d|302)$/.test(status)) ?? '200';
      const [mediaType, schema] = contentOf(operation.responses?.[success]);
      // The token of a machine client is kept apart.
      const shape = expand(document, schema) as JsonSchema | undefined;
      const [first = shape] = shape?.anyOf ?? [];
      const keepsTokens = id !== 'token' && 'refresh_token' in (first?.properties ?? {});
      operations.push({
        method,
        path,
        id,
        folder: LAST.includes(id) ? LAST_FOLDER : (FOLDERS[id] ?? operation.tags?.[0] ?? ''),
        name: operation.summary ?? '',
        description: operation.description ?? '',
        auth: authOf(path, operation.security),
        byCookie: isByCookie(operation.security),
        body: BODIES[id] ?? exampleBody(document, id, operation.requestBody),
        isForm: isForm(operation.requestBody),
        success,
        mediaType,
        shape,
        before: [...skipWithout(SKIPPED_WITHOUT[id]), ...(BEFORE[id] ?? [])],
        sets: { ...(keepsTokens && TOKENS), ...SETS[id] },
        after: AFTER[id] ?? [],
        examples: pathExamples(operation.parameters),
      });
    }
  }
  return operations;
}

/** In the order in which they run, with those that come more than once. */
function inOrder(operations: readonly Operation[]): Operation[] {
  const rankOf = ({ id }: Operation) => 1 + Math.max(ORDER.indexOf(id), LAST.indexOf(id));
  const folders = [...new Set(operations.map(({ folder }) => folder))].filter((name) => name !== LAST_FOLDER);
  const sorted = [...folders, LAST_FOLDER].flatMap((folder) =>
    operations.filter((operation) => operation.folder === folder).sort((a, b) => rankOf(a) - rankOf(b)),
  );
  return sorted.flatMap((operation) => [
    ...EXTRAS.filter(({ before }) => before === operation.id).map((extra) => extraOf(extra, operations)),
    ...(operation.id === 'exchangeCode' ? [buttonOf(operation)] : []),
    operation,
  ]);
}

/** What the page of a sign-in link does when its button is pressed, which is no operation of the document. */
function buttonOf({ folder, auth }: Operation): Operation {
  return {
    method: 'post',
    path: '/login/link/{token}',
    id: 'signInByLink',
    folder,
    name: 'Press the button of the page that the link opens',
    description: 'It leads back to the page of the app, with a code for the next request.',
    auth,
    byCookie: false,
    body: undefined,
    isForm: true,
    success: '303',
    mediaType: undefined,
    shape: undefined,
    before: linkTo('email', '/login/link/'),
    sets: {},
    after: [setTo('exchange_code', "pm.response.headers.get('Location').split('code=')[1]")],
    examples: {},
  };
}

function extraOf(
  { of, name, folder, body, bearer, prepare = [], byCookie = false, sets, refusal }: Extra,
  operations: readonly Operation[],
): Operation {
  const operation = operations.find(({ id }) => id === of);
  if (operation === undefined) throw new Error(`there is no operation ${of}`);
  const auth = bearer === undefined ? operation.auth : bearerOf(bearer);
  const expected =
    refusal === undefined
      ? {}
      : { success: refusal, mediaType: 'application/problem+json', shape: undefined };
  return { ...operation, ...expected, name, folder, body, auth, byCookie, sets, before: prepare, after: [] };
}

function toRequest(operation: Operation, all: readonly Operation[]): object {
  const { method, body, before, sets, after, examples, byCookie, success } = operation;
  const path = operation.path.replaceAll(
    /\{(\w+)\}/g,
    (_, name) => variableOf(operation, name) ?? String(examples[name]),
  );
  const query = Object.entries(QUERIES[operation.id] ?? {}).map(([key, value]) => ({ key, value }));
  const search = query.map(({ key, value }) => `${key}=${value}`).join('&');
  const keeps = Object.entries(sets).map(([variable, value]) => setTo(variable, value));
  const test = [
    ...expectations(operation),
    ...(keeps.length > 0 ? ['const body = pm.response.json();', ...keeps] : []),
    ...after,
  ];
  const request = {
    method: method.toUpperCase(),
    url: {
      raw: `{{base_url}}${path}${search === '' ? '' : `?${search}`}`,
      host: ['{{base_url}}'],
      path: path.slice(1).split('/'),
      ...(query.length > 0 && { query }),
    },
    ...(byCookie ? { auth: NO_AUTH } : operation.auth && { auth: operation.auth }),
    ...(body && (operation.isForm ? toForm(body) : toJson(body))),
    ...(byCookie && method !== 'get' && { header: CHANGE_BY_COOKIE }),
  };
  return {
    name: operation.name,
    ...(success.startsWith('3') && { protocolProfileBehavior: { followRedirects: false } }),
    event: [
      ...(before.length > 0
        ? [{ listen: 'prerequest', script: { type: 'text/javascript', exec: before } }]
        : []),
      { listen: 'test', script: { type: 'text/javascript', exec: test } },
    ],
    request: { ...request, description: describe(operation, request, all) },
  };
}

/** What the operation is, and which request has to come before it. */
function describe(operation: Operation, request: object, all: readonly Operation[]): string {
  const auth = operation.auth ?? bearerOf('{{access_token}}');
  const used = [...JSON.stringify({ ...request, auth }).matchAll(/\{\{(\w+)\}\}/g)].map(
    ([, name = '']) => name,
  );
  const needs = [...new Set(used)].flatMap((variable) => {
    const source = all.find((other) => variable in other.sets && other !== operation);
    return source === undefined ? [] : [`\`${variable}\` of *${source.name}*`];
  });
  if (used.includes('admin_email')) needs.push('the user that `npm run admin -- create-user` has made');
  const sentence = needs.length === 0 ? 'Needs nothing before it.' : `Needs ${needs.join(', ')}.`;
  const skipped = SKIPPED_WITHOUT[operation.id];
  const omission = skipped === undefined ? '' : `Is skipped while the variable \`${skipped}\` is empty.`;
  return [operation.description, sentence, omission].filter((text) => text !== '').join('\n\n');
}

/** The variable that stands for a parameter, if an earlier request has set one. */
function variableOf({ id, path }: Operation, parameter: string): string | undefined {
  const found = PATH_VARIABLES.find(([prefix]) => path.startsWith(prefix));
  const variable = (PATH_VARIABLES_OF[id] ?? found?.[1])?.[parameter];
  return variable === undefined ? undefined : `{{${variable}}}`;
}

/** The status that the document promises and no other, with a body of the promised shape. */
function expectations({ success, mediaType, shape }: Operation): string[] {
  const test = (name: string, check: string) => `pm.test('${name}', () => ${check});`;
  return [
    test(`answers ${success}`, `pm.response.to.have.status(${success})`),
    mediaType === undefined
      ? test('has no body', "pm.expect(pm.response.text()).to.equal('')")
      : test(
          `is ${mediaType}`,
          `pm.expect(pm.response.headers.get('Content-Type')).to.match(/^${mediaType.replaceAll(/[/.+]/g, '\\$&')}(;|$)/)`,
        ),
    ...(mediaType === 'application/json'
      ? [
          test(
            'has the shape that the document describes',
            `pm.response.to.have.jsonSchema(${JSON.stringify(shape)})`,
          ),
        ]
      : []),
  ];
}

function toJson(body: Record<string, unknown>): object {
  // The variable is an object, not a text.
  const raw = JSON.stringify(body, null, 2).replace('"{{passkey_credential}}"', '{{passkey_credential}}');
  return {
    header: [{ key: 'Content-Type', value: 'application/json' }],
    body: { mode: 'raw', raw, options: { raw: { language: 'json' } } },
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
  return takesToken ? undefined : NO_AUTH;
}

/** Whether a cookie is all that it takes. */
function isByCookie(security: readonly object[] | undefined): boolean {
  return security !== undefined && security.length > 0 && security.every((one) => 'cookie' in one);
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

interface JsonSchema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly properties?: object;
  readonly anyOf?: readonly JsonSchema[];
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

function contentOf(response: unknown): [mediaType: string | undefined, schema: JsonSchema | undefined] {
  const content = (response as { content?: Content } | undefined)?.content ?? {};
  const [entry] = Object.entries(content);
  return [entry?.[0], entry?.[1].schema];
}

function schemaOf(document: OpenApiDocument, holder: unknown): JsonSchema | undefined {
  const schema = contentOf(holder)[1];
  return schema?.$ref === undefined ? schema : resolve(document, schema.$ref);
}

function resolve(document: OpenApiDocument, reference: string): JsonSchema | undefined {
  return document.components?.schemas?.[reference.split('/').at(-1) ?? ''] as JsonSchema | undefined;
}

/** The keywords that say what a value is made of; formats and lengths are left to the service. */
const SHAPE = ['type', 'required', 'enum', 'const', 'additionalProperties', 'items', 'properties', 'anyOf'];

/** A schema without references, which Postman could not follow, and with no more than its shape. */
function expand(document: OpenApiDocument, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((one) => expand(document, one));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...own } = schema as Record<string, unknown>;
  if (typeof $ref === 'string') return expand(document, { ...resolve(document, $ref), ...own });
  const kept = Object.entries(own).filter(([keyword]) => SHAPE.includes(keyword));
  return Object.fromEntries(
    kept.map(([keyword, value]) => [
      keyword,
      keyword === 'properties'
        ? Object.fromEntries(
            Object.entries(value as object).map(([name, one]) => [name, expand(document, one)]),
          )
        : expand(document, value),
    ]),
  );
}
