import { type ClientEvent, type Credentials, createAccess, type Transport } from './access.ts';
import type { Routes, Signup, User } from './api.ts';
import type { Body, Input } from './call.ts';
import { type LatchkeyError, unreachable } from './error.ts';
import { createSignedFetch } from './fetch.ts';
import { answerOf, createHttp, type Fetch, pause } from './http.ts';
import { createSignIn, passkeyModule, provePasskey, type SignIn, type Step } from './sign-in.ts';
import { type Session, shareState, storeIn, type TokenStorage } from './state.ts';

export interface ClientOptions {
  /** Where Latchkey is, such as https://auth.example.com. */
  readonly url: string;
  /** `cookie` for a page on the same site as Latchkey, whose scripts then never see a token that lasts; `token` for all others. */
  readonly transport: Transport;
  /** Origins of your own services, besides that of Latchkey, to which `fetch` sends an access token. */
  readonly origins?: readonly string[];
  /** Where tokens outlive a reload, such as `localStorage`: any script of the page can read them there. None with cookies. */
  readonly storage?: TokenStorage;
  /** In place of the global one: that of a worker, or of an app. */
  readonly fetch?: Fetch;
  /** Told what happens to the session, for a log. */
  readonly onEvent?: (event: ClientEvent) => void;
}

/** What proves once more who is signed in: the password, a second factor, or a passkey, which is both. */
export type Proof =
  | { readonly password: string }
  | { readonly code: string; readonly method?: 'totp' | 'recovery_code' }
  | { readonly passkey: true };

/** A client of Latchkey for one page or app. All its tabs share one session. */
export type Client = ReturnType<typeof createClient>;

const JSON_HEADERS = { 'Content-Type': 'application/json' };
/** The longest pause between two attempts to find out who is signed in. */
const LONGEST_PAUSE_SECONDS = 30;

