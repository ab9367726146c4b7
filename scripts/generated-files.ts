import { readFileSync } from 'node:fs';
import { describeService } from '../src/app.ts';
import { renderEnvExample, VARIABLES } from '../src/config/variables.ts';
import { toPostmanCollection } from './postman.ts';

/** Files that are made from the code by `npm run generate`; a test holds each equal to what the code says today. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  '.env.example': renderEnvExample,
  'README.md': renderReadme,
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
