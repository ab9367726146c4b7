import type { RequestPolicy } from './limits/rate-limiter.ts';
import type { QueueObserver } from './passwords/fair-queue.ts';

/** Callbacks for what happens, for the metrics. */
export interface Observers {
  /** How a sign-in ended. */
  readonly login: (outcome: string) => void;
  /** How a sign-up ended. */
  readonly signup: (outcome: string) => void;
  /** The outcome of a refresh. */
  readonly refresh: (outcome: string) => void;
  /** A 429; `login-account` is the delay after wrong passwords. */
  readonly limited: (policy: RequestPolicy | 'login-account') => void;
  /** A failed attempt to authenticate as a client. */
  readonly clientRefused: () => void;
  readonly hashQueue: QueueObserver;
}
