import { readFileSync } from 'node:fs';
import { PERMISSIONS } from '../config/baseline.cjs';
import { allRoutes, describeService } from '../src/app.ts';
import { renderEnvExample, VARIABLES } from '../src/config/variables.ts';
import { renderEndpoints, table } from './api-page.ts';
import { renderClientTypes } from './client-types.ts';
import { toPostmanCollection } from './postman.ts';

const DOCUMENT = await describeService();

/** Files that are made from the code by `npm run generate`; a test holds each equal to what the code says today. */
export const GENERATED_FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': renderEnvExample,
  'client/src/api.ts': () => renderClientTypes(DOCUMENT),
  'config/baseline.d.cts': renderBaselineTypes,
  'docs/api.md': () => withPart('docs/api.md', 'endpoints', renderEndpoints(allRoutes())),
  'docs/configuration.md': () => withPart('docs/configuration.md', 'configuration', renderVariables()),
  'postman/latchkey.postman_collection.json': () =>
    `${JSON.stringify(toPostmanCollection(DOCUMENT), null, 2)}\n`,
};

/** A page with what stands between its two marks generated again. */
function withPart(file: string, mark: string, part: string): string {
  const page = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const [begin, end] = [`<!-- ${mark}:begin -->\n`, `<!-- ${mark}:end -->`];
  const [before, after] = [page.split(begin)[0], page.split(end)[1]];
  if (after === undefined || !page.includes(begin)) throw new Error(`${file} has lost its marks`);
  return `${before}${begin}${part.trimEnd()}\n${end}${after}`;
}

function renderVariables(): string {
  const rows = Object.entries(VARIABLES).map(([name, row]) => {
    const star = 'secret' in row ? ' ★' : '';
    return [`\`${name}\`${star}`, row.default === '' ? '' : `\`${row.default}\``, row.meaning];
  });
  return table(['variable', 'default', 'meaning'], rows);
}

/** The types of config/baseline.cjs, with the name of each permission: a route that asks for another does not compile. */
function renderBaselineTypes(): string {
  const names = Object.keys(PERMISSIONS).map((name) => `    | '${name}'\n`);
  return `/** The service's own permissions, each with what it allows. */
export const PERMISSIONS: Readonly<
  Record<
${names.join('').trimEnd()},
    string
  >
>;
/** The roles that the service itself knows. */
export const ROLES: Readonly<
  Record<string, { readonly description: string; readonly permissions: readonly string[] }>
>;
`;
}
