import { CLOCK_TOLERANCE_SECONDS, MAX_ACCESS_TOKEN_TTL_SECONDS } from '@latchkey/verifier/core';
import { v7 as uuidv7 } from 'uuid';
import {
  type ConfirmedGranter,
  confirmGranter,
  demandHeld,
  type Granter,
} from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError, type ErrorCode, fieldError } from '../../core/errors.ts';
import type { Caller } from '../../core/principal.ts';
import { after } from '../../core/sessions/ending.ts';
import type { Revocation } from '../../core/sessions/ports.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { demandGrantable } from './grantable.ts';
import type { Client, ClientStores, NewClient, TransactionalClientStores } from '../../core/clients/ports.ts';
import { MAX_SECRETS, makeSecret } from '../../core/clients/secret.ts';

export interface ClientDependencies {
  readonly store: TransactionalClientStores;
  readonly revoking: Pick<Sessions, 'revokeUserWithin' | 'revokeRightsWithin' | 'announce'>;
  readonly clock: Clock;
}

/** What an administrator says of a client. */
export interface ClientDetails {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly expiresAt: Date | null;
}

/** A client with a secret that is shown this once. */
export interface ClientWithSecret {
  readonly client: Client;
  readonly secret: string;
}

export type Clients = ReturnType<typeof createClients>;

