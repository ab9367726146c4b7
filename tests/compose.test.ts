import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { VARIABLES } from '../src/config/variables.ts';

interface Compose {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
}

describe('compose.yaml', () => {
  const compose: Compose = parse(readFileSync(new URL('../compose.yaml', import.meta.url), 'utf8'));

  it('sets only variables that the service knows, and all that production requires', () => {
    const names = Object.keys(compose.services.latchkey?.environment ?? {});

    expect(names.filter((name) => !(name in VARIABLES))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['JWT_SECRET', 'PUBLIC_URL', 'DATABASE_URL']));
  });

  it('gives no secret a default', () => {
    const values = Object.values(compose.services).flatMap(({ environment }) =>
      Object.entries(environment ?? {}),
    );
    const secrets = values.filter(([name]) =>
      ['JWT_SECRET', 'MYSQL_PASSWORD', 'DATABASE_URL'].includes(name),
    );

    expect(secrets).toHaveLength(3);
    for (const [, value] of secrets) expect(value).toMatch(/\$\{\w+:\?/);
  });
});
