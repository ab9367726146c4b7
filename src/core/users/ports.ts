import type { CoreStore, CoreStores } from '../stores.ts';

export type { Identifier } from './identifiers.ts';
export type * from './user.ts';
export type { UserRoleStore } from './user-roles.store.ts';
export type { UserStore } from './users.store.ts';
export type AccountStores = CoreStores;
export type AccountStore = CoreStore;