/** What administrators do with machine clients. Each change is recorded with it. */
export function createClients({ store, revoking, clock }: ClientDependencies) {
  const now = () => new Date(clock.now());

  /** A page of clients in the order of their ids, which is that of their creation. */
  function list(limit: number, cursor: string | undefined): Promise<Client[]> {
    return store.clients.list(limit, cursor);
  }

  /** @throws AppError client_not_found */
  async function read(id: string): Promise<Client> {
    return demandThere(await store.clients.find(id));
  }

  /** @throws AppError validation_failed, unknown_permission, insufficient_scope */
  async function create(details: ClientDetails, admin: Granter): Promise<ClientWithSecret> {
    const at = now();
    demandFuture(details.expiresAt, at);
    const id = uuidv7({ msecs: at.getTime() });
    const client: NewClient = { id, ...details, rightsVersion: null, createdAt: at, updatedAt: at };
    const { text, kept } = makeSecret(at);
    await store.transaction(async (stores) => {
      await demandGrantable(stores, await confirmGranter(stores, admin, at), details.permissions);
      await stores.clients.insert(client);
      await stores.clients.addSecret(id, kept);
      const recorded = { ...describe(details), secret_id: kept.id };
      await stores.ledger.append(entryOf('client.created', admin.caller, id, recorded), at);
    });
    return { client: { ...client, secrets: [kept] }, secret: text };
  }

  /**
   * Changes a client. Older access tokens are refused where it may do something else, or expires before they would.
   * @throws AppError client_not_found, validation_failed, unknown_permission, insufficient_scope
   */
  async function update(id: string, change: Partial<ClientDetails>, admin: Granter): Promise<Client> {
    const { client, revoked } = await store.transaction(async (stores) => {
      const at = now();
      const { granter, client: before } = await findForChange(stores, id, admin, at);
      const { name, permissions, expiresAt } = { ...before, ...change };
      if (change.expiresAt !== undefined) demandFuture(expiresAt, at);
      await demandGrantable(stores, granter, permissions);
      const isTokenTooOld =
        permissions.join(' ') !== before.permissions.join(' ') ||
        (isLater(before.expiresAt, expiresAt) && isLater(lastExpiryOfTokens(at), expiresAt));
      const changed = { name, permissions, expiresAt, updatedAt: at };
      await stores.clients.update(id, changed);
      await stores.ledger.append(entryOf('client.updated', admin.caller, id, describe(change)), at);
      const revoked = isTokenTooOld ? await endOlderTokens(stores, before, at) : [];
      return { client: { ...before, ...changed }, revoked };
    });
    revoking.announce(revoked);
    return client;
  }

  /** @throws AppError client_not_found, insufficient_scope */
  async function remove(id: string, admin: Granter): Promise<void> {
    const revoked = await store.transaction(async (stores) => {
      await findForChange(stores, id, admin, now());
      await stores.clients.remove(id);
      await stores.ledger.append(entryOf('client.deleted', admin.caller, id), now());
      return revoking.revokeUserWithin(stores, id);
    });
    revoking.announce(revoked);
  }

  /**
   * A second secret, so that the first can be replaced without a pause. It gives all that the client may do.
   * @throws AppError client_not_found, insufficient_scope, too_many_secrets
   */
  async function addSecret(id: string, admin: Granter): Promise<{ id: string; secret: string }> {
    const { text, kept } = makeSecret(now());
    await store.transaction(async (stores) => {
      const { client } = await findForChange(stores, id, admin, now());
      if (client.secrets.length >= MAX_SECRETS) throw new AppError('too_many_secrets');
      await stores.clients.addSecret(id, kept);
      const details = { secret_id: kept.id };
      await stores.ledger.append(entryOf('client.secret_added', admin.caller, id, details), now());
    });
    return { id: kept.id, secret: text };
  }

  /** Tokens that were made by the secret go on: they belong to the client. @throws AppError secret_not_found, insufficient_scope */
  async function removeSecret(id: string, secretId: string, admin: Granter): Promise<void> {
    await store.transaction(async (stores) => {
      await findForChange(stores, id, admin, now(), 'secret_not_found');
      if (!(await stores.clients.removeSecret(id, secretId))) throw new AppError('secret_not_found');
      const details = { secret_id: secretId };
      await stores.ledger.append(entryOf('client.secret_removed', admin.caller, id, details), now());
    });
  }

  /**
   * Nobody touches a client that may do more than they: they could stop it, or become it by a secret of their own. Called
   * first in a transaction, until whose end nobody else changes the client.
   * @throws AppError token_revoked, client_not_found, insufficient_scope
   */
  async function findForChange(
    stores: ClientStores,
    id: string,
    admin: Granter,
    at: Date,
    otherwise?: ErrorCode,
  ): Promise<{ readonly granter: ConfirmedGranter; readonly client: Client }> {
    await stores.rights.lockRanks();
    const granter = await confirmGranter(stores, admin, at);
    const client = demandThere(await stores.clients.findForChange(id), otherwise);
    demandHeld(granter, client.permissions);
    return { granter, client };
  }

  /**
   * The clients that have a permission, which nobody changes before the end of the transaction: what they may do, and how
   * it is taken from them. `announce` what that revokes after the commit.
   */
  async function holdersWithin(stores: ClientStores, permission: string) {
    const holders: Client[] = [];
    for (const id of await stores.clients.idsWith(permission)) {
      const client = await stores.clients.findForChange(id);
      if (client !== null) holders.push(client);
    }
    return {
      holdings: holders.map(({ permissions }) => permissions),
      take: (caller: Caller) => takeFrom(stores, holders, permission, caller),
    };
  }

  async function takeFrom(
    stores: ClientStores,
    holders: readonly Client[],
    permission: string,
    caller: Caller,
  ): Promise<Revocation[]> {
    const at = now();
    const revoked: Revocation[] = [];
    for (const client of holders) {
      const permissions = client.permissions.filter((name) => name !== permission);
      await stores.clients.update(client.id, { ...client, permissions, updatedAt: at });
      await stores.ledger.append(entryOf('client.updated', caller, client.id, describe({ permissions })), at);
      revoked.push(...(await endOlderTokens(stores, client, at)));
    }
    return revoked;
  }

  async function endOlderTokens(stores: ClientStores, client: Client, at: Date): Promise<Revocation[]> {
    const version = await stores.clients.raiseVersion(client, at);
    return revoking.revokeRightsWithin(stores, client.id, version);
  }

  return { list, read, create, update, remove, addSecret, removeSecret, holdersWithin };
}

function demandThere(client: Client | null, otherwise: ErrorCode = 'client_not_found'): Client {
  if (client === null) throw new AppError(otherwise);
  return client;
}

function demandFuture(expiresAt: Date | null, at: Date): void {
  if (expiresAt !== null && expiresAt <= at)
    throw fieldError('/expires_at', 'invalid_time', 'Must be a time to come.');
}

/** When the last access token that was issued until `at` expires, whatever the configuration. */
function lastExpiryOfTokens(at: Date): Date {
  return after(at, MAX_ACCESS_TOKEN_TTL_SECONDS + CLOCK_TOLERANCE_SECONDS);
}

/** Null is never. */
function isLater(one: Date | null, other: Date | null): boolean {
  if (other === null) return false;
  return one === null || one > other;
}

/** What the ledger keeps of a change. */
function describe({ name, permissions, expiresAt }: Partial<ClientDetails>) {
  return {
    ...(name !== undefined && { name }),
    ...(permissions !== undefined && { scope: permissions.join(' ') }),
    ...(expiresAt !== undefined && { expires_at: expiresAt?.toISOString() ?? null }),
  };
}
