import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { ConfigError, loadConfig } from '../src/config/config.ts';
import { VARIABLES, type VariableName } from '../src/config/variables.ts';
import { TEST_SECRET } from './support/app.ts';
import { configProblems } from './support/config-problems.ts';
import { useDirectories } from './support/directories.ts';

const newDirectory = useDirectories();

/** 48 random bytes, as the message of a refused secret recommends. */
const GOOD_SECRET = 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI';

const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: GOOD_SECRET,
  PUBLIC_URL: 'https://auth.example.com',
  DATABASE_URL: 'mysql://auth:hunter2@db.example.com/auth',
};

const RATE_LIMIT_NAMES = [
  'RATE_LIMIT_SIGNUP_IP',
  'RATE_LIMIT_LOGIN_IP',
  'RATE_LIMIT_SESSION_IP',
  'RATE_LIMIT_REFRESH_SESSION',
  'RATE_LIMIT_TOKEN',
] as const;

/** Texts that are no number of requests in a number of seconds. */
const BAD_RATES = [
  '0/60',
  '60',
  '60/0',
  '60/86401',
  '1.5/60',
  '60/1.5',
  '-1/60',
  '60/-1',
  '060/60',
  '1000000000/60',
  '60/',
  '/60',
  '60/60/60',
  '60/60s',
  '60 / 60',
  ' 60/60',
  '1e3/60',
  'off',
];

function without(env: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([key]) => key !== name));
}

function fileWith(content: string): string {
  const file = join(newDirectory(), 'secret');
  writeFileSync(file, content);
  return file;
}

describe('an empty environment', () => {
  it('gives a service for a laptop: embedded database, loopback, a generated secret', () => {
    expect(loadConfig({})).toEqual({
      environment: 'development',
      logLevel: 'info',
      http: {
        host: '127.0.0.1',
        port: 3000,
        publicUrl: 'http://localhost:3000',
        trustProxy: 0,
        corsOrigins: [],
        keepAliveSeconds: 65,
        corsLocalhost: true,
      },
      cookies: {
        domain: undefined,
        sameSite: 'lax',
        secret: undefined,
        previousSecrets: [],
        requireHttps: false,
      },
      database: {
        location: { dialect: 'sqlite', storage: resolve('data/latchkey.sqlite') },
        poolMax: 10,
        connectTimeoutMilliseconds: 1000,
        timeoutMilliseconds: 1500,
        tls: undefined,
        migrateOnStart: true,
      },
      tokens: {
        secret: undefined,
        secretFile: resolve('data/jwt-secret'),
        appSecret: undefined,
        appSecretFile: resolve('data/app-secret'),
        appPreviousSecrets: [],
        issuer: 'http://localhost:3000',
        audience: 'latchkey',
        accessTokenTtlSeconds: 900,
        algorithm: 'HS256',
        privateKey: undefined,
        privateKeyFile: resolve('data/jwt-key-hs256.pem'),
        previousSecrets: [],
        previousPublicKeys: [],
      },
      sessions: {
        idleSeconds: 30 * 24 * 3600,
        absoluteSeconds: 90 * 24 * 3600,
        reuseGraceSeconds: 10,
        retrySeconds: 300,
        revocationMaxLagSeconds: 10,
        revocationWhenStale: 'refuse',
      },
      passwords: { minLength: 8, bcryptCost: 12, pepper: undefined, resetUrl: undefined },
      hashing: { workers: availableParallelism(), maxWaitMilliseconds: 2000, niceness: 5 },
      limits: {
        enabled: true,
        requests: {
          'signup-ip': { limit: 60, windowSeconds: 3600 },
          'login-ip': { limit: 60, windowSeconds: 60 },
          'session-ip': { limit: 1200, windowSeconds: 60 },
          'refresh-session': { limit: 30, windowSeconds: 60 },
          token: { limit: 600, windowSeconds: 60 },
          'api-key': { limit: 600, windowSeconds: 60 },
          'oauth-ip': { limit: 600, windowSeconds: 60 },
          'send-address': { limit: 5, windowSeconds: 900 },
          'send-account': { limit: 10, windowSeconds: 3600 },
          'send-ip': { limit: 30, windowSeconds: 3600 },
          'send-total': { limit: 10_000, windowSeconds: 3600 },
        },
        loginFailures: { free: 5, max: 100 },
      },
      messages: {
        smtp: undefined,
        twilio: undefined,
        webhook: undefined,
        brandName: undefined,
        devOutbox: true,
        templatesDirectory: undefined,
        smsCountries: [],
        smsDailyBudget: 1000,
        smsTestCodes: [],
      },
      codes: {
        mayCreateAccounts: true,
        requireVerifiedEmail: false,
        hidesKnownAddresses: false,
        newDeviceMail: true,
        linkAnyDevice: false,
        returnUrls: [],
        returnToLocalhost: true,
        ownPages: 'http://localhost:3000/',
        recentSignInSeconds: 900,
      },
      factors: {
        required: 'off',
        methods: ['totp', 'passkey'],
        rememberDays: 30,
        totpIssuer: 'Latchkey',
      },
      social: {
        providers: [],
        mayCreateAccounts: true,
        domains: [],
        withoutEmail: false,
        keepsTokens: false,
        demoPort: undefined,
      },
      passkeys: {
        rpId: 'localhost',
        rpName: 'localhost',
        origins: ['http://localhost:3000'],
        allowsLocalhost: true,
      },
      pages: {
        enabled: true,
        brandName: 'Latchkey',
        logoFile: undefined,
        color: '#1d4ed8',
        cssFile: undefined,
        templatesDirectory: undefined,
        messagesDirectory: undefined,
      },
      redisUrl: undefined,
      metrics: { port: undefined, host: '127.0.0.1', token: undefined },
      shutdownDelaySeconds: 0,
      processes: 1,
      audit: { retentionDays: 365 },
      signupDisabled: false,
      warnings: [],
      docsEnabled: true,
    });
  });

  it('is the same as one in which every variable is empty, as compose files leave them', () => {
    const empty = Object.keys(VARIABLES).flatMap((name) => [
      [name, ''],
      [`${name}_FILE`, ''],
    ]);

    expect(loadConfig(Object.fromEntries(empty))).toEqual(loadConfig({}));
  });

  it('may hold any other variables of a host', () => {
    expect(loadConfig({ PATH: '/bin', HOME: '/root', port: '80', npm_config_jwt: 'x' })).toEqual(
      loadConfig({}),
    );
  });
});

