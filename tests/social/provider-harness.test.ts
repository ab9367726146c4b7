import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as client from 'openid-client';
import { useBrowser } from '../support/browser.ts';
import { onChromium } from '../support/interop.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { useContexts } from '../support/page-app.ts';

const CALLBACK = 'http://localhost:3000/login/demo/callback';
const CONSENTED = { login: 'ada@example.com' };

/** An independent client of the provider. */
function useClient() {
  let provider: OpenIdProvider;
  let config: client.Configuration;
  beforeAll(async () => {
    provider = await startOpenIdProvider();
    provider.allow(CALLBACK);
  });
  beforeEach(discover);
  afterEach(() => provider.behave());
  afterAll(() => provider.stop());

  /** Reads the documents of the provider anew. */
  async function discover(): Promise<void> {
    config = await client.discovery(
      new URL(provider.issuer),
      provider.clientId,
      provider.clientSecret,
      client.ClientSecretBasic(provider.clientSecret),
      { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
    );
  }

  /** An authorization request, and how its answer becomes tokens. */
  async function begin(parameters: Record<string, string> = {}) {
    const using = config;
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(using, {
      redirect_uri: CALLBACK,
      scope: 'openid email profile',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    });
    const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce };
    const finish = ({ method, url, parameters: body }: Awaited<ReturnType<OpenIdProvider['signIn']>>) =>
      client.authorizationCodeGrant(
        using,
        method === 'GET' ? new URL(url) : new Request(url, { method, body }),
        checks,
      );
    return { url, finish };
  }

  async function signIn(parameters: Record<string, string> = {}, choice = CONSENTED) {
    const { url, finish } = await begin(parameters);
    return finish(await provider.signIn(url, choice));
  }

  return {
    get provider() {
      return provider;
    },
    get config() {
      return config;
    },
    discover,
    begin,
    signIn,
  };
}

