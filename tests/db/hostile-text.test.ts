import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { importedUser } from '../../src/features/users/schemas.ts';
import { type Asked, type Caller, ENDPOINTS } from '../authorization/endpoints.ts';
import { anAdmin } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { type GoogleApp, useGoogleApp } from '../support/google-app.ts';
import { aPerson, signUp } from '../support/people.ts';

/** What means something to Sequelize, to a database or to a driver where text is put into a statement. */
const HOSTILE = [`$1 $id $$ $$x :name :id ? ' " \`  ' -- /*`, 'a\0b'];
/** What of it the local part of an address takes. */
const HOSTILE_LOCAL_PARTS = ['$1', "$id$$?'`"];
/** Unique. */
const addressOf = (localPart: string) => `${localPart}@${randomBytes(5).toString('hex')}.example`;

/** Columns that a change of anything else may come with. */
const ALONGSIDE = [
  'updatedAt',
  'rightsVersion',
  'version',
  'passwordHash',
  'passwordChangedAt',
  'lastUsedAt',
];
const TABLES = ['users', 'roles', 'permissions', 'clients', 'apiKeys', 'passkeys', 'totpFactors'] as const;

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly example?: unknown;
}

interface Operation {
  readonly parameters?: readonly { in: string; name: string; schema: Schema }[];
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Field {
  readonly in: 'body' | 'query' | 'import';
  readonly name: string;
  readonly schema: Schema;
}

onEachDatabase((kind) => {
  describe('Text that means something in SQL', () => {
    const app = useGoogleApp(kind);
    let document: Document;
    beforeAll(async () => {
      document = (await app.get('/openapi.json')).body;
    });

    it.each(ENDPOINTS.map(({ operation }) => operation))(
      'is kept as it is, or refused, in every text field of %s',
      async (name) => {
        const [method = '', path = ''] = name.split(' ');
        const operation = document.paths[path]?.[method.toLowerCase()] ?? {};
        let caller: Caller | undefined;
        for (const field of textFieldsOf(document, operation)) {
          for (const text of textsFor(field)) {
            caller ??= await anAdmin(app);
            const status = await sendAndReadBack(app, name, caller, field, text);
            // Its sender may be gone, or signed out.
            if (status === 204) caller = undefined;
          }
        }
      },
    );

    it.each(HOSTILE_LOCAL_PARTS)('does not tell whether the address %s@… is verified', async (localPart) => {
      const email = addressOf(localPart);
      const { token } = await anAdmin(app);
      const bystander = await signUp(app);
      const { body } = await app
        .post('/admin/users')
        .auth(token, { type: 'bearer' })
        .send({ email, email_verified: true })
        .expect(201);
      const change = (sent: object) =>
        app.patch(`/admin/users/${body.user.id}`).auth(token, { type: 'bearer' }).send(sent).expect(200);

      const same = await change({ email: email.toUpperCase(), name: email });
      const other = await change({ email: `other${email}` });

      expect(same.body.user).toMatchObject({ email: email.toUpperCase(), email_verified: true, name: email });
      expect(other.body.user).toMatchObject({ email: `other${email}`, email_verified: false });
      const untouched = await app.models.users.findByPk(bystander.id);
      expect(untouched).toMatchObject({ email: bystander.email, name: null, emailVerifiedAt: null });
    });

    it.each(HOSTILE.filter((text) => !text.includes('\0')))(
      'is kept as the name of a device and in the audit log: %s',
      async (userAgent) => {
        const { email, password, id } = await signUp(app);
        const { body } = await app
          .post('/login')
          .set('User-Agent', userAgent)
          .send({ email, password })
          .expect(200);

        const sessions = await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);
        const [entry] = await app.store.audit.list({ subjectId: id, type: 'login.succeeded' }, 1, undefined);

        expect(JSON.stringify(sessions.body)).toContain(JSON.stringify(userAgent));
        expect(entry?.userAgent).toBe(userAgent);
      },
    );
  });
});

