import type { Count } from '../limits/rate-limiter.ts';
import type { Codes } from './codes.ts';

/**
 * Counts a message before it is made: for the account that asks while signed in, for its address, and in all. The route has
 * counted the network. Without a sign-in only the address is counted: a count of its account would tell that two addresses
 * belong to one.
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
