import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../src/core/errors.ts';
import { PAGE_IDS } from '../../src/features/pages/routes.ts';
import { PUBLIC_URL, type TestApp, useApp } from '../support/app.ts';
import type { ApiDocument } from '../support/contract.ts';
import { onEachDatabase } from '../support/databases.ts';

/** What a browser loads of the pages for people, at /docs and by the links of mails, which is no part of the API. */
const FOR_BROWSERS = [
  /^GET \/(?:docs\/[a-z-]+\.(?:js|css)|assets\/\{file\})?$/,
  /^(?:GET|POST) \/login\/\{provider\}\/callback$/,
  /^(?:GET|POST) \/(?:login\/link|email\/verify|email\/undo|lockdown|password\/reset)\/\{token\}$/,
];

/** Gateways ask /verify with any method; it is documented as what a person asks. */
function routesOf({ table }: TestApp): string[] {
  const inDocument = table.routes.filter(({ id }) => !PAGE_IDS.includes(id));
  return inDocument.map(({ method, path }) => `${method === 'ANY' ? 'GET' : method} ${path}`);
}

function operationsOf(document: ApiDocument) {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation: operation as typeof operation & {
        operationId: string;
        summary: string;
        security?: unknown;
        requestBody?: unknown;
      },
    })),
  );
}

/** What the endpoints of OAuth take: a client by Basic, and what else there is. */
const OAUTH_SECURITY: Readonly<Record<string, object[]>> = {
  'POST /oauth/token': [{ client: [] }, {}],
  'POST /oauth/introspect': [{ client: [] }, { bearer: [] }],
  'POST /oauth/revoke': [{ client: [] }, {}],
};

/** POST /logout also takes a refresh token in its body, and then no access token. */
/** Of what asks for a credential: a token will do, or a cookie, with a CSRF token for a change. */
function credentialsOf(name: string): object[] {
  const cookie = name.startsWith('GET ') ? { cookie: [] } : { cookie: [], csrf: [] };
  if (name === 'GET /csrf' || name.startsWith('POST /session/')) return [cookie];
  return name === 'POST /logout' ? [{ bearer: [] }, cookie, {}] : [{ bearer: [] }, cookie];
}

onEachDatabase((kind) => {
  describe('GET /openapi.json', () => {
    const app = useApp(kind);

    async function getDocument() {
      return (await app.get('/openapi.json').expect(200)).body;
    }

    it('answers 200 with an OpenAPI 3.1 document of this version, whose server is wherever it was read', async () => {
      const response = await app.get('/openapi.json').expect(200);

      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
      expect(response.type).toBe('application/json');
      expect(response.body).toMatchObject({
        openapi: expect.stringMatching(/^3\.1\.\d+$/),
        info: { title: 'Latchkey', version },
        servers: [{ url: '.' }],
      });
    });

    it('answers 200 with every route of the application, and no route that is not there', async () => {
      const documented = operationsOf(await getDocument()).map(({ name }) => name);
      const served = routesOf(app);

      const pages = served.filter((route) => FOR_BROWSERS.some((pattern) => pattern.test(route)));
      expect(pages.length).toBeGreaterThan(10);
      expect(served.filter((route) => !pages.includes(route)).sort()).toEqual(documented.sort());
    });

    it('answers 200 with operations that all answer, each with a status it lists', async () => {
      for (const { method, path, operation, name } of operationsOf(await getDocument())) {
        const response = await fetch(app.url + path, { method });
        await response.arrayBuffer();

        expect([404, 405]).not.toContain(response.status);
        expect({ name, statuses: Object.keys(operation.responses) }).toEqual({
          name,
          statuses: expect.arrayContaining([String(response.status)]),
        });
      }
    });

    it('answers 200 with the credentials on exactly the operations that ask for one', async () => {
      const document = await getDocument();

      expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
      for (const { method, path, operation, name } of operationsOf(document)) {
        const response = await fetch(app.url + path, {
          method,
          ...(operation.requestBody !== undefined && {
            headers: { 'Content-Type': 'application/json' },
            body: '{}',
          }),
        });
        const answer = await response.text();
        const isTokenWanted = response.status === 401 && JSON.parse(answer).code === 'token_missing';

        expect({ name, security: operation.security }).toEqual({
          name,
          security: isTokenWanted ? credentialsOf(name) : (OAUTH_SECURITY[name] ?? []),
        });
      }
    });

    it('answers 200 with an id and a summary on each operation, the id unique', async () => {
      const operations = operationsOf(await getDocument()).map(({ operation }) => operation);

      const ids = operations.map(({ operationId }) => operationId);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { operationId, summary } of operations) {
        expect(operationId).toMatch(/^[a-z]\w*$/i);
        expect(summary).toMatch(/\S/);
      }
    });

    it('answers 200 with references that all lead somewhere', async () => {
      const document = await getDocument();
      const text = JSON.stringify(document);
      const pointers = [...text.matchAll(/"\$ref":"#([^"]+)"/g)].map((match) => match[1] ?? '');

      expect(pointers.length).toBeGreaterThan(0);
      for (const pointer of pointers) {
        const target = pointer
          .split('/')
          .slice(1)
          .reduce((value, key) => value?.[key], document);
        expect({ pointer, target }).toEqual({ pointer, target: expect.any(Object) });
      }
    });

    it('answers 200 with every error code, since clients branch on them', async () => {
      const document = await getDocument();

      expect(document.components.schemas.Problem.properties.code.enum.sort()).toEqual(
        Object.keys(ERRORS).sort(),
      );
    });

    it('answers 200 with examples under the status that their code has', async () => {
      const document = await getDocument();
      for (const { operation } of operationsOf(document)) {
        for (const [status, response] of Object.entries(operation.responses)) {
          const name = '$ref' in response ? response.$ref.split('/').at(-1) : undefined;
          const described = name === undefined ? response : document.components.responses[name];
          const content = described.content?.['application/problem+json'] as
            | { examples: Record<string, { value: { status: number; code: keyof typeof ERRORS } }> }
            | undefined;
          for (const [code, { value }] of Object.entries(content?.examples ?? {})) {
            expect(value).toMatchObject({ code, status: Number(status) });
            expect(ERRORS[value.code].status).toBe(Number(status));
          }
        }
      }
    });

    it('answers 200 with examples whose type is a page of this very service', async () => {
      const text = JSON.stringify(await getDocument());

      const types = [...text.matchAll(/"type":"(https?:[^"]+)"/g)].map((match) => match[1]);
      expect(types.length).toBeGreaterThan(0);
      for (const type of types) expect(type).toMatch(new RegExp(`^${PUBLIC_URL}/docs/errors#`));
    });

    it('answers 200 with no field that may be left out marked as required, and the other way round', async () => {
      const { schemas } = (await getDocument()).components;

      expect(schemas.Signup.required.sort()).toEqual(['email', 'password']);
      expect(schemas.Login.required).toEqual(['password']);
      expect(schemas.ProfileChange.required).toBeUndefined();
      expect(schemas.PasswordChange.required.sort()).toEqual(['current_password', 'new_password']);
      expect(schemas.AccountRemoval.required).toBeUndefined();
      for (const name of ['Signup', 'Login', 'ProfileChange', 'PasswordChange', 'AccountRemoval']) {
        expect(schemas[name].additionalProperties).toBe(false);
      }
    });
  });
});
