import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config/config.ts';
import { renderEnvExample, VARIABLES } from '../src/config/variables.ts';

const ROOT = new URL('../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

describe('.env.example', () => {
  it('is what the schema says, so that neither grows without the other', () => {
    expect(read('.env.example')).toBe(renderEnvExample());
  });

  it('has each variable once, commented out, under one line of meaning', () => {
    const rows = renderEnvExample().split('\n\n').slice(1);

    expect(rows.map((row) => /^# .+\n# ([A-Z_]+)=.*\n?$/.exec(row)?.[1])).toEqual(Object.keys(VARIABLES));
  });

  it('tells the true defaults: a file that sets every one of them changes nothing', () => {
    const rows = [...renderEnvExample().matchAll(/^# ([A-Z_]+)=(.*)$/gm)];
    const defaults = Object.fromEntries(rows.map(([, name, value]) => [name, value]));

    expect(Object.keys(defaults)).toEqual(Object.keys(VARIABLES));
    expect(loadConfig(defaults)).toEqual(loadConfig({}));
  });

  it('holds no secret that might be left in place', () => {
    for (const [name, variable] of Object.entries(VARIABLES)) {
      if (/SECRET|PEPPER/.test(name)) expect(variable.default).toBe('');
    }
  });
});

describe('the environment', () => {
  it('is read in src/config/config.ts and nowhere else, or a variable would escape every check', () => {
    const readers = readdirSync(fileURLToPath(new URL('src/', ROOT)), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) =>
        /process\s*\??\.\s*env\b|process\[|from '(node:)?process'|dotenv/.test(read(`src/${file}`)),
      );

    expect(readers).toEqual(['config/config.ts']);
  });
});
