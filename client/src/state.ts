import type { FactorLogin, Me, User } from './api.ts';
import { openTabs, type Tabs } from './tabs.ts';

export type FactorMethod = FactorLogin['method'];

/** Who is signed in, as a page shows it. A new object at each change. */
export interface Session {
  readonly status: 'loading' | 'signed-in' | 'signed-out' | 'challenge';
  readonly user: (User & Partial<Me>) | null;
  /** How the second factor may be proved that a `challenge` is about. */
  readonly methods?: readonly FactorMethod[];
  /** Why the session has ended: the code of the refusal, or `signed_out`. */
  readonly reason?: string;
}

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
  /** Learns what this tab may have missed, from the storage or from other tabs. Resolves with whether anything is known. */
  catchUp(): Promise<boolean>;
  readonly alone: Tabs['alone'];
  close(): void;
}

/** A tab that is there answers sooner. */
const HELLO_TIMEOUT_MS = 100;

export function shareState(key: string, storage: TokenStorage | undefined): SharedState {
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
      storage?.setItem(key, JSON.stringify(current));
      learned();
    }
  });

  function isNewer({ version, tab }: State): boolean {
    return version > current.version || (version === current.version && tab > current.tab);
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
    if (JSON.stringify(after) === JSON.stringify(shown)) return;
    shown = after;
    for (const listener of [...listeners]) listener(shown);
  }

  async function catchUp(): Promise<boolean> {
    const stored = parse(await storage?.getItem(key));
    if (stored !== undefined) {
      if (isNewer(stored)) change(stored);
    } else if (mayHaveMissed) {
      await new Promise<void>((resolve) => {
        learned = resolve;
        setTimeout(resolve, tabs.isAlone ? 0 : HELLO_TIMEOUT_MS);
        tabs.tell({});
      });
    }
    mayHaveMissed = false;
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
      change({ ...next, version: current.version + 1, tab });
      tabs.tell(current);
      storage?.setItem(key, JSON.stringify(current));
    },
    get shown() {
      return shown;
    },
    show: (session) => put(current, session),
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
    return stored ? JSON.parse(stored) : undefined;
  } catch {
    // Of another program: it is overwritten at the next sign-in.
    return undefined;
  }
}
