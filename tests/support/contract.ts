import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Response, Test } from 'supertest';
import { allRoutes } from '../../src/app.ts';

interface Operation {
  readonly responses: Record<string, DescribedResponse | { readonly $ref: string }>;
}

interface DescribedResponse {
  readonly content?: Record<string, unknown>;
}

export interface ApiDocument {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly responses: Record<string, DescribedResponse> };
}

/** Statuses of requests that reach no operation: they are the same everywhere and stand in no path of the document. */
const OUTSIDE_OPERATIONS = [404, 405];

/** Routes that the document leaves out: pages for people. */
const OUTSIDE_DOCUMENT = allRoutes()
  .filter(({ tag }) => tag === undefined)
  .map(({ method, path }) => ({ method, fits: patternOf(path) }));

/** By its text: nearly all apps have the same one. */
const documents = new Map<string, ApiDocument>();

export function readDocument(text: string): ApiDocument {
  const document = documents.get(text) ?? JSON.parse(text);
  documents.set(text, document);
  return document;
}

/** What has been compiled of a document. */
const compiled = new WeakMap<ApiDocument, (ref: string) => ValidateFunction>();

/** Clients must take members that were added later, so the document allows them; here whatever is undocumented is a fault. */
function closed(_key: string, value: unknown): unknown {
  const isOpen = typeof value === 'object' && value !== null && 'properties' in value;
  return isOpen && !('additionalProperties' in value) ? { ...value, additionalProperties: false } : value;
}

/** Makes validators of parts of the document, each once. */
function validatorsOf(document: ApiDocument): (ref: string) => ValidateFunction {
  const known = compiled.get(document);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  addFormats.default(ajv);
  ajv.addSchema(JSON.parse(JSON.stringify(document, closed)), 'openapi');
  const validators = new Map<string, ValidateFunction>();
  const validatorOf = (ref: string) => {
    const validator = validators.get(ref) ?? ajv.compile({ $ref: ref });
    validators.set(ref, validator);
    return validator;
  };
  compiled.set(document, validatorOf);
  return validatorOf;
}

/** Holds every response against the OpenAPI document; `violations` stays empty as long as they agree. */
export function createContract(document: ApiDocument) {
  const validatorOf = validatorsOf(document);
  const violations: string[] = [];

  function check(method: string, path: string, response: Response): void {
    if (isOutside(method, path)) return;
    const where = `${method} ${path} -> ${response.status}`;
    const mediaType = response.type;
    const template = templateOf(path);
    const operation = document.paths[template]?.[method === 'head' ? 'get' : method];
    const described = operation?.responses[response.status];
    const name = described && '$ref' in described ? (described.$ref.split('/').at(-1) ?? '') : undefined;
    const documented =
      name === undefined ? (described as DescribedResponse) : document.components.responses[name];
    if (documented === undefined) {
      const isOutside = OUTSIDE_OPERATIONS.includes(response.status);
      // A browser gets a page.
      if (isOutside && mediaType === 'text/html') return;
      if (isOutside) validate('openapi#/components/schemas/Problem', response.body, where);
      else violations.push(`${where} is not documented`);
      return;
    }
    if (documented.content === undefined || method === 'head') {
      if (response.text) violations.push(`${where} has a body where none is documented`);
      return;
    }
    if (!(mediaType in documented.content)) {
      violations.push(`${where} is ${mediaType}, documented is ${Object.keys(documented.content)}`);
      return;
    }
    if (mediaType === 'text/html') return;
    const place =
      name === undefined
        ? ['paths', template, method, 'responses', String(response.status)]
        : ['components', 'responses', name];
    const pointer = [...place, 'content', mediaType, 'schema'];
    validate(`openapi#/${pointer.map(escapePointer).join('/')}`, response.body, where);
  }

  /** The path of the document that `path` is an instance of. */
  function templateOf(path: string): string {
    const fits = (template: string) => patternOf(template).test(path);
    return path in document.paths ? path : (Object.keys(document.paths).find(fits) ?? path);
  }

  function validate(ref: string, body: unknown, where: string): void {
    const validator = validatorOf(ref);
    if (!validator(body)) violations.push(`${where}: ${textOf(validator.errors)}`);
  }

  return {
    violations,
    /** A superagent plugin. */
    plugin: (test: Test) => {
      test.on('response', (response: Response) => {
        check(test.method.toLowerCase(), new URL(test.url).pathname, response);
      });
    },
  };
}

function isOutside(method: string, path: string): boolean {
  const asked = method === 'head' ? 'GET' : method.toUpperCase();
  return OUTSIDE_DOCUMENT.some((route) => route.method === asked && route.fits.test(path));
}

/** What the paths of a template are like. */
function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function textOf(errors: ValidateFunction['errors']): string {
  return (errors ?? []).map(({ instancePath, message }) => `data${instancePath} ${message}`).join(', ');
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
