import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config/config.ts';
import { misspelledVariables } from '../src/config/misspelled.ts';
import { VARIABLES, type VariableName } from '../src/config/variables.ts';
import { offered, startupFacts, welcome } from '../src/runtime/banner.ts';

const NOTHING = { pages: false, signUp: false, messages: false, demoProvider: false };

const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gBsKfYhCjMnOpD+/aI',
  APP_SECRET: 'q7Lx2Vd9Hs4Kz8Nw3Bf6Tm1Rc5Gy0JpQeUiOaZxSvWbE',
  PUBLIC_URL: 'https://auth.example.com',
  DATABASE_URL: 'mysql://auth:hunter2@db.example.com/auth',
  SMTP_URL: 'smtp://auth:hunter2@mail.example.com',
  MAIL_FROM: 'no-reply@example.com',
  SMS_WEBHOOK_URL: 'https://sms.example.com/send',
  SMS_WEBHOOK_SECRET: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
};

function warningsOf(env: Record<string, string>): readonly string[] {
  return loadConfig(env).warnings;
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

  it.each([
    'https://localhost:3000',
    'https://localhost',
    'https://127.0.0.1:8080',
    'https://[::1]:3000/auth',
  ])('are one in production for the PUBLIC_URL %s, where no client of another host reaches it', (url) => {
    expect(warningsOf({ ...PRODUCTION, PUBLIC_URL: url })).toEqual([
      expect.stringContaining(`PUBLIC_URL is ${url}: `),
    ]);
    expect(warningsOf({ PUBLIC_URL: url })).toEqual([]);
  });

  it('are one in production for a PUBLIC_URL without TLS, over which browsers keep no cookie of it', () => {
    const http = expect.stringMatching(/^PUBLIC_URL begins with http: /);

    expect(warningsOf({ ...PRODUCTION, PUBLIC_URL: 'http://auth.example.com' })).toEqual([http]);
    expect(warningsOf({ ...PRODUCTION, PUBLIC_URL: 'http://localhost:3000' })).toContainEqual(http);
    expect(warningsOf({ PUBLIC_URL: 'http://auth.example.com' })).toEqual([]);
  });

  it('are one in production for a BCRYPT_COST at which a hash takes more than a second', () => {
    expect(warningsOf({ ...PRODUCTION, BCRYPT_COST: '14' })).toEqual([]);
    expect(warningsOf({ ...PRODUCTION, BCRYPT_COST: '15' })).toEqual([
      expect.stringMatching(/^BCRYPT_COST is 15: each login takes about 2 seconds/),
    ]);
  });

  it('are one where sessions would rest for longer than they may last', () => {
    const env = { SESSION_IDLE_SECONDS: '7200', SESSION_ABSOLUTE_SECONDS: '3600' };

    expect(warningsOf(env)).toEqual([
      expect.stringMatching(/^SESSION_IDLE_SECONDS \(7200\) is above SESSION_ABSOLUTE_SECONDS \(3600\)/),
    ]);
    // Not of a value that nobody has set.
    expect(warningsOf({ SESSION_ABSOLUTE_SECONDS: '3600' })).toEqual([]);
  });

  it('are one in production where services that share JWT_SECRET could make refresh tokens', () => {
    const { APP_SECRET: _own, ...shared } = PRODUCTION;

    expect(warningsOf(shared)).toEqual([expect.stringMatching(/^APP_SECRET is not set: /)]);
    expect(warningsOf({ ...shared, NODE_ENV: 'development' })).toEqual([]);
  });
});