describe('a configuration', () => {
  it('is frozen to its depth, so that no part of the service changes it for another', () => {
    const config = loadConfig({
      TRUST_PROXY: '10.0.0.1',
      CORS_ORIGINS: 'https://app.example.com',
      DATABASE_URL: 'mysql://db/auth',
      DATABASE_TLS: 'verify',
    });

    const thawed: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(config, 'config');
    expect(thawed).toEqual([]);
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
    expect(() => (config.http.corsOrigins as string[]).push('https://evil.example')).toThrow(TypeError);
  });

  it('is read without changing the environment', () => {
    const env = Object.freeze({ ...PRODUCTION });

    expect(() => loadConfig(env)).not.toThrow();
  });

  it.each<[name: string, env: Record<string, string>, expected: object]>([
    ['PORT', { PORT: '0' }, { http: { port: 0 } }],
    ['PORT', { PORT: '65535' }, { http: { port: 65_535 } }],
    ['PORT', { PORT: '8080' }, { http: { port: 8080, publicUrl: 'http://localhost:8080' } }],
    ['HOST', { HOST: '::1' }, { http: { host: '::1' } }],
    ['PUBLIC_URL', { PUBLIC_URL: 'https://x.example/' }, { http: { publicUrl: 'https://x.example' } }],
    [
      'PUBLIC_URL',
      { PUBLIC_URL: 'http://x.example:8080/auth//' },
      { http: { publicUrl: 'http://x.example:8080/auth' } },
    ],
    ['PUBLIC_URL', { PUBLIC_URL: 'https://x.example/' }, { tokens: { issuer: 'https://x.example' } }],
    [
      'JWT_ISSUER',
      { PUBLIC_URL: 'https://x.example', JWT_ISSUER: 'https://issuer.example/' },
      { tokens: { issuer: 'https://issuer.example/' } },
    ],
    [
      'JWT_AUDIENCE',
      { JWT_AUDIENCE: 'https://api.example.com' },
      { tokens: { audience: 'https://api.example.com' } },
    ],
    [
      'ACCESS_TOKEN_TTL_SECONDS',
      { ACCESS_TOKEN_TTL_SECONDS: '60' },
      { tokens: { accessTokenTtlSeconds: 60 } },
    ],
    ['JWT_SECRET', { JWT_SECRET: GOOD_SECRET }, { tokens: { secret: GOOD_SECRET } }],
    ['DATA_DIR', { DATA_DIR: '/srv/data' }, { tokens: { secretFile: '/srv/data/jwt-secret' } }],
    ['DATA_DIR', { DATA_DIR: '/srv/data' }, { tokens: { appSecretFile: '/srv/data/app-secret' } }],
    ['APP_SECRET', { APP_SECRET: GOOD_SECRET }, { tokens: { appSecret: GOOD_SECRET } }],
    [
      'APP_PREVIOUS_SECRETS',
      { APP_PREVIOUS_SECRETS: `one, ${GOOD_SECRET}` },
      { tokens: { appPreviousSecrets: ['one', GOOD_SECRET] } },
    ],
    [
      'DATA_DIR',
      { DATA_DIR: '/srv/data' },
      { database: { location: { storage: '/srv/data/latchkey.sqlite' } } },
    ],
    ['PASSWORD_MIN_LENGTH', { PASSWORD_MIN_LENGTH: '15' }, { passwords: { minLength: 15 } }],
    ['BCRYPT_COST', { BCRYPT_COST: '4' }, { passwords: { bcryptCost: 4 } }],
    ['PASSWORD_PEPPER', { PASSWORD_PEPPER: GOOD_SECRET }, { passwords: { pepper: GOOD_SECRET } }],
    ...[
      'https://app.example.com/reset-password#token={token}',
      'https://app.example.com/#/reset?token={token}',
      'http://localhost:5173/reset?token={token}&lang=en',
    ].map((resetUrl): [string, Record<string, string>, object] => [
      'PASSWORD_RESET_URL',
      { PASSWORD_RESET_URL: resetUrl },
      { passwords: { resetUrl } },
    ]),
    ['SIGNUP_DISABLED', { SIGNUP_DISABLED: 'true' }, { signupDisabled: true }],
    ['SIGNUP_DISABLED', { SIGNUP_DISABLED: 'false' }, { signupDisabled: false }],
    ['LOG_LEVEL', { LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
    ['DOCS', { DOCS: 'off' }, { docsEnabled: false }],
    ['DATABASE_POOL_MAX', { DATABASE_POOL_MAX: '50' }, { database: { poolMax: 50 } }],
    ['DATABASE_TIMEOUT_MS', { DATABASE_TIMEOUT_MS: '900' }, { database: { timeoutMilliseconds: 900 } }],
    [
      'DATABASE_CONNECT_TIMEOUT_MS',
      { DATABASE_CONNECT_TIMEOUT_MS: '500' },
      { database: { connectTimeoutMilliseconds: 500 } },
    ],
    ['HASH_WORKERS', { HASH_WORKERS: '7' }, { hashing: { workers: 7 } }],
    [
      'HASH_MAX_WAIT_MS',
      { HASH_MAX_WAIT_MS: '100', BCRYPT_COST: '10' },
      { hashing: { maxWaitMilliseconds: 100 } },
    ],
    ['HASH_NICENESS', { HASH_NICENESS: '0' }, { hashing: { niceness: 0 } }],
    ['HASH_NICENESS', { HASH_NICENESS: '19' }, { hashing: { niceness: 19 } }],
    ['RATE_LIMITS', { RATE_LIMITS: 'on' }, { limits: { enabled: true } }],
    ['RATE_LIMITS', { RATE_LIMITS: 'off' }, { limits: { enabled: false } }],
    [
      'RATE_LIMIT_SIGNUP_IP',
      { RATE_LIMIT_SIGNUP_IP: '1/1' },
      { limits: { requests: { 'signup-ip': { limit: 1, windowSeconds: 1 } } } },
    ],
    [
      'RATE_LIMIT_LOGIN_IP',
      { RATE_LIMIT_LOGIN_IP: '3/60' },
      { limits: { requests: { 'login-ip': { limit: 3, windowSeconds: 60 } } } },
    ],
    [
      'RATE_LIMIT_SESSION_IP',
      { RATE_LIMIT_SESSION_IP: '7/60' },
      { limits: { requests: { 'session-ip': { limit: 7, windowSeconds: 60 } } } },
    ],
    [
      'RATE_LIMIT_REFRESH_SESSION',
      { RATE_LIMIT_REFRESH_SESSION: '5/3600' },
      { limits: { requests: { 'refresh-session': { limit: 5, windowSeconds: 3600 } } } },
    ],
    [
      'RATE_LIMIT_TOKEN',
      { RATE_LIMIT_TOKEN: '999999999/86400' },
      { limits: { requests: { token: { limit: 999_999_999, windowSeconds: 86_400 } } } },
    ],
    ['LOGIN_FREE_FAILURES', { LOGIN_FREE_FAILURES: '1' }, { limits: { loginFailures: { free: 1 } } }],
    ['LOGIN_MAX_FAILURES', { LOGIN_MAX_FAILURES: '1' }, { limits: { loginFailures: { max: 1 } } }],
    ['REDIS_URL', { REDIS_URL: 'redis://cache' }, { redisUrl: 'redis://cache' }],
    [
      'REDIS_URL',
      { REDIS_URL: 'rediss://auth:hunter2@cache.example.com:6380/3' },
      { redisUrl: 'rediss://auth:hunter2@cache.example.com:6380/3' },
    ],
    [
      'REDIS_URL',
      { REDIS_URL: 'redis://:p%40ss%2Fword@[2001:db8::1]:6379/' },
      { redisUrl: 'redis://:p%40ss%2Fword@[2001:db8::1]:6379/' },
    ],
    ...[
      'redis+cluster://cache.example.com',
      'redis+cluster://a.example.com:6379,b.example.com:6380,[2001:DB8::1]:6381',
      'rediss+cluster://auth:hun:ter%2F2@a.example.com,b.example.com/',
      'redis+sentinel://a.example.com,b.example.com:26380/primary',
      'rediss+sentinel://:hunter2@a.example.com:26379,[::1]:26380/primary/3',
    ].map((url): [VariableName, Record<string, string>, object] => [
      'REDIS_URL',
      { REDIS_URL: url },
      { redisUrl: url },
    ]),
    ['WEB_CONCURRENCY', { WEB_CONCURRENCY: '64' }, { processes: 64 }],
    ['SHUTDOWN_DELAY_SECONDS', { SHUTDOWN_DELAY_SECONDS: '30' }, { shutdownDelaySeconds: 30 }],
    [
      'METRICS_PORT',
      { METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' },
      { metrics: { port: 9464, host: '0.0.0.0' } },
    ],
    ['METRICS_TOKEN', { METRICS_TOKEN: 'sixteen-letters-' }, { metrics: { token: 'sixteen-letters-' } }],
  ])('takes %s from %j', (_name, env, expected) => {
    expect(loadConfig(env)).toMatchObject(expected);
  });

  it.each([
    ['development', '127.0.0.1'],
    ['test', '127.0.0.1'],
    ['production', '0.0.0.0'],
  ])('makes %s listen on %s, unless HOST says otherwise', (environment, host) => {
    const env = { ...PRODUCTION, NODE_ENV: environment };

    expect(loadConfig(env).http.host).toBe(host);
    expect(loadConfig({ ...env, HOST: '10.1.2.3' }).http.host).toBe('10.1.2.3');
  });

  it.each([
    ['sqlite:./x.sqlite', true],
    ['mysql://db/auth', false],
    ['mariadb://db/auth', false],
  ])('gives %s MIGRATE_ON_START=%s, unless it is set', (url, migrateOnStart) => {
    expect(loadConfig({ DATABASE_URL: url }).database.migrateOnStart).toBe(migrateOnStart);
    for (const value of [true, false]) {
      const env = { DATABASE_URL: url, MIGRATE_ON_START: String(value) };
      expect(loadConfig(env).database.migrateOnStart).toBe(value);
    }
  });
});

describe('a faulty configuration', () => {
  /** One bad value of every variable that can be wrong. */
  const ALL_BAD = {
    NODE_ENV: 'prod',
    PORT: 'http',
    PUBLIC_URL: 'auth.example.com',
    TRUST_PROXY: 'true',
    CORS_ORIGINS: '*',
    LOG_LEVEL: 'verbose',
    DOCS: 'hidden',
    DATABASE_URL: 'postgres://db/auth',
    DATABASE_POOL_MAX: '0',
    DATABASE_CONNECT_TIMEOUT_MS: '1s',
    DATABASE_TIMEOUT_MS: '-1',
    DATABASE_TLS: 'yes',
    DATABASE_TLS_CA_FILE: '/no/such/file.pem',
    MIGRATE_ON_START: 'yes',
    ACCESS_TOKEN_TTL_SECONDS: '15m',
    PASSWORD_MIN_LENGTH: '4',
    BCRYPT_COST: '99',
    HASH_WORKERS: '0',
    HASH_MAX_WAIT_MS: '2s',
    HASH_NICENESS: 'low',
    RATE_LIMITS: 'true',
    RATE_LIMIT_SIGNUP_IP: '60',
    RATE_LIMIT_LOGIN_IP: '60/60s',
    RATE_LIMIT_SESSION_IP: 'many',
    RATE_LIMIT_REFRESH_SESSION: '/60',
    RATE_LIMIT_TOKEN: 'off',
    LOGIN_FREE_FAILURES: '0',
    LOGIN_MAX_FAILURES: '101',
    REDIS_URL: 'cache:6379',
    WEB_CONCURRENCY: 'max',
    SHUTDOWN_DELAY_SECONDS: 'soon',
    METRICS_PORT: '0',
    METRICS_HOST: 'http://0.0.0.0',
    METRICS_TOKEN: 'short',
    SIGNUP_DISABLED: '1',
  };

  it('is reported with all its faults at once, each in one line that begins with the variable', () => {
    const faults = configProblems(ALL_BAD);

    expect(faults.map((fault) => fault.split(' ', 1)[0]).sort()).toEqual(Object.keys(ALL_BAD).sort());
    expect(faults.filter((fault) => fault.includes('\n'))).toEqual([]);
  });

  it('ends the process with EX_CONFIG and a message that has every fault', () => {
    const load = () => loadConfig(ALL_BAD);

    expect(ConfigError.exitCode).toBe(78);
    expect(load).toThrow(ConfigError);
    for (const fault of configProblems(ALL_BAD)) expect(load).toThrow(fault);
    expect(load).toThrow(`${Object.keys(ALL_BAD).length} errors`);
  });

  it('of production is reported with its missing and its bad variables at once, each of them once', () => {
    const env = { NODE_ENV: 'production', PORT: 'http', JWT_SECRET: 'short', BCRYPT_COST: '9' };

    const names = configProblems(env).map((fault) => fault.split(' ', 1)[0]);
    expect(names.sort()).toEqual(['BCRYPT_COST', 'DATABASE_URL', 'JWT_SECRET', 'PORT', 'PUBLIC_URL']);
  });

  it.each<[name: VariableName, value: string]>([
    ['NODE_ENV', 'prod'],
    ['NODE_ENV', 'Production'],
    ['NODE_ENV', 'staging'],
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '3000.5'],
    ['PORT', '3e3'],
    ['PORT', '0x10'],
    ['PORT', ' 3000'],
    ['PORT', '3000 '],
    ['PORT', '٣٠٠٠'],
    ['PORT', '99999999999'],
    ['PUBLIC_URL', 'auth.example.com'],
    ['PUBLIC_URL', '//auth.example.com'],
    ['PUBLIC_URL', 'ftp://auth.example.com'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
    ['PUBLIC_URL', 'https://'],
    ['PUBLIC_URL', 'https://auth.example.com?x=1'],
    ['PUBLIC_URL', 'https://auth.example.com/#top'],
    ['PUBLIC_URL', 'https://ada@auth.example.com'],
    ['PUBLIC_URL', 'https://auth.example.com:99999'],
    ['PUBLIC_URL', ' https://auth.example.com'],
    ['PUBLIC_URL', 'https://auth.example.com '],
    ['PUBLIC_URL', 'https://auth.example.com\n'],
    ['PUBLIC_URL', 'https://auth.example.com/a b'],
    ['PUBLIC_URL', 'https://auth.example.com\\x'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', 'false'],
    ['TRUST_PROXY', 'yes'],
    ['TRUST_PROXY', '*'],
    ['TRUST_PROXY', '-1'],
    ['TRUST_PROXY', '1.5'],
    ['TRUST_PROXY', '100'],
    ['TRUST_PROXY', ','],
    ['TRUST_PROXY', 'proxy.example.com'],
    ['TRUST_PROXY', '10.0.0.1,true'],
    ['TRUST_PROXY', '10.0.0.256'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/'],
    ['TRUST_PROXY', '10.0.0.0/8/8'],
    ['TRUST_PROXY', '10.0.0.0/x'],
    ['TRUST_PROXY', '::1/129'],
    ['PASSWORD_RESET_URL', 'https://app.example.com/reset-password'],
    ['PASSWORD_RESET_URL', 'https://app.example.com/{token}/{token}'],
    ['PASSWORD_RESET_URL', 'https://app.example.com{token}'],
    ['PASSWORD_RESET_URL', 'https://{token}.example.com/'],
    ['PASSWORD_RESET_URL', 'https://user@app.example.com/#{token}'],
    ['PASSWORD_RESET_URL', 'javascript:alert(1)//{token}'],
    ['PASSWORD_RESET_URL', 'app.example.com/{token}'],
    ['PASSWORD_RESET_URL', 'https://app.example.com/a b#{token}'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.com,*'],
    ['CORS_ORIGINS', 'https://*'],
    ['CORS_ORIGINS', 'https://*.com'],
    ['CORS_ORIGINS', '*.example.com'],
    ['CORS_ORIGINS', 'https://a*.example.com'],
    ['CORS_ORIGINS', 'https://*.*.example.com'],
    ['CORS_ORIGINS', 'https://app.*.example.com'],
    ['CORS_ORIGINS', 'https://app.example.com:*'],
    ['CORS_ORIGINS', '*://app.example.com'],
    ['CORS_ORIGINS', 'https://*.example.com/'],
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'https://app.example.com/path'],
    ['CORS_ORIGINS', 'https://app.example.com:443'],
    ['CORS_ORIGINS', 'https://App.example.com'],
    ['CORS_ORIGINS', 'https://ada@app.example.com'],
    ['CORS_ORIGINS', 'https://app.example.com;https://b.example.com'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_LEVEL', 'INFO'],
    ['DATABASE_POOL_MAX', '0'],
    ['DATABASE_POOL_MAX', '1001'],
    ['DATABASE_CONNECT_TIMEOUT_MS', '9'],
    ['DATABASE_CONNECT_TIMEOUT_MS', '60001'],
    ['DATABASE_CONNECT_TIMEOUT_MS', '1s'],
    ['DATABASE_TIMEOUT_MS', '0'],
    ['DATABASE_TIMEOUT_MS', '-1'],
    ['DATABASE_TLS', 'true'],
    ['DATABASE_TLS', 'require'],
    ['DATABASE_TLS_CA_FILE', '/no/such/file.pem'],
    ['MIGRATE_ON_START', '1'],
    ['MIGRATE_ON_START', 'TRUE'],
    ['MIGRATE_ON_START', 'yes'],
    ['ACCESS_TOKEN_TTL_SECONDS', '0'],
    ['ACCESS_TOKEN_TTL_SECONDS', '86401'],
    ['ACCESS_TOKEN_TTL_SECONDS', '15m'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['PASSWORD_MIN_LENGTH', '257'],
    ['BCRYPT_COST', '3'],
    ['BCRYPT_COST', '21'],
    ['SIGNUP_DISABLED', '1'],
    ['SIGNUP_DISABLED', 'True'],
    ['DOCS', 'false'],
    ['HASH_WORKERS', '0'],
    ['HASH_WORKERS', '257'],
    ['HASH_MAX_WAIT_MS', '99'],
    ['HASH_MAX_WAIT_MS', '60001'],
    ['HASH_NICENESS', '-1'],
    ['HASH_NICENESS', '20'],
    ['RATE_LIMITS', 'true'],
    ['RATE_LIMITS', 'OFF'],
    ...RATE_LIMIT_NAMES.flatMap((name) => BAD_RATES.map((rate): [VariableName, string] => [name, rate])),
    ['LOGIN_FREE_FAILURES', '0'],
    ['LOGIN_FREE_FAILURES', '101'],
    ['LOGIN_MAX_FAILURES', '0'],
    ['LOGIN_MAX_FAILURES', '101'],
    ['WEB_CONCURRENCY', '0'],
    ['SHUTDOWN_DELAY_SECONDS', '301'],
    ['WEB_CONCURRENCY', '65'],
    ['WEB_CONCURRENCY', 'auto'],
    ['METRICS_PORT', '0'],
    ['METRICS_PORT', '65536'],
    ['METRICS_HOST', 'http://0.0.0.0'],
  ])('names %s, the %j that it got and what it wants', (name, value) => {
    const faults = configProblems({ DATABASE_TLS: 'verify', [name]: value });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`${name} is ${JSON.stringify(value)}: `);
    if (name !== 'DATABASE_TLS_CA_FILE') expect(faults[0]).toContain(VARIABLES[name].wants);
  });

  it.each<[name: VariableName, value: string]>([
    ['REDIS_URL', 'http://auth:hunter2@cache.example.com'],
    ['REDIS_URL', 'mysql://auth:hunter2@cache.example.com'],
    ['REDIS_URL', 'redis:hunter2@cache.example.com'],
    ['REDIS_URL', 'redis://auth:hunter2@'],
    ['REDIS_URL', 'redis:///hunter2'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com:99999'],
    ['REDIS_URL', 'auth:hunter2@cache.example.com:6379'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/latchkey'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/1.5'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/-1'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/0/1'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/0?enableOfflineQueue=true'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com?db=2'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/0#1'],
    ['REDIS_URL', 'redis://auth:hunter2%zz@cache.example.com/0'],
    ['REDIS_URL', 'redis://auth:hunter2@cache.example.com/0 '],
    ['REDIS_URL', 'redis://auth:hunter2@a.example.com,b.example.com/0'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@a.example.com,'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@a.example.com, b.example.com'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@a.example.com:99999'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@a.example.com:6379,b.example.com:65536'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@[::1::2]:6379'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2@a.example.com/0'],
    ['REDIS_URL', 'redis+cluster://auth:hunter2%zz@a.example.com'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com/'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com/primary/first'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com/primary/0/1'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com:70000/primary/0'],
    ['REDIS_URL', 'redis+sentinel://auth:hunter2@a.example.com/primary%zz'],
    ['REDIS_URL', 'redis+pool://auth:hunter2@a.example.com'],
    ['METRICS_TOKEN', 'hunter2'],
    ['METRICS_TOKEN', 'hunter2-hunter2'],
  ])('names %s, which is a secret, and not the %j that it got', (name, value) => {
    const faults = configProblems({ [name]: value });

    expect(faults).toEqual([`${name} is a secret of ${value.length} characters: ${VARIABLES[name].wants}`]);
    expect(faults[0]).not.toContain('hunter2');
  });
});

describe('HASH_MAX_WAIT_MS', () => {
  it('is refused where not even one hash at BCRYPT_COST is done by then, since no login would ever succeed', () => {
    expect(configProblems({ BCRYPT_COST: '16' })).toEqual([
      expect.stringMatching(/^HASH_MAX_WAIT_MS is 2000: one hash at BCRYPT_COST=16 takes about 3277 /),
    ]);
    expect(configProblems({ HASH_MAX_WAIT_MS: '200' })).toEqual([
      expect.stringMatching(/^HASH_MAX_WAIT_MS is 200: /),
    ]);
  });

  it.each([
    { BCRYPT_COST: '16', HASH_MAX_WAIT_MS: '10000' },
    { BCRYPT_COST: '10', HASH_MAX_WAIT_MS: '100' },
  ])('is taken where there is time, as with %j', (env) => {
    expect(loadConfig(env).hashing.maxWaitMilliseconds).toBe(Number(env.HASH_MAX_WAIT_MS));
  });
});

describe('HASH_WORKERS', () => {
  it.each<[workers: string, processes: string, each: number]>([
    ['8', '1', 8],
    ['8', '2', 4],
    ['8', '3', 2],
    ['8', '8', 1],
    ['8', '9', 1],
    ['1', '64', 1],
    ['256', '64', 4],
  ])('%s are divided among %s processes: %d each, and never none', (workers, processes, each) => {
    const { hashing } = loadConfig({ HASH_WORKERS: workers, WEB_CONCURRENCY: processes });

    expect(hashing.workers).toBe(each);
  });

  it('are the cores of the host by default, divided likewise', () => {
    const { hashing } = loadConfig({ WEB_CONCURRENCY: '2' });

    expect(hashing.workers).toBe(Math.max(1, Math.floor(availableParallelism() / 2)));
  });
});

describe('TRUST_PROXY', () => {
  it.each<[value: string, trustProxy: number | string[]]>([
    ['0', 0],
    ['1', 1],
    ['99', 99],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2']],
    ['10.0.0.0/8,fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
    ['loopback,::1', ['loopback', '::1']],
  ])('%j is %j', (value, trustProxy) => {
    expect(loadConfig({ TRUST_PROXY: value }).http.trustProxy).toEqual(trustProxy);
  });

  it.each([
    '10.0.0.1/32',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/00',
    '::1/128',
    '::ffff:10.0.0.0/104',
    'fe80::1%eth0',
    'loopback,linklocal,uniquelocal',
  ])('%s is either refused here or accepted by Express, which would else end the start later', (value) => {
    const faults = configProblems({ TRUST_PROXY: value });

    if (faults.length > 0) {
      expect(faults[0]).toContain('TRUST_PROXY');
      return;
    }
    const { trustProxy } = loadConfig({ TRUST_PROXY: value }).http;
    expect(() => express().set('trust proxy', trustProxy)).not.toThrow();
  });
});

describe('CORS_ORIGINS', () => {
  it.each([
    ['https://app.example.com', ['https://app.example.com']],
    ['https://a.example.com, http://localhost:5173', ['https://a.example.com', 'http://localhost:5173']],
    ['https://a.example.com,', ['https://a.example.com']],
    ['https://*.example.com', ['https://*.example.com']],
    [
      'https://*.apps.example.com:8443,http://*.b.test',
      ['https://*.apps.example.com:8443', 'http://*.b.test'],
    ],
  ])('%j is the list %j', (value, origins) => {
    expect(loadConfig({ CORS_ORIGINS: value }).http.corsOrigins).toEqual(origins);
  });

  it.each([
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://app.example.com/path?x=1', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['HTTPS://App.example.com:8443', 'https://app.example.com:8443'],
    ['https://*.Example.com/', 'https://*.example.com'],
  ])('is refused with what to write where %j was meant for %s', (written, meant) => {
    expect(configProblems({ CORS_ORIGINS: `https://b.example.com,${written}` })).toEqual([
      expect.stringMatching(/^CORS_ORIGINS is .*never \*; write /),
    ]);
    const [fault] = configProblems({ CORS_ORIGINS: `https://b.example.com,${written}` });
    expect(fault).toContain(`write ${meant} in place of ${written}`);
    expect(configProblems({ CORS_ORIGINS: meant })).toEqual([]);
  });

  it('says of each of several what to write, and nothing of one whose meaning is unclear', () => {
    const [fault] = configProblems({
      CORS_ORIGINS: 'https://a.example.com/,app.example.com,https://b.example.com/x',
    });

    expect(fault?.match(/write /g)).toHaveLength(2);
  });

  it.each([
    ['development', true],
    ['test', true],
    ['production', false],
  ])('in %s need not name this host: %s', (environment, corsLocalhost) => {
    expect(loadConfig({ ...PRODUCTION, NODE_ENV: environment }).http).toMatchObject({ corsLocalhost });
  });
});

describe('production', () => {
  it('takes a complete environment', () => {
    expect(loadConfig(PRODUCTION)).toMatchObject({
      environment: 'production',
      http: { publicUrl: 'https://auth.example.com' },
      tokens: { secret: GOOD_SECRET, issuer: 'https://auth.example.com' },
    });
  });

  it.each(['JWT_SECRET', 'PUBLIC_URL', 'DATABASE_URL'])('requires %s, and more than an empty one', (name) => {
    expect(configProblems(without(PRODUCTION, name))).toEqual([`${name} is not set: required in production`]);
    expect(configProblems({ ...PRODUCTION, [name]: '' })).toEqual([
      `${name} is not set: required in production`,
    ]);
  });

  it('takes SQLite where it is asked for by name', () => {
    const env = { ...PRODUCTION, DATABASE_URL: 'sqlite:/srv/data/auth.sqlite' };

    expect(loadConfig(env).database.location).toMatchObject({ dialect: 'sqlite' });
  });

  it.each(['JWT_SECRET', 'APP_SECRET', 'PASSWORD_PEPPER'])(
    'wants 32 bytes of %s, counted in UTF-8',
    (name) => {
      const good = 'Zv8#kQ2mTr5x';

      expect(configProblems({ ...PRODUCTION, [name]: `${good}${good}abcdefg` })).toEqual([
        `${name} is a secret of 31 characters: production wants at least 32 bytes`,
      ]);
      expect(configProblems({ ...PRODUCTION, [name]: `${good}ÄÖÜßé${good.toLowerCase()}` })).toEqual([]);
    },
  );

  it.each<[where: string, secret: string]>([
    ['the default of jwt.io', 'a-string-secret-at-least-256-bits-long'],
    ['the former default of jwt.io, twice', 'your-256-bit-secret-your-256-bit-secret'],
    ['a well-known Spring tutorial', '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970'],
    ['another well-known Spring tutorial', 'my-32-character-ultra-secure-and-ultra-long-secret'],
    ['many an .env.example', 'change-me-to-a-long-and-random-string'],
    ['many an .env.example', 'CHANGE_ME_TO_A_LONG_AND_RANDOM_STRING'],
    ['many a README', 'replace-this-with-a-secret-of-32-bytes'],
    ['many a README', 'your-super-secret-jwt-key-goes-here'],
    ['many a compose file', 'super-secret-jwt-token-with-at-least-32-characters-long'],
    ['this repository, where everybody reads it', TEST_SECRET],
    ['one letter', 'a'.repeat(64)],
    ['one word repeated', 'secretsecretsecretsecretsecretsecret'],
    ['one word repeated', 'mysecretkeymysecretkeymysecretkey'],
    ['the digits in order', '12345678901234567890123456789012'],
    ['the hexadecimal digits in order', '0123456789abcdef0123456789abcdef'],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['a space', ' '.repeat(40)],
  ])('refuses the secret of %s, which everybody knows: %s', (_where, secret) => {
    expect(secret.length).toBeGreaterThanOrEqual(32);
    const faults = configProblems({ ...PRODUCTION, JWT_SECRET: secret });

    expect(faults).toEqual([expect.stringMatching(/^JWT_SECRET is a sample secret/)]);
    expect(faults[0]).not.toContain(secret);
  });

  it('takes any secret that is random, in each of the usual encodings', () => {
    const refused = Array.from({ length: 500 }, () => randomBytes(32)).flatMap((bytes) =>
      (['hex', 'base64', 'base64url'] as const)
        .map((encoding) => bytes.toString(encoding))
        .filter((secret) => configProblems({ ...PRODUCTION, JWT_SECRET: secret }).length > 0),
    );

    expect(refused).toEqual([]);
  });

  it('refuses a sample as the pepper too', () => {
    const faults = configProblems({
      ...PRODUCTION,
      PASSWORD_PEPPER: 'change-me-to-a-long-and-random-string',
    });

    expect(faults).toEqual([expect.stringMatching(/^PASSWORD_PEPPER is a sample secret/)]);
  });

  it('wants a bcrypt cost of 10 and more', () => {
    expect(configProblems({ ...PRODUCTION, BCRYPT_COST: '9' })).toEqual([
      'BCRYPT_COST is 9: production wants at least 10',
    ]);
    expect(configProblems({ ...PRODUCTION, BCRYPT_COST: '10' })).toEqual([]);
  });

  it.each(['development', 'test'])('is stricter than %s, which a laptop runs', (environment) => {
    expect(configProblems({ NODE_ENV: environment, JWT_SECRET: 'short', BCRYPT_COST: '4' })).toEqual([]);
  });
});

describe('the text of a secret', () => {
  it.each<[what: string, env: Record<string, string>]>([
    ['a short JWT_SECRET', { ...PRODUCTION, JWT_SECRET: 'canary' }],
    ['a sample JWT_SECRET', { ...PRODUCTION, JWT_SECRET: 'canary'.repeat(8) }],
    ['a short PASSWORD_PEPPER', { ...PRODUCTION, PASSWORD_PEPPER: 'canary' }],
    ['a DATABASE_URL of another database', { DATABASE_URL: 'postgres://auth:canary@db/auth' }],
    ['a DATABASE_URL without a scheme', { DATABASE_URL: 'auth:canary@db/auth' }],
    ['a DATABASE_URL without a host', { DATABASE_URL: 'mysql:auth:canary' }],
    ['a DATABASE_URL without a database', { DATABASE_URL: 'mysql://auth:canary@db' }],
    ['a DATABASE_URL with options', { DATABASE_URL: 'mysql://auth:canary@db/auth?ssl=canary' }],
    ['a DATABASE_URL whose password has a #', { DATABASE_URL: 'mysql://auth:canary#canary@db/auth' }],
    ['a DATABASE_URL whose password has a /', { DATABASE_URL: 'mysql://auth:canary/canary@db/auth' }],
    ['a DATABASE_URL whose password has a %', { DATABASE_URL: 'mysql://auth:canary%zz@db/auth' }],
    ['a DATABASE_URL that is no URL', { DATABASE_URL: 'canary' }],
    ['a JWT_SECRET that is given twice', { JWT_SECRET: 'canary', JWT_SECRET_FILE: '/run/secrets/jwt' }],
  ])('stands in no message when the fault is %s', (_what, env) => {
    const faults = configProblems(env);

    expect(faults).toHaveLength(1);
    expect(faults.join('\n')).not.toContain('canary');
    expect(faults[0]).toMatch(/^(JWT_SECRET|PASSWORD_PEPPER|DATABASE_URL) /);
  });

  it('stands in no message when it is read from a file', () => {
    const faults = configProblems({
      ...without(PRODUCTION, 'JWT_SECRET'),
      JWT_SECRET_FILE: fileWith('canary'),
    });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^JWT_SECRET is a secret of 6 characters/);
  });
});

describe('a secret from NAME_FILE', () => {
  const SECRETS: [name: string, read: (env: Record<string, string>) => unknown][] = [
    ['JWT_SECRET', (env) => loadConfig(env).tokens.secret],
    ['APP_SECRET', (env) => loadConfig(env).tokens.appSecret],
    ['PASSWORD_PEPPER', (env) => loadConfig(env).passwords.pepper],
  ];

  it.each(SECRETS)('is the content of the file: %s', (name, read) => {
    expect(read({ [`${name}_FILE`]: fileWith(GOOD_SECRET) })).toBe(GOOD_SECRET);
  });

  it.each(SECRETS)('has no line end, which editors and echo add: %s', (name, read) => {
    expect(read({ [`${name}_FILE`]: fileWith(`${GOOD_SECRET}\n`) })).toBe(GOOD_SECRET);
    expect(read({ [`${name}_FILE`]: fileWith(`${GOOD_SECRET}\r\n`) })).toBe(GOOD_SECRET);
  });

  it('keeps every other character, since other services read the same file', () => {
    const { pepper } = loadConfig({ PASSWORD_PEPPER_FILE: fileWith(` ${GOOD_SECRET} \n\n`) }).passwords;

    expect(pepper).toBe(` ${GOOD_SECRET} \n`);
  });

  it.each([` ${GOOD_SECRET}`, `${GOOD_SECRET} `, `${GOOD_SECRET}\n\n`, `${GOOD_SECRET},x`])(
    'is refused where the list of previous ones could not hold it later: %j',
    (content) => {
      for (const name of ['JWT', 'APP']) {
        expect(configProblems({ [`${name}_SECRET_FILE`]: fileWith(content) })).toEqual([
          expect.stringMatching(`^${name}_SECRET .*could not be listed in ${name}_PREVIOUS_SECRETS`),
        ]);
      }
    },
  );

  it('is DATABASE_URL as well, which holds a password', () => {
    const file = fileWith('mysql://auth:hunter2@db/auth\n');

    expect(loadConfig({ DATABASE_URL_FILE: file }).database.location).toMatchObject({
      password: 'hunter2',
      database: 'auth',
    });
  });

  it('meets what production requires', () => {
    const env = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      JWT_SECRET_FILE: fileWith(GOOD_SECRET),
      DATABASE_URL_FILE: fileWith('mysql://auth:hunter2@db/auth'),
    };

    expect(configProblems(env)).toEqual([]);
  });

  it.each(['JWT_SECRET', 'PASSWORD_PEPPER', 'DATABASE_URL'])(
    'is refused where %s itself is set too',
    (name) => {
      const env = { ...PRODUCTION, [name]: GOOD_SECRET, [`${name}_FILE`]: fileWith(GOOD_SECRET) };

      expect(configProblems(env)).toEqual([`${name} and ${name}_FILE are both set; keep one`]);
    },
  );

  it.each(['JWT_SECRET', 'PASSWORD_PEPPER', 'DATABASE_URL'])(
    'is refused where the file of %s cannot be read, naming the file and the reason',
    (name) => {
      const missing = join(newDirectory(), 'missing');
      const directory = newDirectory();
      const base = without(PRODUCTION, name);

      expect(configProblems({ ...base, [`${name}_FILE`]: missing })).toEqual([
        `${name}_FILE is ${JSON.stringify(missing)}: it cannot be read (ENOENT)`,
      ]);
      expect(configProblems({ ...base, [`${name}_FILE`]: directory })).toEqual([
        `${name}_FILE is ${JSON.stringify(directory)}: it cannot be read (EISDIR)`,
      ]);
    },
  );

  it('that is empty is a fault, since it was meant to be set', () => {
    for (const content of ['', '\n']) {
      const file = fileWith(content);
      const env = { ...without(PRODUCTION, 'JWT_SECRET'), JWT_SECRET_FILE: file };
      expect(configProblems(env)).toEqual([`JWT_SECRET_FILE is ${JSON.stringify(file)}: it is empty`]);
    }
  });

  it('exists for secrets alone', () => {
    expect(loadConfig({ PORT_FILE: fileWith('8080') }).http.port).toBe(3000);
  });
});

describe('DATABASE_TLS', () => {
  const MYSQL = { DATABASE_URL: 'mysql://db/auth' };

  it('is off by default', () => {
    expect(loadConfig(MYSQL).database.tls).toBeUndefined();
  });

  it('as verify requires a certificate of an authority that Node knows, with the name of the host', () => {
    expect(loadConfig({ ...MYSQL, DATABASE_TLS: 'verify' }).database.tls).toEqual({
      rejectUnauthorized: true,
      verifyIdentity: true,
      minVersion: 'TLSv1.2',
    });
  });

  it('takes the authority from a file', () => {
    const pem = rootCertificates.slice(0, 2).join('\n');
    const env = { ...MYSQL, DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: fileWith(pem) };

    expect(loadConfig(env).database.tls).toEqual({
      rejectUnauthorized: true,
      verifyIdentity: true,
      minVersion: 'TLSv1.2',
      ca: pem,
    });
  });

  it.each([
    ['\\n', (pem: string) => pem.replaceAll('\n', '\\n')],
    ['\\r\\n', (pem: string) => pem.replaceAll('\n', '\\r\\n')],
    ['base64 of the whole', (pem: string) => Buffer.from(pem).toString('base64')],
  ])('takes the authority also with its lines written as %s', (_what, write) => {
    const [pem = ''] = rootCertificates;
    const env = { ...MYSQL, DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: fileWith(write(pem)) };

    expect(loadConfig(env).database.tls?.ca).toBe(pem);
  });

  it.each<[what: string, content: string, words: string]>([
    ['garbage', 'garbage', 'it has no line -----BEGIN CERTIFICATE-----'],
    ['cut short', rootCertificates[0]?.slice(0, 200) ?? '', 'it is cut short'],
    [
      'cut short behind a good one',
      `${rootCertificates[0]}\n${rootCertificates[1]?.slice(0, 200)}`,
      'it is cut short',
    ],
    ['damaged', rootCertificates[0]?.replace(/\n(.{10}).{30}/, '\n$1') ?? '', 'its content is damaged'],
    [
      'a private key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      'it is a private key, and a certificate is wanted',
    ],
  ])('is refused at the start with the file of an authority that is %s', (_what, content, words) => {
    const file = fileWith(content);

    expect(configProblems({ ...MYSQL, DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: file })).toEqual([
      expect.stringContaining(`DATABASE_TLS_CA_FILE is ${JSON.stringify(file)}: ${words}`),
    ]);
  });

  it('must not be off where an authority is named, since TLS was wanted', () => {
    expect(configProblems({ ...MYSQL, DATABASE_TLS_CA_FILE: fileWith('PEM') })).toEqual([
      expect.stringMatching(/^DATABASE_TLS_CA_FILE .*DATABASE_TLS=verify/),
    ]);
  });

  it('names the variable where the file of the authority is a directory', () => {
    const env = { ...MYSQL, DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: newDirectory() };

    expect(configProblems(env)).toEqual([expect.stringMatching(/^DATABASE_TLS_CA_FILE /)]);
  });
});

describe('DATABASE_URL', () => {
  const MYSQL = {
    dialect: 'mysql',
    host: 'db.example.com',
    port: 3306,
    username: 'auth',
    password: 'hunter2',
    database: 'latchkey',
  };

  it.each<[url: string, location: object]>([
    ['mysql://auth:hunter2@db.example.com:3306/latchkey', MYSQL],
    ['mysql://auth:hunter2@db.example.com/latchkey', MYSQL],
    ['mariadb://auth:hunter2@db.example.com/latchkey', MYSQL],
    ['mysql://auth:hunter2@db.example.com:13306/latchkey', { ...MYSQL, port: 13_306 }],
    ['mysql://auth@db.example.com/latchkey', { ...MYSQL, password: '' }],
    ['mysql://db.example.com/latchkey', { ...MYSQL, username: '', password: '' }],
    ['mysql://auth:hunter2@127.0.0.1/latchkey', { ...MYSQL, host: '127.0.0.1' }],
    ['mysql://auth:hunter2@[::1]:3307/latchkey', { ...MYSQL, host: '::1', port: 3307 }],
    ['mysql://auth:p%40ss%2Fw%23rd%25@db.example.com/latchkey', { ...MYSQL, password: 'p@ss/w#rd%' }],
    ['mysql://auth:p@ss@db.example.com/latchkey', { ...MYSQL, password: 'p@ss' }],
    ['mysql://auth:a:b@db.example.com/latchkey', { ...MYSQL, password: 'a:b' }],
    ['mysql://auth:p+s s@db.example.com/latchkey', { ...MYSQL, password: 'p+s s' }],
    ['mysql://auth:schl%C3%BCssel@db.example.com/latchkey', { ...MYSQL, password: 'schlüssel' }],
    ['mysql://auth:schlüssel@db.example.com/latchkey', { ...MYSQL, password: 'schlüssel' }],
    ['mysql://au%40th:hunter2@db.example.com/latchkey', { ...MYSQL, username: 'au@th' }],
    ['mysql://auth:hunter2@db.example.com/my%20db', { ...MYSQL, database: 'my db' }],
    ['sqlite:/srv/auth.sqlite', { dialect: 'sqlite', storage: '/srv/auth.sqlite' }],
    ['sqlite:///srv/auth.sqlite', { dialect: 'sqlite', storage: '/srv/auth.sqlite' }],
    ['sqlite:./auth.sqlite', { dialect: 'sqlite', storage: resolve('auth.sqlite') }],
    ['sqlite:auth.sqlite', { dialect: 'sqlite', storage: resolve('auth.sqlite') }],
    ['sqlite://./auth.sqlite', { dialect: 'sqlite', storage: resolve('auth.sqlite') }],
    ['sqlite:../auth.sqlite', { dialect: 'sqlite', storage: resolve('../auth.sqlite') }],
    ['sqlite:/srv/a b/100%.sqlite', { dialect: 'sqlite', storage: '/srv/a b/100%.sqlite' }],
  ])('%s is read as %j', (url, location) => {
    expect(loadConfig({ DATABASE_URL: url }).database.location).toEqual(location);
  });

  it.each<[what: string, url: string]>([
    ['another database', 'postgres://auth:hunter2@db/latchkey'],
    ['a web page', 'https://db.example.com/latchkey'],
    ['a word', 'mysql'],
    ['a path', './auth.sqlite'],
    ['no host', 'mysql:///latchkey'],
    ['no host and no slashes', 'mysql:latchkey'],
    ['no database', 'mysql://auth:hunter2@db'],
    ['no database behind the slash', 'mysql://auth:hunter2@db/'],
    ['two databases', 'mysql://auth:hunter2@db/one/two'],
    ['two databases in disguise', 'mysql://auth:hunter2@db/one%2Ftwo'],
    ['options', 'mysql://auth:hunter2@db/latchkey?ssl=true'],
    ['a fragment', 'mysql://auth:hunter2@db/latchkey#x'],
    ['a port that is none', 'mysql://auth:hunter2@db:port/latchkey'],
    ['a port that is too high', 'mysql://auth:hunter2@db:99999/latchkey'],
    ['the port 0', 'mysql://auth:hunter2@db:0/latchkey'],
    ['a % that encodes nothing', 'mysql://auth:100%@db/latchkey'],
    ['a % that encodes no UTF-8', 'mysql://auth:%ff@db/latchkey'],
    ['no file', 'sqlite:'],
    ['a database in memory, which every connection would have for itself', 'sqlite::memory:'],
    ['a database in memory, written with slashes', 'sqlite://:memory:'],
    [
      'a relative path behind two slashes, which would be taken for an absolute one',
      'sqlite://data/auth.sqlite',
    ],
  ])('is refused when it has %s: %s', (_what, url) => {
    expect(configProblems({ DATABASE_URL: url })).toEqual([expect.stringMatching(/^DATABASE_URL [a-z]/)]);
  });
});

describe('A DATABASE_URL whose password has a character that ends it', () => {
  it.each([
    ['#', '%23', 'mysql://auth:hun#ter2@db/latchkey'],
    ['#', '%23', 'mysql://auth:1#ter2@db/latchkey'],
    ['#', '%23', 'mysql://auth:p@ss#ter2@db/latchkey'],
    ['/', '%2F', 'mysql://auth:hun/ter2@db/latchkey'],
    ['/', '%2F', 'mariadb://auth:123/ter2@db/latchkey'],
    ['?', '%3F', 'mysql://auth:hun?ter2@db/latchkey'],
  ])('is refused with how to write the %s: %s', (character, written, url) => {
    const [fault, ...others] = configProblems({ DATABASE_URL: url });

    expect(others).toEqual([]);
    expect(fault).toContain(`; where the user or password holds a ${character}, write it as ${written}`);
    expect(fault).not.toMatch(/hun|ter2/);
    const escaped = url.replace(/(?<=auth:.*)[#/?](?=.*@)/, written);
    expect(configProblems({ DATABASE_URL: escaped })).toEqual([]);
  });

  it('is explained also where .env ended it at the #', () => {
    expect(configProblems({ DATABASE_URL: 'mysql://auth:hun' })[0]).toContain(
      'write a # of the password as %23',
    );
    expect(configProblems({ DATABASE_URL: 'mysql://auth:2' })[0]).toContain(
      'write a # of the password as %23',
    );
  });

  it('is not suspected where something else is wrong', () => {
    for (const url of [
      'mysql://auth:hunter2@db/latchkey?ssl=true',
      'mysql://auth:hunter2@db/',
      'mysql:latchkey',
    ])
      expect(configProblems({ DATABASE_URL: url })[0]).not.toContain('password holds');
  });
});

describe('The keys of tokens', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privatePem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const EC_PRIVATE = privatePem(ec.privateKey);
  const RSA_PRIVATE = privatePem(rsa.privateKey);
  const EC_PUBLIC = publicPem(ec.publicKey);
  const RSA_PUBLIC = publicPem(rsa.publicKey);
  const OTHER_SECRET = 'q7Lx2Vd9Hs4Kz8Nw3Bf6Tm1Rc5Gy0JpQeUiOaZxSvWbE';

  it.each([
    ['ES256', EC_PRIVATE],
    ['RS256', RSA_PRIVATE],
  ])('sign under %s with the private key of JWT_PRIVATE_KEY or of its file', (algorithm, key) => {
    const direct = loadConfig({ JWT_ALG: algorithm, JWT_PRIVATE_KEY: key });
    const fromFile = loadConfig({ JWT_ALG: algorithm, JWT_PRIVATE_KEY_FILE: fileWith(key) });

    expect(direct.tokens).toMatchObject({ algorithm, privateKey: key });
    expect(fromFile.tokens.privateKey?.trim()).toBe(key.trim());
  });

  it.each(['ES256', 'RS256'])(
    'are required under %s in production, and kept in DATA_DIR elsewhere',
    (algorithm) => {
      const [fault, ...others] = configProblems({ ...PRODUCTION, JWT_ALG: algorithm });
      expect(others).toEqual([]);
      expect(fault).toMatch(/^JWT_PRIVATE_KEY is not set: /);
      expect(fault).toContain(`npm run --silent keys -- new ${algorithm} > jwt-key.pem`);

      for (const environment of ['development', 'test']) {
        expect(loadConfig({ NODE_ENV: environment, JWT_ALG: algorithm }).tokens).toMatchObject({
          privateKey: undefined,
          privateKeyFile: resolve(`data/jwt-key-${algorithm.toLowerCase()}.pem`),
        });
      }
    },
  );

  it.each([{}, { JWT_ALG: 'HS256' }])('are not what was meant where a private key is set with %j', (env) => {
    expect(configProblems({ ...env, JWT_PRIVATE_KEY: EC_PRIVATE })).toEqual([
      expect.stringMatching(/^JWT_PRIVATE_KEY is set while JWT_ALG is HS256/),
    ]);
  });

  it.each(['hs256', 'HS512', 'none', 'EdDSA', 'ES256 '])('have no algorithm %j', (algorithm) => {
    expect(configProblems({ JWT_ALG: algorithm })[0]).toMatch(/^JWT_ALG is ".*": HS256, RS256 or ES256$/);
  });

  it.each<[what: string, env: Record<string, string>, variable: string]>([
    ['garbage', { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: 'garbage-as-key' }, 'JWT_PRIVATE_KEY'],
    ['the key of RS256', { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: RSA_PRIVATE }, 'JWT_PRIVATE_KEY'],
    ['the key of ES256', { JWT_ALG: 'RS256', JWT_PRIVATE_KEY: EC_PRIVATE }, 'JWT_PRIVATE_KEY'],
    ['a public key', { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: EC_PUBLIC }, 'JWT_PRIVATE_KEY'],
    ['a key cut short', { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: EC_PRIVATE.slice(0, 100) }, 'JWT_PRIVATE_KEY'],
    ['garbage', { JWT_PREVIOUS_PUBLIC_KEYS: 'garbage-as-key' }, 'JWT_PREVIOUS_PUBLIC_KEYS'],
    [
      'a key cut short behind a good one',
      { JWT_PREVIOUS_PUBLIC_KEYS: `${RSA_PUBLIC}${EC_PUBLIC.slice(0, 100)}` },
      'JWT_PREVIOUS_PUBLIC_KEYS',
    ],
  ])('that are %s are refused by the name of the variable, without a word of the key', (_what, env, name) => {
    const faults = configProblems(env);

    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} is not a usable key: `))]);
    for (const line of (env[name] ?? '').split('\n').filter((piece) => piece.trim() !== '')) {
      expect(faults[0]).not.toContain(line);
    }
  });

  const WRITTEN: [how: string, write: (pem: string) => string][] = [
    ['\\n in place of line breaks', (pem) => pem.replaceAll('\n', '\\n')],
    ['\\r\\n in place of line breaks', (pem) => pem.replaceAll('\n', '\\r\\n')],
    ['the line breaks of Windows', (pem) => pem.replaceAll('\n', '\r\n')],
    ['quotes around it, which docker --env-file keeps', (pem) => `"${pem.replaceAll('\n', '\\n')}"`],
    ['base64 of the whole file', (pem) => Buffer.from(pem).toString('base64')],
    [
      'base64 in lines',
      (pem) =>
        Buffer.from(pem)
          .toString('base64')
          .replace(/(.{76})/g, '$1\n'),
    ],
  ];

  it.each(WRITTEN)('are read with %s', (_how, write) => {
    const private_ = (pem: string) => loadConfig({ JWT_ALG: 'ES256', JWT_PRIVATE_KEY: write(pem) }).tokens;
    const previous = write(`${EC_PUBLIC}${RSA_PUBLIC}`);

    expect(private_(EC_PRIVATE).privateKey?.trim()).toBe(EC_PRIVATE.trim());
    expect(
      loadConfig({ JWT_PREVIOUS_PUBLIC_KEYS: previous }).tokens.previousPublicKeys.map((pem) => pem.trim()),
    ).toEqual([EC_PUBLIC.trim(), RSA_PUBLIC.trim()]);
  });

  const ENCRYPTED = ec.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary' })
    .toString();

  it.each<[what: string, key: string, words: RegExp]>([
    [
      'its first line alone, as .env reads it without quotes',
      EC_PRIVATE.split('\n')[0] ?? '',
      /cut short.*quotes/,
    ],
    ['spaces for line breaks', EC_PRIVATE.replaceAll('\n', ' '), /line breaks .*spaces: write each as \\n/],
    ['no line breaks', EC_PRIVATE.replaceAll('\n', ''), /line breaks are lost.*write each as \\n/],
    ['a path', '/run/secrets/key.pem', /path of a file.*JWT_PRIVATE_KEY_FILE/],
    ['a secret', GOOD_SECRET, /no line -----BEGIN PRIVATE KEY-----.*JWT_PRIVATE_KEY_FILE/],
    ['a public key', EC_PUBLIC, /it is a public key, and a private key is wanted/],
    ['a certificate', rootCertificates[0] ?? '', /it is a certificate, and a private key is wanted/],
    ['a passphrase', ENCRYPTED, /passphrase.*openssl pkey/],
    [
      'a damaged line',
      EC_PRIVATE.replace(/\n(.{20}).{20}/, '\n$1'),
      /content is damaged: copy the whole file/,
    ],
    [
      'the format of OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----',
      /format of OpenSSH: npm run keys -- new ES256/,
    ],
  ])(
    'are explained where JWT_PRIVATE_KEY has %s, in other words than those of OpenSSL',
    (_what, key, words) => {
      const faults = configProblems({ JWT_ALG: 'ES256', JWT_PRIVATE_KEY: key });

      expect(faults).toEqual([expect.stringMatching(words)]);
      expect(faults[0]).toMatch(/^JWT_PRIVATE_KEY is not a usable key: /);
      expect(faults[0]).not.toMatch(/error:|DECODER|asn1|PEM routines|unsupported/i);
    },
  );

  it.each<[what: string, keys: string, words: RegExp]>([
    ['its first line alone', EC_PUBLIC.split('\n')[0] ?? '', /cut short/],
    ['spaces for line breaks', EC_PUBLIC.replaceAll('\n', ' '), /line breaks .*spaces: write each as \\n/],
    ['a secret', GOOD_SECRET, /no line -----BEGIN PUBLIC KEY-----/],
  ])('are explained where JWT_PREVIOUS_PUBLIC_KEYS has %s', (_what, keys, words) => {
    expect(configProblems({ JWT_PREVIOUS_PUBLIC_KEYS: keys })).toEqual([expect.stringMatching(words)]);
  });

  it.each<[text: string]>([
    [`${GOOD_SECRET},${OTHER_SECRET}`],
    [`${GOOD_SECRET}, ${OTHER_SECRET}`],
    [`${GOOD_SECRET}\n${OTHER_SECRET}`],
    [`${GOOD_SECRET}\r\n${OTHER_SECRET}\r\n`],
    [`\n${GOOD_SECRET},,${OTHER_SECRET},`],
  ])('that went before are the secrets between commas and line breaks: %j', (text) => {
    expect(loadConfig({ JWT_PREVIOUS_SECRETS: text }).tokens.previousSecrets).toEqual([
      GOOD_SECRET,
      OTHER_SECRET,
    ]);
    expect(loadConfig({ JWT_PREVIOUS_SECRETS_FILE: fileWith(text) }).tokens.previousSecrets).toEqual([
      GOOD_SECRET,
      OTHER_SECRET,
    ]);
  });

  it('that went before may hold spaces, but no secret of production may hold what separates them', () => {
    const withSpaces = 'Zv8#kQ2m Tr5x Lp9w Yd3n Hs6j Bc1f Gk4t';
    expect(loadConfig({ ...PRODUCTION, JWT_PREVIOUS_SECRETS: withSpaces }).tokens.previousSecrets).toEqual([
      withSpaces,
    ]);

    for (const separator of [',', '\n']) {
      const faults = configProblems({ ...PRODUCTION, JWT_SECRET: withSpaces.replace(' ', separator) });
      expect(faults).toEqual([expect.stringContaining('could not be listed in JWT_PREVIOUS_SECRETS')]);
    }
  });

  it('are reported with all their faults at once, the secret beside the private key', () => {
    expect(configProblems({ ...PRODUCTION, JWT_SECRET: `${GOOD_SECRET},x`, JWT_ALG: 'ES256' })).toEqual([
      expect.stringMatching(/^JWT_SECRET has a comma/),
      expect.stringMatching(/^JWT_PRIVATE_KEY is not set/),
    ]);
  });

  it('that went before are held to the same length in production', () => {
    const faults = configProblems({
      ...PRODUCTION,
      JWT_PREVIOUS_SECRETS: `${OTHER_SECRET},too-short-for-that`,
    });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^JWT_PREVIOUS_SECRETS is a secret of 18 characters: .*32 bytes$/);
    expect(configProblems({ ...PRODUCTION, JWT_PREVIOUS_SECRETS: OTHER_SECRET })).toEqual([]);
    expect(configProblems({ ...PRODUCTION, JWT_PREVIOUS_SECRETS: TEST_SECRET })).toEqual([
      expect.stringMatching(/^JWT_PREVIOUS_SECRETS is a sample secret/),
    ]);
  });

  it('that went before are read one after another out of one text of PEM', () => {
    const text = `${EC_PUBLIC}\n# the one before\n${RSA_PUBLIC}`;

    const { previousPublicKeys } = loadConfig({ JWT_PREVIOUS_PUBLIC_KEYS: text }).tokens;

    expect(previousPublicKeys.map((pem) => pem.trim())).toEqual([EC_PUBLIC.trim(), RSA_PUBLIC.trim()]);
  });

  it('stay secret under every algorithm: production requires APP_SECRET or, as before there was one, JWT_SECRET', () => {
    const env = { ...without(PRODUCTION, 'JWT_SECRET'), JWT_ALG: 'ES256', JWT_PRIVATE_KEY: EC_PRIVATE };

    expect(configProblems(env)).toEqual(['APP_SECRET is not set: required in production']);
    expect(configProblems({ ...env, APP_SECRET: GOOD_SECRET })).toEqual([]);
    expect(configProblems({ ...env, JWT_SECRET: GOOD_SECRET })).toEqual([]);
    expect(configProblems({ ...without(PRODUCTION, 'JWT_SECRET'), APP_SECRET: GOOD_SECRET })).toEqual([
      'JWT_SECRET is not set: required in production',
    ]);
  });

  it.each<[env: Record<string, string>, fault: RegExp]>([
    [{ APP_SECRET: GOOD_SECRET }, /^APP_SECRET is the same as JWT_SECRET/],
    [
      { APP_SECRET: OTHER_SECRET, JWT_PREVIOUS_SECRETS: OTHER_SECRET },
      /^APP_SECRET is in JWT_PREVIOUS_SECRETS/,
    ],
    [
      { APP_SECRET: OTHER_SECRET, PASSWORD_PEPPER: OTHER_SECRET },
      /^PASSWORD_PEPPER is the same as APP_SECRET/,
    ],
    [{ PASSWORD_PEPPER: GOOD_SECRET }, /^PASSWORD_PEPPER is the same as JWT_SECRET/],
    [{ APP_PREVIOUS_SECRETS: 'short' }, /^APP_PREVIOUS_SECRETS is a secret of 5 characters/],
    [{ APP_SECRET: TEST_SECRET }, /^APP_SECRET is a sample secret/],
  ])('are each of its own in production: %j', (env, fault) => {
    expect(configProblems({ ...PRODUCTION, ...env })).toEqual([expect.stringMatching(fault)]);
    expect(configProblems({ JWT_SECRET: GOOD_SECRET, ...env })).toEqual([]);
  });

  it('take JWT_SECRET among APP_PREVIOUS_SECRETS, which is how APP_SECRET takes its place', () => {
    const env = { ...PRODUCTION, APP_SECRET: OTHER_SECRET, APP_PREVIOUS_SECRETS: GOOD_SECRET };

    expect(configProblems(env)).toEqual([]);
  });

  it('are never given twice, directly and as a file', () => {
    const env = { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: EC_PRIVATE, JWT_PRIVATE_KEY_FILE: fileWith(EC_PRIVATE) };

    expect(configProblems(env)[0]).toMatch(/^JWT_PRIVATE_KEY and JWT_PRIVATE_KEY_FILE are both set/);
  });
});

describe('The lifetimes of sessions', () => {
  it('are 30 days at rest, 90 days at most, with a grace of 10 seconds and 300 for lost answers', () => {
    expect(loadConfig({}).sessions).toEqual({
      idleSeconds: 2_592_000,
      absoluteSeconds: 7_776_000,
      reuseGraceSeconds: 10,
      retrySeconds: 300,
      revocationMaxLagSeconds: 10,
      revocationWhenStale: 'refuse',
    });
  });

  it.each<[name: VariableName, value: string, expected: object]>([
    ['SESSION_IDLE_SECONDS', '3600', { idleSeconds: 3600 }],
    ['SESSION_ABSOLUTE_SECONDS', '86400', { absoluteSeconds: 86_400 }],
    ['REFRESH_REUSE_GRACE_SECONDS', '0', { reuseGraceSeconds: 0 }],
    ['REFRESH_REUSE_GRACE_SECONDS', '300', { reuseGraceSeconds: 300 }],
    ['REFRESH_RETRY_SECONDS', '0', { retrySeconds: 0 }],
    ['REFRESH_RETRY_SECONDS', '86400', { retrySeconds: 86_400 }],
    ['REVOCATION_MAX_LAG_SECONDS', '2', { revocationMaxLagSeconds: 2 }],
    ['REVOCATION_WHEN_STALE', 'accept', { revocationWhenStale: 'accept' }],
  ])('%s=%s is taken', (name, value, expected) => {
    expect(loadConfig({ [name]: value }).sessions).toMatchObject(expected);
  });

  it.each<[name: VariableName, value: string]>([
    ['SESSION_IDLE_SECONDS', '0'],
    ['SESSION_IDLE_SECONDS', '30d'],
    ['SESSION_IDLE_SECONDS', '31536001'],
    ['SESSION_ABSOLUTE_SECONDS', '0'],
    ['SESSION_ABSOLUTE_SECONDS', '-1'],
    ['SESSION_ABSOLUTE_SECONDS', '315360001'],
    ['REFRESH_REUSE_GRACE_SECONDS', '301'],
    ['REFRESH_REUSE_GRACE_SECONDS', '1.5'],
    ['REFRESH_RETRY_SECONDS', '86401'],
    ['REFRESH_RETRY_SECONDS', '5m'],
    ['REVOCATION_MAX_LAG_SECONDS', '1'],
    ['REVOCATION_MAX_LAG_SECONDS', '3601'],
    ['REVOCATION_WHEN_STALE', 'Refuse'],
    ['REVOCATION_WHEN_STALE', 'ignore'],
  ])('%s=%s is refused with what it wants', (name, value) => {
    expect(configProblems({ [name]: value })).toEqual([
      `${name} is ${JSON.stringify(value)}: ${VARIABLES[name].wants}`,
    ]);
  });
});
