import { compile, type JSONSchema } from 'json-schema-to-typescript';
import type { OpenApiDocument } from '../src/http/openapi.ts';

const BANNER = '/** What the API takes and answers. Made from the OpenAPI document by `npm run generate`. */';
/** Of administrators, machines, gateways and operators: a page has no use for them. */
const NOT_FOR_PAGES =
  /^\/(admin|oauth|verify|revocations|healthz|readyz|dev|openapi\.json|docs|metrics|\.well-known)(\/|$)/;

/** Keywords that would become comments. */
const LOST = new Set([
  'default',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'pattern',
  'format',
]);

type Json = { readonly [name: string]: unknown };

/**
 * The types of the routes that a page calls, by their names, such as `PATCH /me`: `body`, `params` of the path and of the
 * query, and `answer`, undefined where there is none.
 */
export async function renderClientTypes(document: OpenApiDocument): Promise<string> {
  const { paths, components } = document as unknown as {
    paths: Record<string, Record<string, Json>>;
    components: { schemas: Record<string, Json> };
  };
  const routes = Object.entries(paths)
    .filter(([path]) => !NOT_FOR_PAGES.test(path))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [
        `${method.toUpperCase()} ${path}`,
        typeOfRoute(operation),
      ]),
    );
  const routesSchema = objectOf(Object.fromEntries(routes));
  const definitions = { ...components.schemas };
  const schema = { ...routesSchema, definitions } as JSONSchema;
  const types = await compile(plain(schema) as JSONSchema, 'Routes', {
    bannerComment: BANNER,
    additionalProperties: false,
    unreachableDefinitions: false,
    strictIndexSignatures: true,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 110, singleQuote: true },
  });
  // What the generator says of each definition that several refer to.
  return types
    .replace(/ \*\n \* This interface was referenced by[\s\S]*?\*\//g, ' */')
    .replace(/^\/\*\*\n \*\/\n/gm, '');
}

function typeOfRoute(operation: Json): JSONSchema {
  const {
    summary,
    parameters = [],
    requestBody,
    responses,
  } = operation as {
    summary?: string;
    parameters?: readonly { name: string; in: string; required?: boolean; schema: Json }[];
    requestBody?: Json & { required?: boolean };
    responses: Record<string, Json>;
  };
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, response]) => schemaOf(response))
    .filter((schema) => schema !== undefined);
  const params = parameters.filter(({ in: place }) => place === 'path' || place === 'query');
  const type = objectOf({
    ...(requestBody && { body: schemaOf(requestBody) }),
    ...(params.length > 0 && {
      params: {
        ...objectOf(Object.fromEntries(params.map(({ name, schema }) => [name, schema]))),
        required: params.filter(({ required }) => required).map(({ name }) => name),
      },
    }),
    answer: answers.length > 1 ? { anyOf: answers } : (answers[0] ?? { tsType: 'undefined' }),
  });
  const required = Object.keys(type.properties ?? {}).filter(
    (name) => name !== 'body' || requestBody?.required,
  );
  return { ...type, description: summary, required } as JSONSchema;
}

function schemaOf(content: Json): Json | undefined {
  const byType = content.content as Record<string, { schema: Json }> | undefined;
  return byType?.['application/json']?.schema;
}

function objectOf(properties: Record<string, unknown>): JSONSchema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  } as JSONSchema;
}

/** The same schema where definitions are where the generator looks for them, without what a type cannot say. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  // What stands beside a reference would make a type of its own of it.
  if ('$ref' in value) return { $ref: String(value.$ref).replace('#/components/schemas/', '#/definitions/') };
  const entries = Object.entries(value)
    .filter(([name, member]) => !(LOST.has(name) && typeof member !== 'object'))
    .map(([name, member]) => [name, plain(member)]);
  return Object.fromEntries(entries);
}