describe('A variable that looks like one of ours', () => {
  it.each([
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['ACCESS_TOKEN_TTL', 'ACCESS_TOKEN_TTL_SECONDS'],
    ['JWT_EXPIRES_IN', 'ACCESS_TOKEN_TTL_SECONDS'],
    ['JWT_SECRET_KEY', 'JWT_SECRET'],
    ['JWT_SECERT', 'JWT_SECRET'],
    ['jwt_secret', 'JWT_SECRET'],
    ['JWT_SECRETS_FILE', 'JWT_SECRET_FILE'],
    ['JWT_ALGORITHM', 'JWT_ALG'],
    ['BCRYPT_ROUNDS', 'BCRYPT_COST'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['SESSION_IDLE', 'SESSION_IDLE_SECONDS'],
    ['RATE_LIMIT_LOGIN', 'RATE_LIMIT_LOGIN_IP'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['PUBLICURL', 'PUBLIC_URL'],
    ['MIGRATE_AT_START', 'MIGRATE_ON_START'],
  ])('is warned of with the name that was meant: %s for %s', (name, meant) => {
    expect(warningsOf({ [name]: 'canary' })).toEqual([
      `${name} is not a variable of Latchkey and has no effect: ${meant} is meant?`,
    ]);
  });

  it('is warned of also where nothing is near it', () => {
    expect(warningsOf({ JWT_SOMETHING_QUITE_DIFFERENT: 'canary' })).toEqual([
      'JWT_SOMETHING_QUITE_DIFFERENT is not a variable of Latchkey and has no effect',
    ]);
    expect(warningsOf({ ACCESS_TOKEN_TTL_SECONDS_FILE: '/x' })).toEqual([
      expect.stringMatching(/^ACCESS_TOKEN_TTL_SECONDS_FILE is not read: only secrets are read from files/),
    ]);
  });

  it('is no variable of a host, a shell, a desktop, npm, Docker or Kubernetes, nor one that is empty', () => {
    const names = `HOME PATH PWD OLDPWD SHELL SHLVL LANG LC_ALL TERM USER LOGNAME HOSTNAME HOSTTYPE TZ EDITOR _
      SESSION_MANAGER XDG_SESSION_ID XDG_SESSION_TYPE DESKTOP_SESSION SSH_AUTH_SOCK SSH_CONNECTION DBUS_SESSION_BUS_ADDRESS
      npm_config_cache npm_package_name npm_lifecycle_event INIT_CWD NODE NODE_OPTIONS NODE_PATH NODE_VERSION YARN_VERSION
      CI DEBUG COLOR POST PORTS GPG_TTY MYSQL_PASSWORD MYSQL_DATABASE REDIS_PASSWORD DATABASE_PASSWORD POSTGRES_PASSWORD
      DATABASE_PORT DATABASE_SERVICE_HOST METRICS_SERVICE_PORT JWT_PORT_443_TCP LATCHKEY_PORT KUBERNETES_SERVICE_HOST
      TEST_MYSQL_URL REQUIRE_MYSQL JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET CREDENTIALS_DIRECTORY http_proxy NO_PROXY`;
    const env = Object.fromEntries(names.split(/\s+/).map((name) => [name, 'x']));

    expect(warningsOf(env)).toEqual([]);
    expect(warningsOf({ CORS_ORIGIN: '' })).toEqual([]);
  });

  it('is none of those that exist, with its file where it is a secret', () => {
    const env = Object.keys(VARIABLES).flatMap((name) => [
      name,
      ...('secret' in VARIABLES[name as VariableName] ? [`${name}_FILE`] : []),
    ]);

    expect(misspelledVariables(Object.fromEntries(env.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('is not missed in a port, which is a number where that of Kubernetes is a URL', () => {
    expect(misspelledVariables({ METRIC_PORT: '9464' })).toEqual([
      expect.stringContaining('METRICS_PORT is meant?'),
    ]);
    expect(misspelledVariables({ METRIC_PORT: 'tcp://10.0.0.1:80' })).toEqual([]);
  });

  it('is named as well where the start fails for want of the right one', () => {
    const { PUBLIC_URL, ...rest } = PRODUCTION;

    expect(() => loadConfig({ ...rest, PUBLIC_ULR: PUBLIC_URL })).toThrow(
      /PUBLIC_ULR is not a variable.*PUBLIC_URL is meant/,
    );
  });
});

describe('The greeting', () => {
  const MESSAGES = '  Messages   http://localhost:3000/dev/outbox\n';

  it('says where messages are while they stay there', () => {
    expect(welcome('http://localhost:3000', { ...NOTHING, messages: true })).toContain(MESSAGES);
    expect(welcome('http://localhost:3000', NOTHING)).not.toContain('/dev/outbox');
  });

  it('says where people sign in, where there are pages for that', () => {
    const line = '  Sign in    http://localhost:3000/sign-in\n';

    expect(welcome('http://localhost:3000', { ...NOTHING, pages: true })).toContain(line);
    expect(welcome('http://localhost:3000', NOTHING)).not.toContain('/sign-in');
    expect(['on', 'off'].map((value) => offered(loadConfig({ PAGES: value })).pages)).toEqual([true, false]);
  });

  it('names where to try the demo provider, where there is one', () => {
    const page = 'http://localhost:3000/login/demo?return_to=http%3A%2F%2Flocalhost%3A3000%2F';

    expect(welcome('http://localhost:3000', { ...NOTHING, demoProvider: true })).toContain(page);
    expect(welcome('http://localhost:3000', NOTHING)).not.toContain('/login/demo');
  });

  it('names the command of the example app, with the address of the service where it is another one', () => {
    const example = (url: string) => welcome(url, NOTHING).match(/Example +(.*), in a second/)?.[1];

    expect(example('http://localhost:3000')).toBe('npm run spa');
    expect(example('http://localhost:3100')).toBe('VITE_LATCHKEY_URL=http://localhost:3100 npm run spa');
  });

  it('holds messages to stay where mail or SMS has nothing that sends it, but never in production', () => {
    const { SMTP_URL, MAIL_FROM, SMS_WEBHOOK_URL, SMS_WEBHOOK_SECRET } = PRODUCTION;
    const mail = { SMTP_URL, MAIL_FROM };
    const stays = (env: Record<string, string>) => offered(loadConfig(env)).messages;

    expect([stays({}), stays(mail), stays({ SMS_WEBHOOK_URL, SMS_WEBHOOK_SECRET })]).toEqual([
      true,
      true,
      true,
    ]);
    expect(stays({ ...mail, SMS_WEBHOOK_URL, SMS_WEBHOOK_SECRET })).toBe(false);
    expect(stays({ ...PRODUCTION, SMTP_URL: '', MAIL_FROM: '' })).toBe(false);
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
