import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Response, Test } from 'supertest';
import { createTestClock, PUBLIC_URL, startApp, type TestApp, type TestClock } from './app.ts';
import { setCookiesIn } from './cookies.ts';
import type { DatabaseKind } from './databases.ts';
import type { ApplePeer } from './social-peers/apple.ts';
import type { FacebookPeer } from './social-peers/facebook.ts';
import type { GitHubPeer } from './social-peers/github.ts';
import type { GooglePeer } from './social-peers/google.ts';
import { type PeerControl, readFormPost } from './social-peers/peer.ts';

/** The page of the app that signs people in, and of which RETURN_URLS has the origin. */
export const APP_PAGE = 'https://app.example.com/signed-in';

/** What the stand-ins know of this service. */
export const CLIENT = { clientId: 'our-client', clientSecret: 'our-secret-of-a-client' };

export const callbackOf = (provider: string): string => `${PUBLIC_URL}/login/${provider}/callback`;

/** The variables of a stand-in. */
export const googleEnv = ({ issuer }: GooglePeer) => ({ ...clientEnv('GOOGLE'), GOOGLE_ISSUER: issuer });

export const githubEnv = ({ url, apiUrl }: GitHubPeer) => ({
  ...clientEnv('GITHUB'),
  GITHUB_URL: url,
  GITHUB_API_URL: apiUrl,
});

export const facebookEnv = ({ url }: FacebookPeer) => ({
  ...clientEnv('FACEBOOK'),
  FACEBOOK_URL: url,
  FACEBOOK_GRAPH_URL: url,
});

export const microsoftEnv = ({ url }: PeerControl) => ({ ...clientEnv('MICROSOFT'), MICROSOFT_URL: url });

export const appleEnv = ({ issuer, clientId, teamId, keyId, privateKey }: ApplePeer) => ({
  APPLE_CLIENT_ID: clientId,
  APPLE_TEAM_ID: teamId,
  APPLE_KEY_ID: keyId,
  APPLE_PRIVATE_KEY: privateKey,
  APPLE_ISSUER: issuer,
});

function clientEnv(prefix: string): Record<string, string> {
  return { [`${prefix}_CLIENT_ID`]: CLIENT.clientId, [`${prefix}_CLIENT_SECRET`]: CLIENT.clientSecret };
}

/** How a provider leads a browser back: by a link, or by a form that another site sends. */
export interface Callback {
  readonly url: URL;
  readonly form?: URLSearchParams;
}

export type Browser = ReturnType<typeof openBrowser>;

