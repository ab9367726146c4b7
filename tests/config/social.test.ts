import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { configProblems } from '../support/config-problems.ts';
import { useDirectories } from '../support/directories.ts';

const SECRET = 'a-client-secret-of-ours';

const pemOf = (namedCurve: string, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type, format: 'pem' }) as string;

const P8 = pemOf('P-256');
const GOOGLE = { GOOGLE_CLIENT_ID: 'latchkey', GOOGLE_CLIENT_SECRET: SECRET };
const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: SECRET };
const FACEBOOK = { FACEBOOK_CLIENT_ID: 'latchkey', FACEBOOK_CLIENT_SECRET: SECRET };
const MICROSOFT = { MICROSOFT_CLIENT_ID: 'latchkey', MICROSOFT_CLIENT_SECRET: SECRET };
const APPLE = {
  APPLE_CLIENT_ID: 'com.example.web',
  APPLE_TEAM_ID: 'A1B2C3D4E5',
  APPLE_KEY_ID: 'ABC123DEFG',
  APPLE_PRIVATE_KEY: P8,
};
const ACME = {
  id: 'acme',
  name: 'Acme',
  issuer: 'https://id.example.com',
  client_id: 'latchkey',
  client_secret: SECRET,
};
const oidc = (...providers: object[]) => ({ OIDC_PROVIDERS: JSON.stringify(providers) });

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.com',
  DATABASE_URL: 'sqlite:./x.sqlite',
  JWT_SECRET: 'Zk3vXb9QpLm2NcRt7YwHs5JdGf8AeUo1TiVx4KqBn6M',
  BCRYPT_COST: '12',
};

const idsOf = (env: Record<string, string>) => loadConfig(env).social.providers.map(({ id }) => id);

