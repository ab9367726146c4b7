import type { PolicyName, Quota } from './quota.ts';

/** The policies that count requests. The others count in the database: failures, tries and SMS. */
export type RequestPolicy = Exclude<PolicyName, 'login-account' | 'sms-daily' | 'code-tries'>;

/** Counts requests by policy and key. */
export interface RateLimiter {
  /** Counts one request. It never fails: where the counts of all replicas cannot be had, this process's own decide. */
  readonly consume: (policy: RequestPolicy, key: string) => Promise<Quota & { readonly allowed: boolean }>;
}

/** Counts a request against a limit. @throws AppError rate_limited */
export type Count = (policy: RequestPolicy, key: string) => Promise<void>;