/** A browser with cookies of its own, as far as signing in at a provider takes one. `at` may be another process of the service. */
export function openBrowser(app: TestApp) {
  const jar = new Map<string, string>();

  /** Sends a request with the cookies of the service, and keeps those of the answer. */
  async function send(test: Test): Promise<Response> {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await (cookie === '' ? test : test.set('Cookie', cookie));
    for (const text of setCookiesIn(response)) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      jar.delete(name);
      if (!/; Max-Age=0(;|$)/.test(text)) jar.set(name, value);
    }
    return response;
  }

  /** Opens GET /login/{provider}, which leads to the provider. */
  function begin(provider: string, query: Record<string, string> = {}, at = app): Promise<Response> {
    return send(at.get(`/login/${provider}`).query({ return_to: APP_PAGE, ...query }));
  }

  /** Signs in at the page of a stand-in, which leads back to the service: as whom, its `signIn` has said. */
  async function visit(url: string | URL): Promise<Callback> {
    const answer = await fetch(url, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location !== null) return { url: new URL(location) };
    const html = await answer.text();
    const { action, fields } = readFormPost(html);
    if (action === '') throw new Error(`the provider leads nowhere: ${answer.status} ${html.slice(0, 500)}`);
    return { url: new URL(action), form: fields };
  }

  /** Comes back to the service, which leads to the app. Its cookies do not come along with the form of another site. */
  async function comeBack({ url, form }: Callback, at = app): Promise<Response> {
    if (form === undefined) return send(at.get(url.pathname + url.search));
    const posted = await at.post(url.pathname).type('form').send(form.toString());
    const { location = '' } = posted.headers;
    if (!location.startsWith(PUBLIC_URL)) return posted;
    return send(at.get(location.slice(PUBLIC_URL.length)));
  }

  /** All of that, up to the page of the app: its URL. */
  async function signIn(provider: string, query: Record<string, string> = {}, at = app): Promise<URL> {
    const begun = await begin(provider, query, at);
    if (begun.status !== 302) return locationOf(begun);
    return locationOf(await comeBack(await visit(locationOf(begun)), at));
  }

  /** The app exchanges the code in its URL for a session. */
  function exchange(page: URL, body: Record<string, unknown> = {}, at = app): Test {
    return at.post('/login/exchange').send({ code: page.searchParams.get('code') ?? '', ...body });
  }

  /** Signs in up to the session: what POST /login/exchange answers. */
  async function enter(provider: string, query: Record<string, string> = {}, at = app): Promise<SignedIn> {
    const page = await signIn(provider, query, at);
    const { status, body } = await exchange(page, {}, at);
    if (status !== 200) throw new Error(`${page.href} is no session: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  return { jar, send, begin, visit, comeBack, signIn, exchange, enter };
}

/** What the exchange answers, as far as tests look at it. */
export interface SignedIn {
  readonly user: {
    readonly id: string;
    readonly email: string | null;
    readonly email_verified: boolean;
  } & Record<string, unknown>;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly device_token: string;
}

/** Where an answer leads. */
export function locationOf(response: Response): URL {
  const { location } = response.headers;
  if (location === undefined) throw new Error(`no redirect: ${response.status} ${titleOf(response)}`);
  return new URL(location);
}

const titleOf = ({ text }: Response) => /<h1>(.*)<\/h1>/.exec(text)?.[1] ?? text;

/** The parameters with which a browser comes to a page. */
export const parametersOf = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams);

export interface SocialApp<Peer> {
  readonly app: TestApp;
  readonly peer: Peer;
  readonly clock: TestClock;
  /** Ends the time of all requests to the stand-in, which does not pass otherwise. */
  readonly timeOut: () => void;
  /** Starts another service on the same database, with these variables instead. */
  readonly startBeside: (env: Record<string, string>) => Promise<TestApp>;
}

export interface SocialAppOptions<Peer> {
  readonly kind?: DatabaseKind;
  /** Starts the stand-in, with the time of the service. */
  readonly start: (clock: TestClock) => Promise<Peer>;
  /** The variables with which the service uses it. */
  readonly env: (peer: Peer) => Record<string, string>;
}

/**
 * The service beside a stand-in for a provider, for the suite at hand. After each test the stand-in is well again and every
 * answer must have kept the OpenAPI contract; at the end no log line may hold a secret that was sent to the stand-in.
 */
export function useSocialApp<Peer extends PeerControl>(options: SocialAppOptions<Peer>): SocialApp<Peer> {
  const { kind = 'SQLite' } = options;
  const { start: startProviderTimeout, end: timeOut } = createTimeouts();
  const beside: TestApp[] = [];
  let databaseUrl = '';
  const used: { -readonly [Name in keyof SocialApp<Peer>]: SocialApp<Peer>[Name] } = {
    app: {} as TestApp,
    peer: {} as Peer,
    clock: createTestClock(),
    timeOut,
    async startBeside(env) {
      const app = await start(env, () => databaseUrl);
      beside.push(app);
      return app;
    },
  };

  function start(env: Record<string, string>, reach: (url: string) => string): Promise<TestApp> {
    const all = { RETURN_URLS: new URL(APP_PAGE).origin, ...options.env(used.peer), ...env };
    return startApp(kind, all, reach, { clock: used.clock, startProviderTimeout });
  }

  beforeAll(async () => {
    used.clock = createTestClock();
    used.peer = await options.start(used.clock);
    used.app = await start({}, (url) => {
      databaseUrl = url;
      return url;
    });
  });
  afterEach(async () => {
    used.peer.recover();
    await used.peer.comeBack();
    expect(used.app.contractViolations.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    const apps = [...beside, used.app];
    for (const app of apps) await app.stop();
    await used.peer.stop();
    for (const { logs } of apps) expectNoSecrets(logs.lines, secretsSentTo(used.peer));
  });
  return used;
}

/** Time-outs that a test ends, once it knows that the requests are on their way. */
function createTimeouts() {
  const controllers = new Set<AbortController>();
  return {
    start(): AbortSignal {
      const controller = new AbortController();
      controllers.add(controller);
      return controller.signal;
    },
    end(): void {
      for (const controller of controllers)
        controller.abort(new DOMException('It took too long', 'TimeoutError'));
      controllers.clear();
    },
  };
}

/** What a client has sent to a stand-in and must keep to itself. */
export function secretsSentTo({ requests }: PeerControl): string[] {
  const names = ['code', 'code_verifier', 'client_secret', 'refresh_token'];
  const sent = requests.flatMap(({ body, headers }) => {
    const form = new URLSearchParams(body);
    const bearer = headers.authorization?.replace(/^Bearer /, '');
    return [...names.map((name) => form.get(name)), bearer];
  });
  return [...new Set(sent.filter((secret) => secret != null && secret !== ''))] as string[];
}

/** Codes, tokens and ids of the stand-ins are long hexadecimal texts. */
const OF_PEERS = /[0-9a-f]{36}/;

export function expectNoSecrets(lines: readonly string[], secrets: readonly string[]): void {
  for (const line of lines) {
    const leak = secrets.find((secret) => line.includes(secret)) ?? OF_PEERS.exec(line)?.[0];
    if (leak !== undefined) throw new Error(`a log line holds ${leak}: ${line}`);
  }
}
