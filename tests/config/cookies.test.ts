import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { configProblems } from '../support/config-problems.ts';

const SECRET = 'Zk3vXb9QpLm2NcRt7YwHs5JdGf8AeUo1TiVx4KqBn6M';

describe('The variables of cookies', () => {
  it.each([
    [{ COOKIE_DOMAIN: 'Example.COM', PUBLIC_URL: 'https://auth.example.com' }, { domain: 'example.com' }],
    [{ COOKIE_DOMAIN: 'example.com', PUBLIC_URL: 'https://example.com' }, { domain: 'example.com' }],
    [{ COOKIE_SAMESITE: 'strict' }, { sameSite: 'strict' }],
    [{ COOKIE_SECRET: SECRET }, { secret: SECRET, previousSecrets: [] }],
    [
      { COOKIE_SECRET: SECRET, COOKIE_PREVIOUS_SECRETS: 'older, oldest' },
      { secret: SECRET, previousSecrets: ['older', 'oldest'] },
    ],
    [{}, { domain: undefined, sameSite: 'lax', secret: undefined }],
  ])('are taken from %j', (env, cookies) => {
    expect(loadConfig(env as Record<string, string>).cookies).toMatchObject(cookies);
  });

  it.each([
    [{ COOKIE_DOMAIN: '.example.com' }],
    [{ COOKIE_DOMAIN: 'localhost' }],
    [{ COOKIE_DOMAIN: '10.0.0.1' }],
    [{ COOKIE_DOMAIN: 'https://example.com' }],
    [{ COOKIE_SAMESITE: 'None' }],
    [{ COOKIE_DOMAIN: 'example.org', PUBLIC_URL: 'https://auth.example.com' }],
    [{ COOKIE_DOMAIN: 'ample.com', PUBLIC_URL: 'https://auth.example.com' }],
    [{ COOKIE_SECRET: `${SECRET},${SECRET}` }],
  ] as [Record<string, string>][])('are refused with the name of the variable: %j', (env) => {
    const problems = configProblems(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(Object.keys(env)[0]);
  });

  it('are held to what production wants of a secret', () => {
    const production = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      DATABASE_URL: 'sqlite:./x.sqlite',
      JWT_SECRET: SECRET,
      BCRYPT_COST: '12',
    };
    expect(configProblems({ ...production, COOKIE_SECRET: 'short' })).toEqual([
      'COOKIE_SECRET is a secret of 5 characters: production wants at least 32 bytes',
    ]);
    expect(configProblems({ ...production, COOKIE_SECRET: SECRET })).toEqual([
      'COOKIE_SECRET is the same as JWT_SECRET: make a secret of its own',
    ]);
  });

  it('say in a warning what wider cookies cost', () => {
    const { warnings } = loadConfig({
      COOKIE_DOMAIN: 'example.com',
      COOKIE_SAMESITE: 'none',
      PUBLIC_URL: 'https://auth.example.com',
    });
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual([
      'COOKIE_DOMAIN is example.com',
      'COOKIE_SAMESITE is none',
    ]);
  });
});
