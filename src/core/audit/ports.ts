import type { CoreStores } from '../stores.ts';

export type { AuditStore as LedgerStore } from './audit.store.ts';
export type { AuditEvent, AuditFilter } from './audit.ts';
export type AuditStores = CoreStores;
