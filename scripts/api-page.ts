import { describeService } from '../src/app.ts';
import { anyone, bearer, cookie, permission, session, stepUp, user } from '../src/http/access.ts';
import { errorCodesOf } from '../src/http/openapi.ts';
import { type RouteDescription, unknownCodesOf } from '../src/http/route.ts';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
}

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Answer {
  readonly $ref?: string;
  readonly description: string;
  readonly content?: Content;
  readonly headers?: object;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

const DOCUMENT = (await describeService()) as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
};

/** A route that nothing guards and that takes nothing. */
const BARE: RouteDescription = { id: '', method: 'GET', path: '/', access: anyone(), answers: {} };
const ALWAYS = errorCodesOf(BARE);
const INPUT_ERRORS = errorCodesOf({ ...BARE, body: {} as never }).filter((code) => !ALWAYS.includes(code));

/** The endpoints of the API as tables of Markdown, one for each tag of the OpenAPI document. */
export function renderEndpoints(routes: readonly RouteDescription[]): string {
  const described = routes.filter(({ tag }) => tag !== undefined);
  const tags = [...new Set(described.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const rows = described.filter((route) => route.tag === tag).map(rowOf);
    return `## ${tag?.name}\n\n${tag?.description}.\n\n${table(COLUMNS, rows)}\n`;
  });
  return [renderLegend(), ...sections].join('\n');
}

function renderLegend(): string {
  const of = (access: RouteDescription['access']) => access.refuses;
  const beyond = (access: RouteDescription['access']) =>
    `those of *bearer*, ${inCode(of(access).filter((code) => !of(bearer()).includes(code)))}`;
  const rows = [
    ['anyone', 'everybody, without a credential', ''],
    [
      'bearer',
      'a user or a machine client, by an access token, an API key or a cookie',
      inCode(of(bearer())),
    ],
    ['user', 'a user, by an access token, an API key or a cookie', beyond(user())],
    ['session', 'a user, by an access token or a cookie, and no API key', beyond(session())],
    ['cookie', 'a user, by a cookie alone', beyond(cookie())],
    [
      'a permission',
      'every caller that holds it, by an access token, an API key or a cookie',
      beyond(permission('users:list')),
    ],
    [
      '…, stepped up',
      'the same; a user must have authenticated within `RECENT_SIGN_IN_SECONDS`, by two factors if they have two ([step-up](step-up.md))',
      `those of the same, ${inCode(of(stepUp(session())).filter((code) => !of(session()).includes(code)))}`,
    ],
    [
      '…, stepped up, or password',
      'the same, where the password in the body will do for a user without a second factor',
      'the same',
    ],
    ['client', 'a machine client, by its `client_id` and `client_secret`', ''],
    ['… or none', 'the same, or what the body holds will do: a token, or the secret of a client', ''],
  ];
  return `${table(['who', 'is', 'refuses with'], rows)}

Each row below names the codes that a route has of its own. Besides them a route refuses

- by *who* may call it, as above;
- where it takes parameters, a query or a body, with
  ${inCode(INPUT_ERRORS)};
- where it has a *limit*, with ${inCode(['rate_limited'])}, and where it hashes a password, with ${inCode(['overloaded'])};
- where something is broken, with ${inCode(ALWAYS)}.
`;
}

const COLUMNS = ['request', 'what it does', 'who', 'takes', 'answers', 'limit', 'refuses with'];

function rowOf(route: RouteDescription): string[] {
  const method = route.method === 'ANY' ? 'GET' : route.method;
  const operation = DOCUMENT.paths[route.path]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} ${route.path} is not in the document`);
  return [
    `\`${method} ${route.path}\``,
    route.summary ?? '',
    whoMayCall(route),
    takes(operation),
    answers(operation),
    route.limit ? `\`${route.limit}\`` : '',
    inCode(ownRefusals(route, operation)),
  ];
}

function whoMayCall({ access }: RouteDescription): string {
  if (access.stepUp === undefined) return credentialOf(access);
  return `${credentialOf(access)}, stepped up${access.stepUp.hasPassword ? ', or password' : ''}`;
}

function credentialOf(access: RouteDescription['access']): string {
  if (access.permission !== undefined) return `\`${access.permission}\``;
  const looksItself = access.kind === 'own' || (access.kind === 'anyone' && access.schemes.length > 0);
  return looksItself ? access.schemes.join(' or ') : access.kind;
}

function takes({ parameters = [], requestBody }: Operation): string {
  const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => `${name}=`);
  const [mediaType, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const fields = body && `${mediaType?.includes('form') ? 'form ' : ''}\`{${fieldsOf(body.schema)}}\``;
  const optional = fields && requestBody?.required !== true ? `${fields} or no body` : fields;
  return [...(query.length > 0 ? [`\`?${query.join('&')}\``] : []), ...(optional ? [optional] : [])].join(
    ' ',
  );
}

/** Each answer of a request that has succeeded. */
function answers({ responses }: Operation): string {
  const successes = Object.entries(responses).filter(([status]) => /^(?:2\d\d|302)$/.test(status));
  return successes.map(([status, answer]) => answerOf(status, answer)).join(' or ');
}

function answerOf(status: string, answer: Answer): string {
  const fields = fieldsOf(answer.content?.['application/json']?.schema ?? {});
  return fields === '' ? status : `${status} \`{${fields}}\``;
}

/** The members of an object, those that may be absent with a question mark. */
function fieldsOf(schema: Schema): string {
  const { properties, required = [], anyOf } = resolve(schema);
  if (anyOf !== undefined) return `${fieldsOf(anyOf[0] ?? {})}, …`;
  return Object.keys(properties ?? {})
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .join(', ');
}

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (DOCUMENT.components.schemas[name] ?? {});
}

function resolveRefusal(refusal: Answer): Answer {
  const name = refusal.$ref?.split('/').at(-1);
  return name === undefined ? refusal : (DOCUMENT.components.responses[name] ?? refusal);
}

/** The codes that do not come with who may call a route and what it takes. */
function ownRefusals(route: RouteDescription, { responses }: Operation): readonly string[] {
  const isPage = (answer: Answer) => 'text/html' in (resolveRefusal(answer).content ?? {});
  // Pages say the codes of the service in other words; other forms have codes of their own.
  if (route.errors !== undefined && !Object.values(responses).some(isPage)) {
    const refused = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    return [
      ...new Set(
        refused.flatMap(([, refusal]) => {
          const { description } = resolveRefusal(refusal);
          return [...description.matchAll(/`(\w+)`/g)].map(([, c = '']) => c);
        }),
      ),
    ];
  }
  const codes = [...unknownCodesOf(route.params), ...(route.refuses ?? [])];
  return codes.filter((code) => !INPUT_ERRORS.includes(code));
}

function inCode(codes: readonly string[]): string {
  return codes.map((code) => `\`${code}\``).join(', ');
}

/** A table of Markdown, without the columns that are empty in every row. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = columns.map((_, index) => index).filter((index) => rows.some((row) => row[index] !== ''));
  const line = (cells: readonly string[]) => `| ${kept.map((index) => cells[index] ?? '').join(' | ')} |`;
  return [line(columns), `|${kept.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n');
}
