/** Speaks to the other tabs of this site, and lets one of them at a time do something. */
export interface Tabs {
  /** Whether there are no other tabs to hear from. */
  readonly isAlone: boolean;
  /** Tells all other tabs, in the order of the calls. */
  tell(message: object): void;
  /** Runs this while no other tab does, and after all that was told before has been heard. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
  close(): void;
}

/** A tab that hears nothing, as one that is being closed, must not keep the others waiting. */
const ECHO_TIMEOUT_MS = 1000;

/**
 * Where there is neither a lock nor a channel (outside browsers, and over HTTP from another host than localhost) a tab
 * works for itself: two that refresh at once are given the same tokens by Latchkey.
 */
export function openTabs(name: string, hear: (message: object) => void): Tabs {
  if (!globalThis.document || !globalThis.BroadcastChannel)
    return { isAlone: true, tell: () => {}, alone: (work) => work(), close: () => {} };

  // A channel does not hear itself, so there are two: a word of one's own comes after all that others said before it.
  const ear = new BroadcastChannel(name);
  const mouth = new BroadcastChannel(name);
  let isClosed = false;
  const echoes = new Map<unknown, () => void>();
  ear.onmessage = ({ data }) => {
    if (typeof data === 'object') hear(data);
    else echoes.get(data)?.();
  };

  /** Resolves once this tab has heard all that was told until now. */
  async function caughtUp(): Promise<void> {
    if (isClosed) return;
    const word = Math.random();
    await new Promise<void>((resolve) => {
      echoes.set(word, resolve);
      setTimeout(resolve, ECHO_TIMEOUT_MS);
      mouth.postMessage(word);
    });
    echoes.delete(word);
  }

  return {
    isAlone: false,
    tell: (message) => {
      if (!isClosed) mouth.postMessage(message);
    },
    alone(work) {
      if (navigator.locks === undefined) return work();
      // A lock and a message travel by ways of their own: the one may arrive before the other.
      return navigator.locks.request(name, async () => {
        await caughtUp();
        try {
          return await work();
        } finally {
          await caughtUp();
        }
      });
    },
    close() {
      isClosed = true;
      ear.close();
      mouth.close();
    },
  };
}
