import type { User } from './api.ts';
import { type LatchkeyError, UNKNOWN } from './error.ts';
import type { Http } from './http.ts';
import type { Session, SharedState, State } from './state.ts';

/** A token is renewed this long before it expires, or a fifth of its life where that is shorter. */
const LEAD_MS = 60_000;

/** What an answer may hold that lets its receiver in. */
export interface Credentials {
  readonly access_token?: string;
  readonly expires_in?: number;
  readonly refresh_token?: string;
  readonly csrf_token?: string;
  readonly acr?: string;
}

export type Transport = 'cookie' | 'token';

export type ClientEvent =
  | { readonly type: 'signed-in' | 'renewed' }
  | { readonly type: 'signed-out'; readonly reason: string }
  | { readonly type: 'renewal-failed' | 'storage-failed'; readonly error: unknown };

export interface Access {
  /** Keeps the session that a sign-in has begun, for all tabs. */
  begin(answer: Credentials & { readonly user: User }): void;
  /** Keeps what renews or raises the session that is there. */
  keep(answer: Credentials): void;
  /** Shows what the account is now; another account than before has none of the tokens of that one. */
  show(user: User): void;
  /** Forgets a session, in all tabs, unless there is another one by now. */
  end(reason: string, id?: number): void;
  /**
   * An access token that is good for a while; undefined where no user is signed in.
   * @param refused one that a service has not taken
   * @throws LatchkeyError where it has expired and cannot be renewed now; the session goes on
   */
  token(refused?: string): Promise<string | undefined>;
  /** What a change by cookie takes as X-CSRF-Token; undefined where no user is signed in. */
  csrfToken(): Promise<string | undefined>;
  /** Asks Latchkey who is signed in by cookie. @throws LatchkeyError where it does not say */
  identify(): Promise<void>;
}

/** The life of an access token: kept, renewed ahead of its expiry by one tab at a time, and given up. */
export function createAccess(
  http: Http,
  state: SharedState,
  transport: Transport,
  emit: (event: ClientEvent) => void,
): Access {
  let renewal: Promise<void> | undefined;

  function begin({ user, ...credentials }: Credentials & { readonly user: User }): void {
    state.set({ id: Math.random(), session: { status: 'signed-in', user }, ...held(credentials) });
    emit({ type: 'signed-in' });
  }

  function keep(credentials: Credentials): void {
    const { id, session, refreshToken, csrfToken } = state.current;
    const given = held(credentials);
    state.set({
      id,
      session,
      access: given.access,
      refreshToken: given.refreshToken ?? refreshToken,
      csrfToken: given.csrfToken ?? csrfToken,
    });
    emit({ type: 'renewed' });
  }

  function held({ access_token: token, expires_in: seconds = 0, refresh_token, csrf_token }: Credentials) {
    const lifetimeMs = seconds * 1000;
    return {
      access: token ? { token, lifetimeMs, expiresAtMs: http.now() + lifetimeMs } : undefined,
      refreshToken: refresh_token,
      csrfToken: csrf_token,
    };
  }

  function show(user: User, changes: Partial<State> = {}): void {
    const { current } = state;
    const isSame = current.session.user?.id === user.id;
    const kept = isSame ? current : { id: Math.random() };
    state.set({ ...kept, ...changes, session: { status: 'signed-in', user } });
  }

  function end(reason: string, id = state.current.id): void {
    const { status } = state.current.session;
    // Once out, the reason stays for people to read.
    if (state.current.id !== id || status === 'signed-out') return;
    const wasSignedIn = status === 'signed-in';
    const session: Session = { status: 'signed-out', user: null, ...(wasSignedIn && { reason }) };
    state.set({ id: Math.random(), session });
    if (wasSignedIn) emit({ type: 'signed-out', reason });
  }

  async function token(refused?: string): Promise<string | undefined> {
    if (isOver()) return undefined;
    if (!isGood(refused, LEAD_MS)) {
      renewal ??= state.alone(() => renew(refused)).finally(() => (renewal = undefined));
      try {
        await renewal;
      } catch (error) {
        // It was to be renewed ahead of time, and there may be time left.
        if (!isGood(refused, 0)) throw error;
      }
    }
    return state.current.access?.token;
  }

  function isOver(): boolean {
    const { refreshToken, session } = state.current;
    return transport === 'token' ? refreshToken === undefined : session.status === 'signed-out';
  }

  function isGood(refused: string | undefined, leadMs: number): boolean {
    const { access } = state.current;
    if (!access || access.token === refused) return false;
    return http.now() < access.expiresAtMs - Math.min(leadMs, access.lifetimeMs / 5);
  }

  async function renew(refused?: string, isAgain = false): Promise<void> {
    await state.catchUp();
    // Another tab may have done it while this one waited.
    if (isOver() || isGood(refused, LEAD_MS)) return;
    const { refreshToken, id, session } = state.current;
    try {
      await unlessOver(async () => {
        const credentials = transport === 'token' ? await refresh(refreshToken) : await exchangeCookie();
        // A sign-in or a sign-out of another tab may have come in between.
        if (state.current.id === id) keep(credentials);
      });
    } catch (error) {
      // A sign-in that this tab has not heard of has replaced the cookie: of the same user, or what was asked for was meant
      // for another one.
      if (!isAgain && (error as LatchkeyError).code === 'csrf_token_invalid') {
        await identify();
        if (state.current.session.user?.id === session.user?.id) return renew(refused, true);
      }
      emit({ type: 'renewal-failed', error });
      throw error;
    }
  }

  /** Does this, and gives the session up where Latchkey says that it is over: a 401 of a proxy has no code of Latchkey. */
  async function unlessOver(work: () => Promise<void>): Promise<void> {
    const { id } = state.current;
    try {
      await work();
    } catch (error) {
      const { status, code } = error as LatchkeyError;
      if (status !== 401 || code === UNKNOWN) throw error;
      end(code, id);
    }
  }

  /** Repeated with the same token where the answer is lost: Latchkey gives the same next one. */
  function refresh(refreshToken: string | undefined): Promise<Credentials> {
    return http.ask('POST', '/refresh', { refresh_token: refreshToken }, { isRepeatable: true });
  }

  async function exchangeCookie(): Promise<Credentials> {
    const headers = { 'X-CSRF-Token': (await csrfToken()) ?? '' };
    return http.ask('POST', '/session/token', {}, { headers, isRepeatable: true });
  }

  async function csrfToken(): Promise<string | undefined> {
    const { id, csrfToken } = state.current;
    if (csrfToken === undefined && !isOver())
      await unlessOver(async () => {
        const { csrf_token } = await http.ask<Credentials>('GET', '/csrf', undefined, { isRepeatable: true });
        if (state.current.id === id) state.set({ ...state.current, csrfToken: csrf_token });
      });
    return state.current.csrfToken;
  }

  function identify(): Promise<void> {
    const { id } = state.current;
    return unlessOver(async () => {
      const { user } = await http.ask<{ user: User }>('GET', '/me', undefined, { isRepeatable: true });
      // There was a sign-in or a sign-out meanwhile: whose cookie is it now?
      if (state.current.id !== id && state.current.session.user?.id !== user.id) return identify();
      // Another sign-in of the same user may have replaced the cookie, and with it this token.
      show(user, { csrfToken: undefined });
    });
  }

  return { begin, keep, show, end, token, csrfToken, identify };
}
