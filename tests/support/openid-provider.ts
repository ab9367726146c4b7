import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterPayload, ClientMetadata, JWK } from 'oidc-provider';
import type { Page } from 'playwright-core';
import { forgetSessions, interactions } from '../../scripts/demo-provider/interactions.js';
import { createMemory } from '../../scripts/demo-provider/memory.js';
import { createProvider, makeSigningKey } from '../../scripts/demo-provider/provider.js';
import { type SignInChoice, signInAsBrowser, signInOnPage } from './openid-browser.ts';
import { createMisbehaviour } from './openid-misbehaviour.ts';

export interface OpenIdProviderOptions {
  /** Of the client, besides what is made for it: how it authenticates, which algorithm its tokens have. */
  readonly client?: Partial<ClientMetadata>;
  /** Further clients. */
  readonly clients?: readonly ClientMetadata[];
  readonly codeTtlSeconds?: number;
  /** False for a provider that tells the email address and the name at userinfo alone. */
  readonly claimsInIdToken?: boolean;
  /** True for a provider that shows no sign-in page to a browser that it knows. */
  readonly remembersSignIns?: boolean;
}

/** What the provider knows of an account, any value of JSON. `undefined` takes a default away. */
export interface AccountClaims {
  readonly sub?: string;
  readonly email?: unknown;
  readonly email_verified?: unknown;
  readonly name?: unknown;
  /** When the person has signed in, in seconds; in tokens where the client sends `max_age`. */
  readonly auth_time?: number;
  /** `given_name`, `family_name`, `preferred_username`, `picture` and `locale`. tamperIdToken adds others. */
  readonly [claim: string]: unknown;
}

/** What was asked of the provider. */
export interface ProviderRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** What was sent to the token endpoint. */
  form?: Readonly<Record<string, unknown>>;
}

export type OpenIdProvider = Awaited<ReturnType<typeof startOpenIdProvider>>;

