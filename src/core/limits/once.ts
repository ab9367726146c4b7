import type { CoreStores } from '../stores.ts';
import type { Rate } from './quota.ts';

/** What is good once has to have expired long before its use is forgotten. */
const ONCE: Rate = { limit: 1, windowSeconds: 86_400 };

/** Marks what is named, by a name of at most 100 characters, as used. False where it was: of concurrent callers one gets true. */
export async function useOnce(
  { counts }: Pick<CoreStores, 'counts'>,
  name: string,
  at: Date,
): Promise<boolean> {
  await counts.prepare([name], at, ONCE);
  return counts.take([name], at, ONCE);
}
