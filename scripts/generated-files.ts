import { readFileSync } from 'node:fs';
import { PERMISSIONS } from '../config/baseline.cjs';
import { describeService } from '../src/app.ts';
import { renderEnvExample, VARIABLES } from '../src/config/variables.ts';
import { toPostmanCollection } from './postman.ts';

/** Files that are made from the code by `npm run generate`; a test holds each equal to what the code says today. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  '.env.example': renderEnvExample,
  'README.md': renderReadme,
  'config/baseline.d.cts': renderBaselineTypes,
  'postman/latchkey.postman_collection.json': () =>
    `${JSON.stringify(toPostmanCollection(describeService()), null, 2)}\n`,
};

/** The README with its configuration table made anew between the two marks. */
function renderReadme(): string {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = Object.entries(VARIABLES).map(([name, row]) => {
    const star = 'secret' in row ? ' ★' : '';
    return `| \`${name}\`${star} | ${row.default === '' ? '' : `\`${row.default}\``} | ${row.meaning} |`;
  });
  const table = ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
  return readme.replace(/(<!-- configuration:begin -->\n).*(<!-- configuration:end -->)/s, `$1${table}\n$2`);
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
