import { expect } from '@jest/globals';
import type { Response } from 'supertest';

export interface ShownQuota {
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** The policy that each refresh and logout counts under beside the one that a test is about. */
const BESIDE = 'session-ip';

/** What an answer tells but for the policy that is beside every other. */
export function quotasOf(response: Pick<Response, 'headers'>): ShownQuota[] {
  return allQuotasOf(response).filter(({ policy }) => policy !== BESIDE);
}

/** What an answer tells in RateLimit-Policy and RateLimit, which must list the same policies. */
export function allQuotasOf({ headers }: Pick<Response, 'headers'>): ShownQuota[] {
  const policies = members(headers['ratelimit-policy'], /^"([a-z-]+)";q=(\d+);w=(\d+)$/);
  const states = members(headers.ratelimit, /^"([a-z-]+)";r=(\d+);t=(\d+)$/);
  expect(states.map(([policy]) => policy)).toEqual(policies.map(([policy]) => policy));
  return policies.map(([policy, limit, windowSeconds], index) => {
    const [, remaining = Number.NaN, resetSeconds = Number.NaN] = states[index] ?? [];
    return { policy, limit, windowSeconds, remaining, resetSeconds };
  });
}

/** What answers left, one after another, under the only policy that each of them names. */
export function remainingOf(responses: readonly Response[]): number[] {
  return responses.map((response) => {
    const [quota, ...others] = quotasOf(response);
    expect(others).toEqual([]);
    return quota?.remaining ?? Number.NaN;
  });
}

/** Holds a refusal against all that a client is promised of it. Other policies of which something is left are named `beside`. */
export function expectLimited(
  response: Response,
  { policy, limit, windowSeconds }: Pick<ShownQuota, 'policy' | 'limit' | 'windowSeconds'>,
  beside: readonly string[] = [],
): void {
  expect(response.status).toBe(429);
  expect(response.type).toBe('application/problem+json');
  expect(response.body).toMatchObject({ status: 429, code: 'rate_limited', policy });
  expect(response.headers['retry-after']).toMatch(/^\d+$/);
  const retryAfter = Number(response.headers['retry-after']);
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(retryAfter).toBeLessThanOrEqual(windowSeconds);
  expect(quotasOf(response).filter(({ policy }) => !beside.includes(policy))).toEqual([
    { policy, limit, windowSeconds, remaining: 0, resetSeconds: retryAfter },
  ]);
}

let networks = 0;

/** An IPv4 address that no other test sends from (RFC 2544), so that tests of one app do not count for each other. */
export function aNetwork(): string {
  networks++;
  return `198.18.${networks >> 8}.${networks & 255}`;
}

function members(field: string | undefined, member: RegExp): [string, number, number][] {
  if (field === undefined) return [];
  return field.split(', ').map((text) => {
    expect(text).toMatch(member);
    const [, name = '', first, second] = member.exec(text) ?? [];
    return [name, Number(first), Number(second)];
  });
}
