import type { FactorLogin, Me, User } from './api.ts';
import { openTabs, type Tabs } from './tabs.ts';

export type FactorMethod = FactorLogin['method'];

/** Who is signed in, as a page shows it. A new object at each change. */
export type Session =
  | { readonly status: 'loading'; readonly user: null; readonly methods?: never; readonly reason?: never }
  | {
      readonly status: 'signed-in';
      readonly user: User & Partial<Me>;
      readonly methods?: never;
      readonly reason?: never;
    }
  | {
      readonly status: 'signed-out';
      readonly user: null;
      readonly methods?: never;
      /** Why the session has ended: the code of the refusal, or `signed_out`. */
      readonly reason?: string;
    }
  | {
      readonly status: 'challenge';
      readonly user: null;
      /** How the second factor may be proved. */
      readonly methods: readonly FactorMethod[];
      readonly reason?: never;
    };

/** What all tabs share. */
export interface State {
  /** The higher one wins, and of two the one of the higher tab: so all tabs come to the same. */
  readonly version: number;
  readonly tab: number;
  /** Of the sign-in that the session comes from: what is said of an earlier one does not concern it. */
  readonly id: number;
  readonly session: Session;
  readonly access?: AccessToken | undefined;
  readonly refreshToken?: string | undefined;
  /** With every change by cookie. */
  readonly csrfToken?: string | undefined;
}

export interface AccessToken {
  readonly token: string;
  /** By the clock of Latchkey. */
  readonly expiresAtMs: number;
  readonly lifetimeMs: number;
}

/** A `localStorage`, or what is like it in an app. */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface SharedState {
  readonly current: State;
  /** What this tab shows: the session of all tabs, or a step that is its own. */
  readonly shown: Session;
  /** Puts this in place of what there was, in all tabs. */
  set(next: Omit<State, 'version' | 'tab'>): void;
  /** Shows this in this tab alone, until a user signs in; undefined ends that. */
  show(session: Session | undefined): void;
  subscribe(listener: (session: Session) => void): () => void;
  /**
   * Learns what this tab may have missed, from the storage and from other tabs. Resolves with whether anything is known.
   * @param isStart whether what is stored will do, until other tabs have answered
   */
  catchUp(isStart?: boolean): Promise<boolean>;
  readonly alone: Tabs['alone'];
  close(): void;
}

/** A tab that is there answers sooner. */
const HELLO_TIMEOUT_MS = 100;

export function shareState(key: string, store: Store): SharedState {
  const tab = Math.random();
  const listeners = new Set<(session: Session) => void>();
  let current: State = { version: 0, tab, id: 0, session: { status: 'loading', user: null } };
  let own: Session | undefined;
  let shown = current.session;
  let learned = () => {};
  let mayHaveMissed = true;

  const tabs = openTabs(key, (message) => {
    if (!('version' in message)) {
      if (current.version > 0) tabs.tell(current);
    } else if (isNewer(message as State)) {
      change(message as State);
      // One that is of this tab alone, such as sessionStorage, would keep a token that another tab has used up.
      store('setItem', key, JSON.stringify(current));
      learned();
    }
  });

  function isNewer({ version, tab }: State): boolean {
    return (version - current.version || tab - current.tab) > 0;
  }

  function change(next: State): void {
    // Tokens that are renewed, or a session that ends, do not interrupt a sign-in.
    const goesOn = next.id === current.id || (own?.status === 'challenge' && next.session.user === null);
    put(next, goesOn ? own : undefined);
  }

  function put(next: State, nextOwn: Session | undefined): void {
    current = next;
    own = nextOwn;
    const after = own ?? current.session;
    // What came from another tab is another object, of which a page is told only where it says something else.
    if (after === shown || (after !== own && JSON.stringify(after) === JSON.stringify(shown))) return;
    shown = after;
    // One that throws is reported as that of an event, and stops nothing here.
    for (const listener of listeners) queueMicrotask(() => listener(after));
  }

  async function catchUp(isStart = false): Promise<boolean> {
    const stored = parse(await store('getItem', key));
    if (stored && isNewer(stored)) change(stored);
    if (mayHaveMissed) {
      // A storage of this tab alone, such as sessionStorage, knows nothing of what others did while it was elsewhere.
      const heard = new Promise<void>((resolve) => {
        learned = resolve;
        setTimeout(resolve, tabs.isAlone ? 0 : HELLO_TIMEOUT_MS);
        tabs.tell({});
      }).then(() => {
        mayHaveMissed = false;
      });
      if (!stored || !isStart) await heard;
    }
    return current.version > 0;
  }

  // A page that was left and is shown again by the Back button has heard nothing meanwhile.
  globalThis.addEventListener?.('pageshow', ({ persisted }) => {
    mayHaveMissed ||= persisted;
    if (persisted) void catchUp();
  });

  return {
    get current() {
      return current;
    },
    set(next) {
      const { id, version } = current;
      // Of two sessions the later one wins, also over what is said of the other at the same time, or by a tab that was frozen.
      const least = next.id === id ? 0 : Date.now();
      change({ ...next, version: Math.max(least, version + 1), tab });
      tabs.tell(current);
      store('setItem', key, JSON.stringify(current));
    },
    get shown() {
      return shown;
    },
    show: (session) =>
      session?.status === 'signed-out' ? put({ ...current, session }, undefined) : put(current, session),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    catchUp,
    alone: tabs.alone,
    close: tabs.close,
  };
}

function parse(stored: string | null | undefined): State | undefined {
  try {
    const state = JSON.parse(stored as string);
    return state?.session && state;
  } catch {
    // Of another program: it is overwritten at the next sign-in.
    return undefined;
  }
}

/** Asks a storage, where there is one. */
export type Store = (
  method: 'getItem' | 'setItem',
  key: string,
  value?: string,
) => Promise<string | null | undefined>;

/** Where a storage fails, as for want of space, what is in memory has to do. */
export const storeIn =
  (storage: TokenStorage | undefined, onError: (error: unknown) => void): Store =>
  async (method, key, value) => {
    try {
      return (await storage?.[method](key, value as string)) as string | null;
    } catch (error) {
      onError(error);
      return undefined;
    }
  };