/** Sends the request with `text` in the field: never an error of the service, and what was taken is found again. */
async function sendAndReadBack(app: GoogleApp, name: string, caller: Caller, field: Field, text: string) {
  const endpoint = ENDPOINTS.find(({ operation }) => operation === name) as (typeof ENDPOINTS)[number];
  const asked = await endpoint.ask(app, caller);
  const before = await dump(app);
  const { status, body } = await send(app, name, caller, asked, field, text);
  const after = await dump(app);
  const what = `${name} with ${field.name} = ${JSON.stringify(text)} -> ${status}`;

  expect({ what, isError: status >= 500, code: status >= 500 ? body.code : undefined }).toEqual({
    what,
    isError: false,
  });
  const changed = changesBetween(before, after);
  const allowed = [
    ...ALONGSIDE,
    field.name,
    ...Object.keys(asked.body ?? {}),
    ...(field.name === 'email' ? ['emailCanonical', 'emailVerifiedAt'] : []),
    // A code by mail proves the address.
    ...(name === 'POST /otp/verify' ? ['emailVerifiedAt'] : []),
    ...(name === 'POST /passkeys/registration' ? ['secondFactorSince'] : []),
  ];
  expect({
    what,
    changed: changed.filter((columns) => columns.some((one) => !allowed.includes(one))),
  }).toEqual({
    what,
    changed: [],
  });
  expect(changed.length).toBeLessThanOrEqual(1);
  const isKept =
    field.in !== 'query' &&
    asked.form === undefined &&
    status < 300 &&
    // What it leads to is done later.
    status !== 202 &&
    // It asks for something, and writes nothing.
    name !== 'POST /login/passkey/options' &&
    !isSecret(field) &&
    !isPassedOn(field) &&
    !('code' in (body.results?.[0] ?? {}));
  if (isKept) expect({ what, isKept: holds(after, text) }).toEqual({ what, isKept: true });
  const shown = body[field.name] ?? body.user?.[field.name];
  if (isKept && typeof shown === 'string') expect({ what, shown }).toEqual({ what, shown: text });
  return status;
}

function send(app: TestApp, name: string, { token }: Caller, asked: Asked, field: Field, text: string) {
  const method = name.split(' ', 1)[0]?.toLowerCase() as 'post';
  const { path, form } = asked;
  const body: Record<string, unknown> = { ...asked.body, ...form };
  const value = field.schema.type === 'array' ? [text] : text;
  if (field.in === 'body') body[field.name] = value;
  if (field.in === 'import') body.users = [{ email: aPerson().email, [field.name]: value }];
  // A login takes one of both.
  if (name === 'POST /login' && field.name === 'username') delete body.email;
  const request = app[method](path);
  if (field.in === 'query') request.query({ [field.name]: text });
  if (token !== undefined && form === undefined) request.auth(token, { type: 'bearer' });
  if (form !== undefined) request.type('form');
  return Object.keys(body).length > 0 ? request.send(body) : request;
}

function textsFor({ name, schema }: Field): readonly string[] {
  if (name === 'email') return HOSTILE_LOCAL_PARTS.map(addressOf);
  // No password may be too short.
  return schema.format === 'password' ? HOSTILE.map((text) => `${text} of a long password`) : HOSTILE;
}

const isSecret = ({ name, schema }: Field) => schema.format === 'password' || name.endsWith('token');

/** To a provider. */
const isPassedOn = ({ name }: Field) => name === 'login_hint';

/** The body and the query, from the document; what is imported stands in no schema but its own. */
function textFieldsOf(document: Document, { parameters = [], requestBody }: Operation): Field[] {
  const [schema = {}] = Object.values(requestBody?.content ?? {}).map((media) =>
    resolve(document, media.schema),
  );
  const properties = Object.entries(schema.properties ?? {});
  const fields: Field[] = [
    ...parameters
      .filter((parameter) => parameter.in === 'query')
      .map((parameter) => ({ in: 'query' as const, name: parameter.name, schema: parameter.schema })),
    ...properties.map(([name, property]) => ({ in: 'body' as const, name, schema: property })),
    ...('users' in (schema.properties ?? {})
      ? Object.keys(importedUser(5).shape).map((name) => ({
          in: 'import' as const,
          name,
          schema: { type: name === 'roles' ? 'array' : 'string' },
        }))
      : []),
  ];
  return fields.filter(
    (field) => field.schema.enum === undefined && takesText(resolve(document, field.schema)),
  );
}

function takesText({ type, anyOf = [], items }: Schema): boolean {
  return type === 'string' || type?.includes('string') || anyOf.some(takesText) || items?.type === 'string';
}

function resolve(document: Document, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const names = schema.$ref.split('/').slice(1);
  return names.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], document) as Schema;
}

type Dump = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

async function dump(app: TestApp): Promise<Dump> {
  const found = new Map<string, Record<string, unknown>>();
  for (const table of TABLES) {
    const model = app.models[table] as unknown as {
      findAll: (options: object) => Promise<Record<string, unknown>[]>;
    };
    for (const row of await model.findAll({ raw: true })) found.set(`${table} ${row.id ?? row.name}`, row);
  }
  return found;
}

/** The changed columns of each row that was there before and is there still. */
function changesBetween(before: Dump, after: Dump): string[][] {
  return [...before].flatMap(([key, row]) => {
    const now = after.get(key);
    if (now === undefined) return [];
    const columns = Object.keys(row).filter(
      (name) => JSON.stringify(row[name]) !== JSON.stringify(now[name]),
    );
    return columns.length === 0 ? [] : [columns];
  });
}

function holds(rows: Dump, text: string): boolean {
  return [...rows.values()].some((row) => Object.values(row).includes(text));
}
