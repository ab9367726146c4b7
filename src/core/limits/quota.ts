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
  'send-address',
  'send-account',
  'send-ip',
  'send-total',
  'sms-daily',
  'code-tries',
] as const;

export type PolicyName = (typeof POLICIES)[number];

/** What a client has left under one policy. */
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

/** A rate: at most `limit` times per window of `windowSeconds`. */
export interface Rate {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** The key of the limit `token`: the tokens of a session share it, so that a refresh gives no new quota. */
export function tokenKeyOf({ sid, jti }: { readonly sid?: string; readonly jti: string }): string {
  return sid ?? jti;
}

/** A network around that of a client, which counts what comes from all of it. */
export interface WiderNetwork {
  readonly prefixBits: 56 | 48;
  readonly network: string;
  /** How many times the limit of one client it has. */
  readonly multiple: number;
}

const IPV6_NETWORK = /^([\da-f]+):([\da-f]+):([\da-f]+):([\da-f]+)::\/64$/;

/**
 * The networks around an IPv6 /64, narrowest first; none for anything else. Providers give a customer a /56 or a /48
 * (RFC 6177), which has 256 or 65,536 networks of 64 bits to send from.
 */
export function widerNetworksOf(network: string): readonly WiderNetwork[] {
  const parts = IPV6_NETWORK.exec(network);
  if (parts === null) return [];
  const [, first, second, third, fourth = '0'] = parts;
  const site = `${first}:${second}:${third}`;
  const half = (Number.parseInt(fourth, 16) & 0xff00).toString(16);
  return [
    { prefixBits: 56, network: `${site}:${half}::/56`, multiple: 4 },
    { prefixBits: 48, network: `${site}::/48`, multiple: 16 },
  ];
}
