import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config/config.ts';
import { startupFacts, warnings } from '../src/runtime/banner.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
  PUBLIC_URL: 'https://auth.example.com',
  DATABASE_URL: 'mysql://auth:hunter2@db.example.com/auth',
};

function warningsOf(env: Record<string, string>): string[] {
  return warnings(loadConfig(env));
}

describe('The warnings at the start', () => {
  it('are none for a laptop and none for production as it comes', () => {
    expect(warningsOf({})).toEqual([]);
    expect(warningsOf(PRODUCTION)).toEqual([]);
  });

  it('are one in production where limits are off, which only suits a benchmark', () => {
    expect(warningsOf({ ...PRODUCTION, RATE_LIMITS: 'off' })).toEqual([
      expect.stringMatching(/^RATE_LIMITS=off: /),
    ]);
  });

  it.each(['development', 'test'])('are none in %s where limits are off', (environment) => {
    expect(warningsOf({ NODE_ENV: environment, RATE_LIMITS: 'off' })).toEqual([]);
  });

  it('are one where several processes count apart for want of Redis, and name how many', () => {
    expect(warningsOf({ ...PRODUCTION, WEB_CONCURRENCY: '4' })).toEqual([
      expect.stringMatching(/^REDIS_URL is not set: .*\b4\b/),
    ]);
  });

  it('are none where several processes count together', () => {
    const env = { ...PRODUCTION, WEB_CONCURRENCY: '4', REDIS_URL: 'redis://:hunter2@cache.example.com' };

    expect(warningsOf(env)).toEqual([]);
  });

  it('are one where several processes do not count at all', () => {
    expect(warningsOf({ ...PRODUCTION, WEB_CONCURRENCY: '4', RATE_LIMITS: 'off' })).toEqual([
      expect.stringMatching(/^RATE_LIMITS=off: /),
    ]);
  });
});

describe('The first line of the log', () => {
  const factsOf = (env: Record<string, string>) => startupFacts(loadConfig(env), '1.2.3');

  it('names the version, the embedded database and the addresses', () => {
    expect(factsOf({ DATABASE_URL: 'sqlite:/srv/users.sqlite', PORT: '4000' })).toEqual({
      version: '1.2.3',
      node: process.version,
      environment: 'development',
      database: { dialect: 'sqlite', file: '/srv/users.sqlite' },
      address: '127.0.0.1',
      port: 4000,
      public_url: 'http://localhost:4000',
    });
  });

  it('names the host and the name of a server, and neither user nor password, nor any other secret', () => {
    const secrets = { METRICS_TOKEN: 'hunter2-hunter2-hunter2', REDIS_URL: 'redis://:hunter2@cache' };
    const facts = factsOf({ ...PRODUCTION, ...secrets, METRICS_PORT: '9464', WEB_CONCURRENCY: '4' });

    expect(facts).toMatchObject({
      environment: 'production',
      database: { dialect: 'mysql', host: 'db.example.com', port: 3306, name: 'auth' },
      address: '0.0.0.0',
      public_url: 'https://auth.example.com',
      metrics_address: '127.0.0.1',
      metrics_port: 9464,
      processes: 4,
    });
    expect(JSON.stringify(facts)).not.toContain('hunter2');
    expect(JSON.stringify(facts)).not.toContain(PRODUCTION.JWT_SECRET);
  });
});
