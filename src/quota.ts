/** The named limits. They are public API: clients and operators meet them in headers, refusals and metrics. */
export const POLICIES = [
  'signup-ip',
  'login-ip',
  'login-account',
  'session-ip',
  'refresh-session',
  'oauth-ip',
  'token',
  'api-key',
] as const;

export type PolicyName = (typeof POLICIES)[number];

/** How much somebody may still do under one policy. */
export interface Quota {
  readonly policy: PolicyName;
  /** How many requests a window has; of `login-account`, how many failures come before the first delay. */
  readonly limit: number;
  /** Absent where the policy has no window. */
  readonly windowSeconds?: number;
  readonly remaining: number;
  /** Seconds until there is more. */
  readonly resetSeconds: number;
}

/** How often something may be done: so many times in a window of so many seconds. */
export interface Rate {
  readonly limit: number;
  readonly windowSeconds: number;
}
