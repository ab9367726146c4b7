import type { Count } from '../limits/rate-limiter.ts';
import type { Codes } from './codes.ts';

/**
 * Counts a message before it is made: for its address, for the account that asks while signed in, and in all. The network
 * is counted by the route. For those who are not signed in an address stands for its account, or the limit would tell that
 * two addresses are of one.
 * @throws AppError rate_limited
 */
export async function countSend(
  count: Count,
  { nameOf }: Pick<Codes, 'nameOf'>,
  address: string,
  userId?: string,
): Promise<void> {
  if (userId !== undefined) await count('send-account', userId);
  await count('send-address', nameOf(address));
  await count('send-total', 'all');
}
