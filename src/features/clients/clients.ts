import { CLOCK_TOLERANCE_SECONDS, MAX_ACCESS_TOKEN_TTL_SECONDS } from '@latchkey/verifier/core';
import { v7 as uuidv7 } from 'uuid';
import {
  assertPermissionsGrantable,
  confirmGranter,
  type Granter,
  requireHeld,
} from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Client, NewClient } from '../../core/clients/client.ts';
import { MAX_SECRETS, makeSecret } from '../../core/clients/secret.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Events } from '../../core/events.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import { after } from '../../core/sessions/ending.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { CoreStore, CoreStores } from '../../core/stores.ts';
import { expiryProblems } from '../../core/values/expiry.ts';

export interface ClientDependencies {
  readonly store: CoreStore;
  readonly revoking: Pick<Sessions, 'revokeUserWithin' | 'revokeRightsWithin' | 'announce'>;
  readonly clock: Clock;
}

/** The settings of a client. */
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

/** The administration of machine clients. Each change is recorded in its own transaction. */
export function createClients({ store, revoking, clock }: ClientDependencies) {
  const now = () => new Date(clock.now());

  /** A page of clients in the order of their ids, which is that of their creation. */
  function list(limit: number, cursor: string | undefined): Promise<Client[]> {
    return store.clients.list(limit, cursor);
  }

  /** @throws AppError client_not_found */
  async function read(id: string): Promise<Client> {
    return requireFound(await store.clients.find(id));
  }

  /** The expiry is to be checked before. @throws AppError unknown_permission, insufficient_scope */
  async function create(details: ClientDetails, admin: PrincipalCaller): Promise<ClientWithSecret> {
    const at = now();
    const id = uuidv7({ msecs: at.getTime() });
    const client: NewClient = { id, ...details, rightsVersion: null, createdAt: at, updatedAt: at };
    const { text, kept } = makeSecret(at);
    await store.transaction(async (stores) => {
      const granter = await confirmGranter(stores, admin, at);
      await assertPermissionsGrantable(stores, granter, details.permissions);
      await stores.clients.insert(client);
      await stores.clients.addSecret(id, kept);
      const recorded = { ...describe(details), secret_id: kept.id };
      await stores.audit.append(entryOf('client.created', admin, id, recorded), at);
    });
    return { client: { ...client, secrets: [kept] }, secret: text };
  }

  /**
   * Changes a client; its expiry is to be checked before. Older access tokens are refused where it may do something else,
   * or expires before they would.
   * @throws AppError client_not_found, unknown_permission, insufficient_scope
   */
  async function update(id: string, change: Partial<ClientDetails>, admin: PrincipalCaller): Promise<Client> {
    const { client, revoked } = await store.transaction(async (stores) => {
      const at = now();
      const { granter, client: before } = await findForChange(stores, id, admin, at);
      const { name, permissions, expiresAt } = { ...before, ...change };
      await assertPermissionsGrantable(stores, granter, permissions);
      const isTokenTooOld =
        permissions.join(' ') !== before.permissions.join(' ') ||
        (isLater(before.expiresAt, expiresAt) && isLater(lastExpiryOfTokens(at), expiresAt));
      const changed = { name, permissions, expiresAt, updatedAt: at };
      await stores.clients.update(id, changed);
      await stores.audit.append(entryOf('client.updated', admin, id, describe(change)), at);
      const revoked = isTokenTooOld ? await endOlderTokens(stores, before, at) : [];
      return { client: { ...before, ...changed }, revoked };
    });
    revoking.announce(revoked);
    return client;
  }

  /** @throws AppError client_not_found, insufficient_scope */
  async function remove(id: string, admin: PrincipalCaller): Promise<void> {
    const revoked = await store.transaction(async (stores) => {
      await findForChange(stores, id, admin, now());
      await stores.clients.remove(id);
      await stores.audit.append(entryOf('client.deleted', admin, id), now());
      return revoking.revokeUserWithin(stores, id);
    });
    revoking.announce(revoked);
  }

  /**
   * A second secret, so that the first can be replaced without a pause. It gives all that the client may do.
   * @throws AppError client_not_found, insufficient_scope, too_many_secrets
   */
  async function addSecret(id: string, admin: PrincipalCaller): Promise<{ id: string; secret: string }> {
    const { text, kept } = makeSecret(now());
    await store.transaction(async (stores) => {
      const { client } = await findForChange(stores, id, admin, now());
      if (client.secrets.length >= MAX_SECRETS) throw new AppError('too_many_secrets');
      await stores.clients.addSecret(id, kept);
      const details = { secret_id: kept.id };
      await stores.audit.append(entryOf('client.secret_added', admin, id, details), now());
    });
    return { id: kept.id, secret: text };
  }

  /**
   * Tokens that were made by the secret go on: they belong to the client.
   * @throws AppError client_not_found, secret_not_found, insufficient_scope
   */
  async function removeSecret(id: string, secretId: string, admin: PrincipalCaller): Promise<void> {
    await store.transaction(async (stores) => {
      await findForChange(stores, id, admin, now());
      if (!(await stores.clients.removeSecret(id, secretId))) throw new AppError('secret_not_found');
      const details = { secret_id: secretId };
      await stores.audit.append(entryOf('client.secret_removed', admin, id, details), now());
    });
  }

  /**
   * Refuses a caller who may do less than the client: they could stop it, or become it by a secret of their own. Called
   * first in a transaction, with a lock on the client until its end.
   * @throws AppError token_revoked, client_not_found, insufficient_scope
   */
  async function findForChange(
    stores: CoreStores,
    id: string,
    admin: PrincipalCaller,
    at: Date,
  ): Promise<{ readonly granter: Granter; readonly client: Client }> {
    await stores.rights.lockRanks();
    const granter = await confirmGranter(stores, admin, at);
    const client = requireFound(await stores.clients.findForChange(id));
    requireHeld(granter, client.permissions);
    return { granter, client };
  }

  /** Takes a permission that is deleted from all clients that have it. They stay locked until the transaction ends. */
  async function takePermission(
    { name: taken, caller, requireTakeable }: Events['permission.deleted'],
    stores: CoreStores,
  ): Promise<Revocation[]> {
    const holders: Client[] = [];
    for (const id of await stores.clients.idsWith(taken)) {
      const client = await stores.clients.findForChange(id);
      if (client !== null) holders.push(client);
    }
    for (const { permissions } of holders) requireTakeable(permissions);
    const at = now();
    const revoked: Revocation[] = [];
    for (const client of holders) {
      const permissions = client.permissions.filter((name) => name !== taken);
      await stores.clients.update(client.id, { ...client, permissions, updatedAt: at });
      await stores.audit.append(entryOf('client.updated', caller, client.id, describe({ permissions })), at);
      revoked.push(...(await endOlderTokens(stores, client, at)));
    }
    return revoked;
  }

  async function endOlderTokens(stores: CoreStores, client: Client, at: Date): Promise<Revocation[]> {
    const version = await stores.clients.raiseVersion(client, at);
    return revoking.revokeRightsWithin(stores, client.id, version);
  }

  return {
    expiryProblems: (at: Date | null | undefined) => expiryProblems(at, now()),
    list,
    read,
    create,
    update,
    remove,
    addSecret,
    removeSecret,
    takePermission,
  };
}

function requireFound(client: Client | null): Client {
  if (client === null) throw new AppError('client_not_found');
  return client;
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

/** The details of a change in the audit log. */
function describe({ name, permissions, expiresAt }: Partial<ClientDetails>) {
  return {
    ...(name !== undefined && { name }),
    ...(permissions !== undefined && { scope: permissions.join(' ') }),
    ...(expiresAt !== undefined && { expires_at: expiresAt?.toISOString() ?? null }),
  };
}
