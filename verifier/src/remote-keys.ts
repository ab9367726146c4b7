import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { VerificationError } from './errors.ts';
import { requestJson } from './http.ts';
import { keysOfJwks, type VerifyingKey } from './keys.ts';
import type { Report } from './report.ts';

export interface RemoteKeysOptions {
  readonly url: URL;
  readonly clock: Clock;
  readonly report: Report;
  /** Called when a key is no longer published. */
  readonly onRemoved: () => void;
}

/** Keys that are published elsewhere. */
export interface RemoteKeys {
  readonly find: (kid: string) => VerifyingKey | undefined;
  /**
   * Fetches the keys, unless that was done in the last 30 s; one fetch at a time, however many ask.
   * @throws VerificationError keys_unavailable where the keys are not known
   */
  readonly refresh: () => Promise<void>;
  /** Starts a refresh, and throws the same while it is under way or where the last one failed. */
  readonly requireKnown: () => void;
  /** Resolves once they are known, however often that has to be tried; rejects where there are none. */
  readonly ready: () => Promise<void>;
  readonly close: () => void;
}

/** Tokens with invented keys cause no more fetches than that. */
const MIN_INTERVAL_MILLISECONDS = 30_000;
/** While it fails; before the first success a caller of `ready` waits for it. */
const RETRY_MILLISECONDS = 5_000;
const FIRST_RETRY_MILLISECONDS = 1_000;
/** A key that is taken away is trusted no longer than that, as long as the keys can be fetched. */
const MAX_AGE_MILLISECONDS = 300_000;
const TIMEOUT_MILLISECONDS = 5_000;

const UNDER_HS256 = 'under HS256 give the secret instead';
const NOT_THERE: readonly number[] = [401, 403, 404, 410];

class KeysError extends Error {
  /** An error of the configuration, which has to be changed. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean) {
    super(message);
    this.isFinal = isFinal;
  }
}

/** Follows a JWK Set (RFC 7517 section 5): fetched at the start, every five minutes, and when a token names an unknown key. */
export function createRemoteKeys({ url, clock, report, onRemoved }: RemoteKeysOptions): RemoteKeys {
  const closing = new AbortController();
  let keys = new Map<string, VerifyingKey>();
  let underWay: Promise<void> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let isFirst = true;
  let timer: NodeJS.Timeout | undefined;
  let failure: Error | undefined = new Error('they have not been fetched yet');

  async function fetchKeys(): Promise<void> {
    try {
      const { status, body } = await requestJson(url, {
        timeoutMilliseconds: TIMEOUT_MILLISECONDS,
        signal: closing.signal,
      });
      if (status !== 200) throw new KeysError(`${url} answered ${status}`, NOT_THERE.includes(status));
      const fetched = keysOfJwks(body);
      // Also where none is left: the removal of a key that has leaked must take effect.
      replace(new Map(fetched.map((key) => [key.kid, key])));
      if (fetched.length === 0) throw new KeysError(`${url} has none; ${UNDER_HS256}`, true);
      failure = undefined;
      isFirst = false;
      report.recovered();
    } catch (error) {
      failure = error as Error;
      if (!closing.signal.aborted) {
        const kind = failure instanceof KeysError ? failure.message : 'no answer';
        report.failed(kind, new Error(`no keys: ${failure.message}`, { cause: error }));
      }
    }
  }

  function replace(fetched: Map<string, VerifyingKey>): void {
    const isRemoved = ({ kid, verifyingKey }: VerifyingKey) =>
      !(fetched.get(kid)?.verifyingKey.equals(verifyingKey) ?? false);
    const before = keys;
    keys = fetched;
    if ([...before.values()].some(isRemoved)) onRemoved();
  }

  async function refresh(): Promise<void> {
    const interval = failure === undefined ? MIN_INTERVAL_MILLISECONDS : retryMilliseconds();
    if (underWay === undefined && clock.monotonic() - triedAt >= interval) {
      triedAt = clock.monotonic();
      underWay = fetchKeys().finally(() => {
        underWay = undefined;
        schedule();
      });
    }
    await underWay;
    if (failure !== undefined) throw unavailable();
  }

  const retryMilliseconds = () => (isFirst ? FIRST_RETRY_MILLISECONDS : RETRY_MILLISECONDS);

  /** Fetches regularly, so that a removed key is noticed even if no token names a new one. */
  function schedule(): void {
    clearTimeout(timer);
    if (closing.signal.aborted) return;
    timer = setTimeout(
      refreshQuietly,
      failure === undefined ? MAX_AGE_MILLISECONDS : RETRY_MILLISECONDS,
    ).unref();
  }

  function requireKnown(): void {
    void refreshQuietly();
    if (underWay !== undefined || failure !== undefined) throw unavailable();
  }

  function unavailable(): VerificationError {
    return new VerificationError(
      'keys_unavailable',
      'The keys of the auth service cannot be had at present.',
      {
        cause: failure,
      },
    );
  }

  async function ready(): Promise<void> {
    while (failure !== undefined) {
      await refreshQuietly();
      if (failure instanceof KeysError && failure.isFinal) throw failure;
      if (failure !== undefined) await sleep(retryMilliseconds(), undefined, closing).catch(() => {});
      if (closing.signal.aborted) throw new Error('the verifier was closed');
    }
  }

  // A failure is reported there, and tried again.
  const refreshQuietly = () => refresh().catch(() => {});
  void refreshQuietly();

  return {
    find: (kid) => keys.get(kid),
    refresh,
    requireKnown,
    ready,
    close() {
      clearTimeout(timer);
      closing.abort();
    },
  };
}
