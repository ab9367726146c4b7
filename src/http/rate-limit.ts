import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import { rateLimited } from '../core/errors.ts';
import type { Quota } from '../core/limits/quota.ts';
import type { RateLimiter, RequestPolicy } from '../core/limits/rate-limiter.ts';

type CountedQuota = Quota & { readonly allowed: boolean };

declare global {
  namespace Express {
    interface Request {
      /** What an address may still send, where this request has been counted already. */
      countedQuota?: CountedQuota;
    }
  }
}

interface AddressLimited {
  readonly limit?: RequestPolicy;
  readonly limitSparesAuthorization?: true;
}

/** The policy by which a route counts the address of a request; undefined where it does not. */
export function addressPolicyOf(
  { limit, limitSparesAuthorization }: AddressLimited,
  { headers }: IncomingMessage,
): RequestPolicy | undefined {
  return limitSparesAuthorization && headers.authorization !== undefined ? undefined : limit;
}

/** What is left of these would tell how much mail others get, so only a refusal shows them. */
const UNDISCLOSED: readonly RequestPolicy[] = ['send-address', 'send-total'];

/** Counts a request against a policy: shows in the answer what is left, throws AppError rate_limited if nothing is. */
export type Limit = (res: Response, policy: RequestPolicy, key: string) => Promise<void>;

/** `limiter` is undefined where limits are off. `onLimited` is told of each refusal, for the metrics. */
export function createLimit(
  limiter: RateLimiter | undefined,
  onLimited: (policy: RequestPolicy) => void,
): Limit {
  return async (res, policy, key) => {
    if (limiter === undefined) return;
    const { allowed, ...quota } = takeCounted(res, policy) ?? (await limiter.consume(policy, key));
    if (!allowed) {
      onLimited(policy);
      throw rateLimited(quota);
    }
    if (!UNDISCLOSED.includes(policy)) showQuota(res, quota);
  };
}

/** What was counted before the request came to Express; a request counts once. */
function takeCounted({ req }: Response, policy: RequestPolicy): CountedQuota | undefined {
  const counted = req.countedQuota;
  if (counted?.policy !== policy) return undefined;
  delete req.countedQuota;
  return counted;
}

/**
 * Adds a quota to the fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10). Both are lists:
 * where several policies apply to one request, each has a member.
 */
export function showQuota(res: Response, quota: Quota): void {
  for (const [field, member] of quotaFields(quota)) {
    const before = res.get(field);
    res.set(field, before === undefined ? member : `${before}, ${member}`);
  }
}

/** The two fields, each with the member of this quota. */
export function quotaFields(quota: Quota): readonly (readonly [field: string, member: string])[] {
  const { policy, limit, windowSeconds, remaining, resetSeconds } = quota;
  const window = windowSeconds === undefined ? '' : `;w=${windowSeconds}`;
  return [
    ['RateLimit-Policy', `"${policy}";q=${limit}${window}`],
    ['RateLimit', `"${policy}";r=${remaining};t=${resetSeconds}`],
  ];
}
