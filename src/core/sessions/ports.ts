import type { CoreStore, CoreStores } from '../stores.ts';

export type { Rights, RightsStore } from '../access/rights.store.ts';
export type { Holding } from '../principal.ts';
export type { Announce, RecordedRevocation, Revocation } from '../revocation/revocation.ts';
export type { RevocationStore, RevocationTable } from '../revocation/revocations.store.ts';
export type * from './session.ts';
export type { SessionStore } from './sessions.store.ts';
export type SessionStores = CoreStores;
export type TransactionalSessionStores = CoreStore;
