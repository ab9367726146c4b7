import { storesOf } from '../../core/stores.ts';
import type { Scope } from '../../db/scope.ts';
import { createResetTokenStore } from './reset-tokens.store.ts';

export type ResetStores = ReturnType<typeof resetStoresOf>;

/** The stores of the core, and that of the tokens. */
export function resetStoresOf(scope: Scope) {
  return { ...storesOf(scope), resetTokens: createResetTokenStore(scope) };
}
