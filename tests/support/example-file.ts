import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a file of the examples is. */
export function examplePath(path: string): string {
  return fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
}

/** A file of the examples with these in place of what it says. Each must stand in it. */
export function exampleFile(path: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce(
    (text, [said, instead]) => {
      if (!text.includes(said)) throw new Error(`examples/${path} does not say ${said}`);
      return text.replaceAll(said, instead);
    },
    readFileSync(examplePath(path), 'utf8'),
  );
}