/** A real OpenID provider on a port of its own, where any login signs in. It can be made to misbehave. */
export async function startOpenIdProvider({
  client = {},
  clients = [],
  codeTtlSeconds = 60,
  claimsInIdToken = true,
  remembersSignIns = false,
}: OpenIdProviderOptions = {}) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;

  const clientId = client.client_id ?? 'latchkey';
  const clientSecret = client.client_secret ?? randomBytes(32).toString('base64url');
  const own = {
    grant_types: ['authorization_code', 'refresh_token'],
    ...client,
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [...(client.redirect_uris ?? [])],
  };
  const registered = [own, ...clients];
  const accounts = createAccounts();
  const memory = createMemory();
  const requests: ProviderRequest[] = [];
  const serverErrors: Error[] = [];
  let keys = await makeKeys();
  const misbehaviour = createMisbehaviour({ clientSecret, keys: () => keys });

  /** Of a provider that has these keys, as if it were restarted: what was handed out before is good still. */
  async function makeHandler() {
    const provider = await createProvider(
      issuer,
      {
        adapter: (model) => ({
          ...memory.adapter(model),
          // Clients are looked up each time, since they can get another redirect URI.
          ...(model === 'Client' && { find: async (id: string) => findClient(id) }),
        }),
        jwks: { keys },
        clientAuthMethods: registered.map(
          ({ token_endpoint_auth_method: method = 'client_secret_basic' }) => method,
        ),
        conformIdTokenClaims: !claimsInIdToken,
        findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => accounts.claimsOf(sub) }),
        renderError(ctx, out) {
          ctx.body = JSON.stringify(out);
        },
      },
      { codeTtlSeconds },
    );
    provider.on('server_error', (_ctx, error) => serverErrors.push(error));
    if (!remembersSignIns) provider.use(forgetSessions);
    provider.use(misbehaviour.middleware);
    provider.use(async (ctx, next) => {
      await next();
      const request = received.get(ctx.req);
      if (request !== undefined && ctx.path === '/token') request.form = { ...ctx.oidc?.body };
    });
    provider.use(
      interactions(provider, {
        signInPage: () => SIGN_IN_PAGE,
        signIn: (form) => accounts.signIn(form.get('login') ?? ''),
        consentPage: () => CONSENT_PAGE,
        errorPage: ({ message }) => message,
      }),
    );
    return provider.callback();
  }

  function findClient(id: string) {
    return registered.find(({ client_id }) => client_id === id) as AdapterPayload | undefined;
  }

  const received = new WeakMap<object, ProviderRequest>();
  let handle = await makeHandler();
  server.on('request', (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', issuer);
    const { method = '', headers } = req;
    const request = { method, path: pathname, query: searchParams, headers: { ...headers } };
    requests.push(request);
    received.set(req, request);
    if (!misbehaviour.intercepts(req, res)) handle(req, res);
  });

  async function goDown(): Promise<void> {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  return {
    issuer,
    port,
    clientId,
    clientSecret,
    /** What has been asked so far, the latest last. */
    requests,
    ...misbehaviour.controls,

    /** Registers a redirect URI of the client. */
    allow(redirectUri: string): void {
      own.redirect_uris.push(redirectUri);
    },

    /** By default an account has a `sub` of its own, its login as verified email address, and a name. */
    setAccount: accounts.set,

    /** Signs by other keys from now on, and still publishes the former ones if they are kept. */
    async rotateKeys({ keepsFormer = false }: { readonly keepsFormer?: boolean } = {}): Promise<void> {
      keys = [...(await makeKeys()), ...(keepsFormer ? keys : [])];
      handle = await makeHandler();
    },

    /** Lets the codes expire that are out. */
    expireCodes(): void {
      memory.expire('AuthorizationCode');
    },

    /** Refuses connections until comeBack. */
    goDown,

    async comeBack(): Promise<void> {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },

    /** Follows an authorization request as a browser does, up to what goes back to the client. */
    signIn: (authorizationUrl: string | URL, choice: SignInChoice) =>
      signInAsBrowser(issuer, authorizationUrl, choice),

    /** The same on a page of a real browser that has come to the provider. The page goes on to the client. */
    signInOn: (page: Page, choice: SignInChoice) => signInOnPage(issuer, page, choice),

    /** Fails if the provider itself has failed. */
    async stop(): Promise<void> {
      await goDown();
      if (serverErrors.length > 0) throw new AggregateError(serverErrors, 'the OpenID provider has failed');
    },
  };
}

function createAccounts() {
  const known = new Map<string, AccountClaims>();
  const logins = new Map<string, string>();

  function describe(login: string) {
    const { auth_time: authTime, ...claims } = known.get(login) ?? {};
    const sub = createHash('sha256').update(login).digest('hex').slice(0, 32);
    return {
      authTime,
      claims: { sub, email: login, email_verified: true, name: 'Ada Lovelace', ...claims },
    };
  }

  return {
    set(login: string, claims: AccountClaims): void {
      known.set(login, claims);
    },
    signIn(login: string) {
      const { authTime, claims } = describe(login);
      logins.set(claims.sub, login);
      return { accountId: claims.sub, ...(authTime !== undefined && { ts: authTime }) };
    },
    claimsOf: (sub: string) => describe(logins.get(sub) ?? sub).claims,
  };
}

async function makeKeys(): Promise<readonly JWK[]> {
  const keys = await Promise.all([makeSigningKey('RS256'), makeSigningKey('ES256')]);
  return keys.map((key) => ({ ...key, kid: randomBytes(8).toString('hex') }));
}

const SIGN_IN_PAGE = `<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>
<form method="post"><label>Login <input name="login" required></label> <button>Sign in</button></form></html>`;

const CONSENT_PAGE = `<!doctype html><html lang="en"><title>Continue?</title><h1>Continue?</h1>
<form method="post"><button name="decision" value="continue">Continue</button>
<button name="decision" value="cancel">Cancel</button></form></html>`;