describe('The OpenID provider of the tests', () => {
  const site = useClient();

  it('tells who has signed in, in the ID token and at userinfo', async () => {
    const { provider, config } = site;
    const tokens = await site.signIn();
    const claims = tokens.claims();
    expect(claims).toMatchObject({
      iss: provider.issuer,
      aud: provider.clientId,
      email: 'ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
    });
    expect(await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')).toEqual({
      sub: claims?.sub,
      email: 'ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
    });
    expect((await site.signIn()).claims()?.sub).toBe(claims?.sub);
    expect(provider.requests.filter(({ path }) => path === '/token').at(-1)).toMatchObject({
      method: 'POST',
      headers: { authorization: expect.stringMatching(/^Basic /) },
      form: { grant_type: 'authorization_code', code_verifier: expect.any(String) },
    });
  });

  it('tells what was said of an account, whatever it is', async () => {
    const authTime = Math.floor(Date.now() / 1000) - 100;
    site.provider.setAccount('ada', {
      sub: '17',
      email: undefined,
      email_verified: 'true',
      name: ['Ada'],
      auth_time: authTime,
    });
    const claims = (await site.signIn({ max_age: '3600' }, { login: 'ada' })).claims();
    expect(claims).toMatchObject({ sub: '17', email_verified: 'true', name: ['Ada'], auth_time: authTime });
    expect(claims).not.toHaveProperty('email');
  });

  it('passes on that a person has cancelled', async () => {
    const { url, finish } = await site.begin();
    const response = await site.provider.signIn(url, { ...CONSENTED, consent: false });
    expect(response.url).toMatch(new RegExp(`^${CALLBACK}\\?`));
    await expect(finish(response)).rejects.toMatchObject({ error: 'access_denied' });
  });

  it('answers by a form where it is asked to', async () => {
    const { url, finish } = await site.begin({ response_mode: 'form_post' });
    const response = await site.provider.signIn(url, CONSENTED);
    expect(response).toMatchObject({ method: 'POST', url: CALLBACK });
    expect((await finish(response)).claims()).toMatchObject({ email: 'ada@example.com' });
  });

  it('gives a refresh token for offline access', async () => {
    const { refresh_token: refreshToken = '' } = await site.signIn({
      scope: 'openid offline_access',
      prompt: 'consent',
    });
    const refreshed = await client.refreshTokenGrant(site.config, refreshToken);
    expect(refreshed.claims()).toMatchObject({ iss: site.provider.issuer });
  });

  it.each(['query', 'form_post'])('names another issuer or none in an answer by %s', async (mode) => {
    const { url, finish } = await site.begin({ response_mode: mode });
    for (const iss of ['https://other.example', undefined]) {
      site.provider.setResponseIss(iss);
      const response = await site.provider.signIn(url, CONSENTED);
      expect(response.parameters.get('iss')).toBe(iss ?? null);
      await expect(finish(response)).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/iss/) },
      });
    }
  });

  const FAULTS: readonly [what: string, misbehave: (provider: OpenIdProvider) => void][] = [
    ['is dated by a slow clock', (provider) => provider.setClockSkewSeconds(-4000)],
    ['has another nonce', (provider) => provider.tamperIdToken((claims) => ({ ...claims, nonce: 'x' }))],
    ['has no audience', (provider) => provider.tamperIdToken(({ aud: _, ...claims }) => claims)],
    ['is signed by a foreign key', (provider) => provider.signIdTokensWith('foreign key')],
    ['is signed by the secret of the client', (provider) => provider.signIdTokensWith('client secret')],
    ['is not signed', (provider) => provider.signIdTokensWith('nothing')],
  ];

  it.each(FAULTS)('can issue an ID token that %s', async (_what, misbehave) => {
    misbehave(site.provider);
    await expect(site.signIn()).rejects.toThrow(client.ClientError);

    site.provider.behave();
    await site.signIn();
  });

  it('can issue any other ID token under its own signature', async () => {
    site.provider.setClockSkewSeconds(3);
    site.provider.tamperIdToken((claims) => ({ ...claims, hd: 'example.com' }));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = (await site.signIn()).claims();
    expect(claims?.hd).toBe('example.com');
    expect(claims?.iat).toBeGreaterThanOrEqual(nowSeconds + 3);
  });

  it('signs by new keys once they are rotated, and keeps what it has handed out', async () => {
    const { provider } = site;
    const kids = async () => {
      const response = await fetch(site.config.serverMetadata().jwks_uri ?? '');
      return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    };
    const former = await kids();
    const { url, finish } = await site.begin();
    const response = await provider.signIn(url, CONSENTED);

    await provider.rotateKeys();
    const latter = await kids();
    expect(latter.filter((kid) => former.includes(kid))).toEqual([]);
    expect((await finish(response)).claims()).toMatchObject({ email: 'ada@example.com' });

    await provider.rotateKeys({ keepsFormer: true });
    expect(await kids()).toEqual(expect.arrayContaining(latter));
    await site.discover();
    await site.signIn();
  });

  it('refuses connections while it is down, and is as before when it is back', async () => {
    const { url, finish } = await site.begin();
    const response = await site.provider.signIn(url, CONSENTED);
    await site.provider.goDown();
    await expect(finish(response)).rejects.toThrow('fetch failed');

    await site.provider.comeBack();
    expect((await finish(response)).claims()).toMatchObject({ email: 'ada@example.com' });
  });

  it('describes itself as a test wants, and lets a test answer in its place', async () => {
    site.provider.tamperDiscovery((document) => ({
      ...document,
      issuer: 'https://other.example/{tenantid}',
    }));
    await expect(site.discover()).rejects.toThrow(client.ClientError);

    site.provider.behave();
    site.provider.intercept((req, res) => {
      if (req.url !== '/token') return false;
      res.writeHead(503).end('busy');
      return true;
    });
    await expect(site.signIn()).rejects.toMatchObject({ cause: { status: 503 } });
  });

  it('lets codes expire and takes each once', async () => {
    const expired = await site.begin();
    const response = await site.provider.signIn(expired.url, CONSENTED);
    site.provider.expireCodes();
    await expect(expired.finish(response)).rejects.toMatchObject({ error: 'invalid_grant' });
    const used = await site.begin();
    const again = await site.provider.signIn(used.url, CONSENTED);
    await used.finish(again);
    await expect(used.finish(again)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});

onChromium((chromium) => {
  const browser = useBrowser(chromium);
  const newContext = useContexts(browser);
  const site = useClient();
  let app: Server;
  beforeAll(async () => {
    app = createServer((_req, res) => res.end('signed in'));
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    app.closeAllConnections();
    app.close();
  });

  it.each(['query', 'form_post'])('The OpenID provider of the tests serves a browser by %s', async (mode) => {
    const callback = `http://localhost:${(app.address() as AddressInfo).port}/callback`;
    site.provider.allow(callback);
    const { url, finish } = await site.begin({ redirect_uri: callback, response_mode: mode });
    const page = await (await newContext()).newPage();
    await page.goto(url.href);

    const response = await site.provider.signInOn(page, CONSENTED);
    expect(response.method).toBe(mode === 'query' ? 'GET' : 'POST');
    await page.getByText('signed in').waitFor();
    expect((await finish(response)).claims()).toMatchObject({ email: 'ada@example.com' });
  });
});
