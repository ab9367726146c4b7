import { writeFileSync } from 'node:fs';
import { GENERATED_FILES } from './generated-files.ts';

for (const [file, render] of Object.entries(GENERATED_FILES)) {
  writeFileSync(new URL(`../${file}`, import.meta.url), await render());
  console.log(`wrote ${file}`);
}