/** @returns a client that finds out at once whether a user is signed in; `session.status` is `loading` until it knows */
export function createClient(options: ClientOptions) {
  const { transport } = options;
  const onEvent = (event: ClientEvent) => queueMicrotask(() => options.onEvent?.(event));
  const base = new URL(options.url).href.replace(/\/+$/, '');
  const key = `latchkey:${transport}:${base}`;
  const store = storeIn(transport === 'token' ? options.storage : undefined, (error) =>
    onEvent({ type: 'storage-failed', error }),
  );
  // Called without its object a global fetch refuses.
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const isOwn = ({ href }: URL) => href === base || href.startsWith(`${base}/`);
  const origins = new Set(options.origins?.map((origin) => new URL(origin).origin));

  const state = shareState(key, store);
  const http = createHttp(base, transport === 'cookie' ? 'include' : 'omit', fetch);
  const access = createAccess(http, state, transport, onEvent);
  const signIns = createSignIn({ base, http, access, state, transport, store, key });
  let isClosed = false;
  const loaded = load();
  const signedFetch = createSignedFetch({
    fetch,
    http,
    access,
    state,
    loaded,
    transport,
    isOwn,
    origins,
  });

  async function load(): Promise<void> {
    const isKnown = state.catchUp(true);
    if (transport === 'token') {
      if (!(await isKnown) && state.shown.status === 'loading')
        state.show({ status: 'signed-out', user: null });
    } else if (globalThis.document) await identify(1);
  }

  /** Finds out whose cookie there is, later where Latchkey cannot be reached now. */
  async function identify(pauseSeconds: number): Promise<void> {
    const isOpen = () => !isClosed && state.current.session.status === 'loading';
    await access.identify().catch(() => {
      const next = Math.min(2 * pauseSeconds, LONGEST_PAUSE_SECONDS);
      pause(pauseSeconds).then(() => void (isOpen() && identify(next)));
    });
  }

  /**
   * Calls a route of Latchkey as the user who is signed in, such as `call('PATCH /me', { name: 'Ada' })` or
   * `call('DELETE /sessions/{id}', undefined, { id })`.
   * @throws LatchkeyError
   */
  async function call<Name extends keyof Routes>(
    route: Name,
    ...[body, params]: Input<Name>
  ): Promise<Routes[Name]['answer']> {
    let [method = '', path = ''] = route.split(' ');
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries<string>(params ?? {})) {
      const hole = `{${name}}`;
      if (path.includes(hole)) path = path.replace(hole, encodeURIComponent(value));
      else query.set(name, value);
    }
    const init = body !== undefined && { body: JSON.stringify(body), headers: JSON_HEADERS };
    const search = String(query);
    await loaded;
    const { id } = state.current;
    const answer = await signedFetch(base + path + (search && `?${search}`), { method, ...init })
      .then(answerOf<Credentials & { session?: Credentials; user?: User }>)
      .catch((cause) => {
        throw unreachable(cause);
      });
    // It may have come late, when there is another session.
    if (state.current.id === id) {
      // Only these say by how many factors a session is authenticated: other tokens are for others.
      const raised = answer.session ?? answer;
      // A renewal that is on its way would put a token of before in its place.
      if (raised.acr !== undefined)
        await state.alone(async () => state.current.id === id && access.keep(raised));
      if (answer.user !== undefined && path.startsWith('/me')) access.show(answer.user);
    }
    return answer as Routes[Name]['answer'];
  }

  async function provePasskeyAgain() {
    const { challenge_token, public_key } = await call('POST /login/passkey/options');
    const credential = await provePasskey(public_key);
    return credential && { challenge_token, credential };
  }

  return {
    /** Who is signed in; the same object until that changes. */
    get session(): Session {
      return state.shown;
    },
    /** Tells of each change of `session`, of whichever tab. Returns what ends that. */
    subscribe: state.subscribe,
    /** Resolves once it is known whether a user is signed in, or Latchkey could not be reached. */
    ready: () => loaded,
    /** A `fetch` that lets its caller in at Latchkey and at `origins`, and at no others. */
    fetch: signedFetch,
    call,

    /** Opens an account, and signs in. @throws LatchkeyError such as `validation_failed`, with `fields` */
    signUp: (account: Omit<Signup, 'transport'>): Promise<Step> => signIns.enter('/signup', account),
    /** Signs in, or takes the next step of it. @throws LatchkeyError such as `invalid_credentials` */
    signIn: (how: SignIn): Promise<Step> => signIns.signIn(how),
    /** Leads the browser to a provider, which leads back to `returnTo`. Call `completeSignIn()` there. */
    signInWith(provider: string, { returnTo }: { readonly returnTo: string }): void {
      location.assign(signIns.urlOfProvider(provider, returnTo));
    },
    /** The same for an app without pages of its own: the URL to open. */
    urlOfProvider: signIns.urlOfProvider,
    /**
     * On the page that a link or a provider leads back to: how far the sign-in has come; undefined where none led here.
     * @throws LatchkeyError such as `access_denied`, where the person pressed Cancel
     */
    completeSignIn: signIns.completeSignIn,
    /** Sends the code of a second factor. */
    sendFactorCode: signIns.sendFactorCode,
    /** Confirms the address of `signUp` by the code that was sent to it. */
    verifyEmail: signIns.verifyEmail,
    /** Ends this session, all `others` of the account, or all of them: `global`. @throws LatchkeyError where it goes on */
    async signOut({
      scope = 'local',
    }: {
      readonly scope?: 'local' | 'others' | 'global';
    } = {}): Promise<void> {
      const { id } = state.current;
      try {
        // Not by the refresh token: one that a renewal is using up meanwhile has no power over other sessions.
        await call('POST /logout', undefined, { scope });
      } catch (error) {
        // It was over already.
        if ((error as LatchkeyError).status !== 401) throw error;
      }
      if (scope === 'others') return;
      access.end('signed_out', id);
      state.show(undefined);
    },
    /**
     * Proves once more who is signed in, for what is refused with `insufficient_user_authentication`.
     * @returns false where the person has closed the dialog of the passkey
     */
    async reauthenticate(proof: Proof): Promise<boolean> {
      const body = 'passkey' in proof ? await provePasskeyAgain() : proof;
      if (body !== undefined) await call('POST /me/reauthenticate', body);
      return body !== undefined;
    },

    /** The account as it is now. */
    user: async () => (await call('GET /me')).user,
    updateUser: async (changes: Body<'PATCH /me'>) => (await call('PATCH /me', changes)).user,
    /** All other sessions end. */
    changePassword: (change: Body<'POST /me/password'>) => call('POST /me/password', change),
    sessions: {
      list: async () => (await call('GET /sessions')).sessions,
      end: (id: string) => call('DELETE /sessions/{id}', undefined, { id }),
    },
    factors: {
      list: () => call('GET /me/factors'),
      /** Begins to set an authenticator app up: show `qr_svg`, and confirm the first code. */
      addTotp: (name?: string) => call('POST /me/factors/totp', name === undefined ? {} : { name }),
      /** The answer has recovery codes, once. */
      confirmTotp: (id: string, code: string) => call('POST /me/factors/totp/{id}/confirm', { code }, { id }),
      removeTotp: (id: string) => call('DELETE /me/factors/totp/{id}', undefined, { id }),
      /** Ten new ones in place of all before. */
      renewRecoveryCodes: async () => (await call('POST /me/recovery-codes')).recovery_codes,
    },
    passkeys: {
      list: async () => (await passkeyModule()).listPasskeys(call),
      /** Has the device make one. @throws DOMException NotAllowedError where the person does not want to */
      add: async (name?: string) => (await passkeyModule()).addPasskey(call, name),
      rename: (id: string, name: string) => call('PATCH /me/passkeys/{id}', { name }, { id }),
      remove: async (id: string) => (await passkeyModule()).removePasskey(call, id),
    },
    /** Stops listening to other tabs. */
    close(): void {
      isClosed = true;
      state.close();
    },
  };
}
