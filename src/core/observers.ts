import type { PolicyName } from './limits/quota.ts';
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
  readonly limited: (policy: PolicyName) => void;
  /** A failed attempt to authenticate as a client. */
  readonly clientRefused: () => void;
  /** How an attempt to send a message ended. */
  readonly delivery: (channel: string, outcome: string) => void;
  /** How many messages have not been sent yet. */
  readonly outboxWaiting: (channel: string, amount: number) => void;
  /** How many SMS of its budget the day has had. */
  readonly smsSent: (amount: number) => void;
  readonly hashQueue: QueueObserver;
}