describe('The variables of providers', () => {
  it('configure none where there are none, and all of them in the order in which people see them', () => {
    const all = { ...oidc(ACME), ...FACEBOOK, ...GITHUB, ...MICROSOFT, ...APPLE, ...GOOGLE };

    expect(idsOf({})).toEqual([]);
    expect(idsOf({ ...all, DEMO_PROVIDER: 'true' })).toEqual([
      ...['google', 'apple', 'microsoft', 'github', 'facebook', 'acme', 'demo'],
    ]);
    expect(configProblems({ ...PRODUCTION, ...all })).toEqual([]);
  });

  it.each(
    [GOOGLE, APPLE, MICROSOFT, GITHUB, FACEBOOK].flatMap((group) =>
      Object.keys(group).map((missing) => [missing, group] as const),
    ),
  )('are refused without %s, which is named', (missing, group) => {
    const problems = configProblems({ ...group, [missing]: '' });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${missing} is not set`));
    expect(problems.join()).not.toContain(SECRET);
  });

  it.each([
    ['GOOGLE_CLIENT_SECRET', GOOGLE],
    ['GITHUB_CLIENT_SECRET', GITHUB],
    ['FACEBOOK_CLIENT_SECRET', FACEBOOK],
    ['MICROSOFT_CLIENT_SECRET', MICROSOFT],
    ['APPLE_PRIVATE_KEY', APPLE],
    ['OIDC_PROVIDERS', oidc(ACME)],
  ] as [string, Record<string, string>][])('read %s from a file as well', (name, env) => {
    const file = join(newDirectory(), 'secret');
    writeFileSync(file, `${env[name]}\n`);
    const { [name]: _content, ...others } = env;

    expect(JSON.stringify(loadConfig({ ...others, [`${name}_FILE`]: file }).social)).toBe(
      JSON.stringify(loadConfig(env).social),
    );
  });
  const newDirectory = useDirectories();

  it.each([
    ['common', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
    ['Organizations', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
    ['consumers', 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'],
    [
      '8EAEF023-2b34-4da1-9baa-8bc8c9d6a490',
      'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0',
    ],
  ])('take %s for MICROSOFT_TENANT, whose issuer is %s', (tenant, namedIssuer) => {
    const { providers } = loadConfig({ ...MICROSOFT, MICROSOFT_TENANT: tenant }).social;

    expect(providers).toMatchObject([
      { issuer: `https://login.microsoftonline.com/${tenant.toLowerCase()}/v2.0`, namedIssuer },
    ]);
  });

  it.each(['', P8.replaceAll('\n', '\\n').trim(), `"${P8.replaceAll('\n', '\\n').trim()}"`, btoa(P8)])(
    'take the key of Apple as a variable can hold it: %#',
    (written) => {
      const key = written === '' ? P8 : written;

      expect(configProblems({ ...APPLE, APPLE_PRIVATE_KEY: key })).toEqual([]);
    },
  );

  it.each([
    ['of another form, as older tools write it', pemOf('P-256', 'sec1')],
    ['as Apple hands it out', P8],
  ])('make a client secret for Apple with a key %s', async (_form, pem) => {
    const [provider] = loadConfig({ ...APPLE, APPLE_PRIVATE_KEY: pem }).social.providers;
    const sign = provider?.clientSecret as (at: Date) => Promise<string>;

    expect((await sign(new Date())).split('.')).toHaveLength(3);
  });

  const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });

  it.each([
    ['of another curve', pemOf('P-384')],
    ['of RSA', RSA.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['that is public', RSA.publicKey.export({ type: 'spki', format: 'pem' }) as string],
    ['that is cut short', P8.slice(0, 100)],
    ['that is a path', '/run/secrets/AuthKey_ABC123DEFG.p8'],
  ])('refuse a key for Apple %s, and do not repeat it', (_what, pem) => {
    const problems = configProblems({ ...APPLE, APPLE_PRIVATE_KEY: pem });

    expect(problems).toEqual([
      `APPLE_PRIVATE_KEY is a secret of ${pem.length} characters: a private key of the curve P-256 in PEM, such as the content of AuthKey_ABC123DEFG.p8`,
    ]);
  });

  it.each([
    ['MICROSOFT_TENANT', { ...MICROSOFT, MICROSOFT_TENANT: 'example.onmicrosoft.com' }],
    ['MICROSOFT_TENANT', { ...MICROSOFT, MICROSOFT_TENANT: '../common' }],
    ['MICROSOFT_URL', { ...MICROSOFT, MICROSOFT_URL: 'login.microsoftonline.us' }],
    ['GITHUB_URL', { ...GITHUB, GITHUB_URL: 'ftp://github.example.com' }],
    ['GITHUB_API_URL', { ...GITHUB, GITHUB_API_URL: 'api.github.com' }],
    ['FACEBOOK_GRAPH_URL', { ...FACEBOOK, FACEBOOK_GRAPH_URL: 'https://graph.facebook.com/#x' }],
    ['GOOGLE_ISSUER', { ...GOOGLE, GOOGLE_ISSUER: 'accounts.google.com' }],
    ['GOOGLE_ISSUER', { ...GOOGLE, GOOGLE_ISSUER: 'https://user@accounts.google.com' }],
    ['GOOGLE_ISSUER', { ...GOOGLE, GOOGLE_ISSUER: 'https://accounts.google.com#x' }],
    ['APPLE_ISSUER', { ...APPLE, APPLE_ISSUER: 'https://appleid.apple.com?x' }],
    ['DEMO_PROVIDER', { DEMO_PROVIDER: 'yes' }],
    ['DEMO_PROVIDER_PORT', { DEMO_PROVIDER_PORT: '0' }],
    ['SOCIAL_SIGNUP', { SOCIAL_SIGNUP: '1' }],
    ['SOCIAL_WITHOUT_EMAIL', { SOCIAL_WITHOUT_EMAIL: 'on' }],
    ['STORE_PROVIDER_TOKENS', { STORE_PROVIDER_TOKENS: 'TRUE' }],
    ['SOCIAL_DOMAINS', { SOCIAL_DOMAINS: '@example.com' }],
    ['SOCIAL_DOMAINS', { SOCIAL_DOMAINS: '*.example.com' }],
    ['SOCIAL_DOMAINS', { SOCIAL_DOMAINS: 'localhost' }],
    ['SOCIAL_DOMAINS', { SOCIAL_DOMAINS: 'https://example.com' }],
    ['SOCIAL_DOMAINS', { SOCIAL_DOMAINS: 'example.com example.org' }],
  ] as [string, Record<string, string>][])('are refused by the name of %s: %j', (name, env) => {
    const problems = configProblems(env);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} is `));
    expect(problems.join()).not.toContain(SECRET);
  });

  it('take domains in any spelling, and compare them as addresses are', () => {
    const { domains } = loadConfig({
      SOCIAL_DOMAINS: ' Example.COM, bücher.example ,xn--bcher-kva.test',
    }).social;

    expect(domains).toEqual(['example.com', 'xn--bcher-kva.example', 'xn--bcher-kva.test']);
  });

  it('make no accounts where signing up is closed', () => {
    const mayCreate = (env: Record<string, string>) => loadConfig(env).social.mayCreateAccounts;

    expect(mayCreate({})).toBe(true);
    expect(mayCreate({ SOCIAL_SIGNUP: 'false' })).toBe(false);
    expect(mayCreate({ SIGNUP_DISABLED: 'true', SOCIAL_SIGNUP: 'true' })).toBe(false);
  });

  it('ask for what else is wanted beside what signing in takes', () => {
    const [google, github] = loadConfig({
      ...GOOGLE,
      ...GITHUB,
      GOOGLE_SCOPES: ' https://www.googleapis.com/auth/calendar.readonly  openid2 ',
      GITHUB_SCOPES: 'repo gist',
      GOOGLE_NATIVE_CLIENT_IDS: 'android, ios,',
    }).social.providers;

    expect(google).toMatchObject({
      scopes: ['openid', 'email', 'profile', 'https://www.googleapis.com/auth/calendar.readonly', 'openid2'],
      nativeClientIds: ['android', 'ios'],
    });
    expect(github?.scopes).toEqual(['read:user', 'user:email', 'repo', 'gist']);
  });
});

describe('OIDC_PROVIDERS', () => {
  it('takes any number of providers, with what each has besides', () => {
    const { providers } = loadConfig(
      oidc(ACME, {
        id: 'a-public-client',
        name: '  Öffentlich ',
        issuer: 'https://id.example.com/realms/x/',
        client_id: 'spa',
        scopes: ' openid   email\tgroups ',
        native_client_ids: ['android'],
        response_mode: 'form_post',
      }),
    ).social;

    expect(providers).toMatchObject([
      {
        ...{ kind: 'openid', id: 'acme', name: 'Acme', issuer: 'https://id.example.com' },
        clientSecret: SECRET,
        scopes: ['openid', 'email', 'profile'],
      },
      {
        ...{ id: 'a-public-client', name: 'Öffentlich', issuer: 'https://id.example.com/realms/x/' },
        ...{ clientId: 'spa', clientSecret: undefined, nativeClientIds: ['android'] },
        ...{ scopes: ['openid', 'email', 'groups'], parameters: { response_mode: 'form_post' } },
      },
    ]);
  });

  it('may have the id of a provider that is not configured otherwise', () => {
    expect(idsOf(oidc({ ...ACME, id: 'google' }))).toEqual(['google']);
  });

  const without = (name: keyof typeof ACME) =>
    Object.fromEntries(Object.entries(ACME).filter(([key]) => key !== name));

  it.each([
    ['no JSON', 'acme', 'it is not JSON'],
    ['JSON that is cut short', JSON.stringify([ACME]).slice(0, -5), 'it is not JSON'],
    ['an object', JSON.stringify(ACME), 'the list itself'],
    ['a list of texts', '["acme"]', '0'],
    ...(['id', 'name', 'issuer', 'client_id'] as const).map(
      (name) => [`no ${name}`, JSON.stringify([without(name)]), `0.${name}`] as const,
    ),
    ['an id with a slash', JSON.stringify([{ ...ACME, id: 'ac/me' }]), '0.id'],
    ['an id in capitals', JSON.stringify([{ ...ACME, id: 'Acme' }]), '0.id'],
    ['an id that begins with a hyphen', JSON.stringify([{ ...ACME, id: '-acme' }]), '0.id'],
    ['an id that is too long', JSON.stringify([{ ...ACME, id: 'a'.repeat(33) }]), '0.id'],
    ['an empty name', JSON.stringify([{ ...ACME, name: ' ' }]), '0.name'],
    [
      'an issuer with a query',
      JSON.stringify([{ ...ACME, issuer: 'https://id.example.com/?x' }]),
      '0.issuer',
    ],
    ['an issuer without a scheme', JSON.stringify([{ ...ACME, issuer: 'id.example.com' }]), '0.issuer'],
    ['an empty secret', JSON.stringify([{ ...ACME, client_secret: '' }]), '0.client_secret'],
    ['scopes without openid', JSON.stringify([{ ...ACME, scopes: 'email openid2' }]), '0.scopes'],
    ['scopes as a list', JSON.stringify([{ ...ACME, scopes: ['openid'] }]), '0.scopes'],
    ['another response mode', JSON.stringify([{ ...ACME, response_mode: 'fragment' }]), '0.response_mode'],
    [
      'an unknown member',
      JSON.stringify([ACME, { ...ACME, id: 'b', clientSecret: SECRET }]),
      '1.clientSecret',
    ],
    ['two wrong members', JSON.stringify([{ ...ACME, id: '', name: '' }]), '0.id, 0.name'],
  ])('is refused with %s, and names what is wrong without its value', (_what, text, wrong) => {
    const problems = configProblems({ OIDC_PROVIDERS: text });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^OIDC_PROVIDERS is a secret of \d+ characters: /);
    expect(problems[0]?.endsWith(`; what is wrong: ${wrong}`)).toBe(true);
    expect(problems[0]).not.toContain(SECRET);
  });

  it.each(['providers', 'exchange', 'link', 'code', 'factor', 'passkey'])(
    'is refused with the id %s, below which something else is',
    (id) => {
      expect(configProblems(oidc({ ...ACME, id }))).toEqual([
        `OIDC_PROVIDERS has the id ${id}, which is a path of ours`,
      ]);
    },
  );

  it.each([
    ['acme', oidc(ACME, { ...ACME, issuer: 'https://other.example.com' })],
    ['google', { ...GOOGLE, ...oidc({ ...ACME, id: 'google' }) }],
    ['demo', { DEMO_PROVIDER: 'true', ...oidc({ ...ACME, id: 'demo' }) }],
  ] as [string, Record<string, string>][])('is refused where another provider has the id %s', (id, env) => {
    expect(configProblems(env)).toEqual([`OIDC_PROVIDERS has the id ${id}, which another provider has`]);
  });
});

describe('Providers in production', () => {
  it('are no demo provider, which lets everyone in as anyone', () => {
    expect(configProblems({ ...PRODUCTION, DEMO_PROVIDER: 'true' })).toEqual([
      'DEMO_PROVIDER is true: it lets everyone in as anyone, so not in production',
    ]);
  });

  it.each([
    ['google', { ...GOOGLE, GOOGLE_ISSUER: 'http://id.internal' }],
    ['apple', { ...APPLE, APPLE_ISSUER: 'http://id.internal' }],
    ['microsoft', { ...MICROSOFT, MICROSOFT_URL: 'http://id.internal' }],
    ['github', { ...GITHUB, GITHUB_URL: 'http://id.internal' }],
    ['github', { ...GITHUB, GITHUB_API_URL: 'http://id.internal/api/v3' }],
    ['facebook', { ...FACEBOOK, FACEBOOK_URL: 'http://id.internal' }],
    ['facebook', { ...FACEBOOK, FACEBOOK_GRAPH_URL: 'http://id.internal' }],
    ['acme', oidc({ ...ACME, issuer: 'http://id.internal/realms/x' })],
    ['demo', oidc({ ...ACME, id: 'demo', issuer: 'http://id.internal' })],
  ] as [string, Record<string, string>][])('are asked over TLS alone: %s is refused with %j', (id, env) => {
    expect(configProblems(env)).toEqual([]);
    expect(configProblems({ ...PRODUCTION, ...env })).toEqual([
      `The provider ${id} is at http://id.internal: production wants https`,
    ]);
  });
});
