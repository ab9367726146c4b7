import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { Caller, RequestOrigin } from '../principal.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { CoreStore } from '../stores.ts';
import type { AccessTokens } from '../tokens/access-token.ts';
import { Id } from '../values/fields.ts';
import type { Client } from './client.ts';
import type { ClientRefusals } from './refusals.ts';
import { matchSecret } from './secret.ts';

export interface ClientTokenDependencies {
  readonly store: CoreStore;
  readonly accessTokens: Pick<AccessTokens, 'issue'>;
  readonly revoking: Pick<Sessions, 'revokeTokenWithin' | 'announce'>;
  readonly noteRefusal: ClientRefusals['note'];
  readonly clock: Clock;
  readonly accessTokenTtlSeconds: number;
}

/** An authenticated client. */
export interface ProvenClient {
  readonly id: string;
  readonly secretId: string;
  readonly permissions: readonly string[];
}

/** The client that authenticated; where it failed to, the one that it claimed to be, if that exists. */
export type Identification = { readonly client: ProvenClient } | { readonly claimedId: string | null };

/** An access token for a client. There is no refresh token: the secret is one (RFC 6749 section 4.4.3). */
export interface ClientGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly permissions: readonly string[];
}

const NO_ID = '00000000-0000-0000-0000-000000000000';
/** The longest id of a token made here, and the longest that fits into a revocation. */
const MAX_JTI_LENGTH = 36;

/** The operations of machine clients: authenticate, get access tokens, and revoke them. */
export function createClientTokens(dependencies: ClientTokenDependencies) {
  const { store, accessTokens, revoking, noteRefusal, clock, accessTokenTtlSeconds } = dependencies;
  const now = () => new Date(clock.now());

  /** Checks a secret. An unknown client costs the same work as a wrong secret. */
  async function identify(id: string, secret: string): Promise<Identification> {
    const client = await store.clients.find(Id.safeParse(id).data ?? NO_ID);
    const matched = matchSecret(client?.secrets ?? [], secret);
    if (client === null || matched === null || secondsLeft(client, now()) < 1) {
      return { claimedId: client?.id ?? null };
    }
    return { client: { id: client.id, secretId: matched.id, permissions: client.permissions } };
  }

  /**
   * An access token that allows what is wanted and the client may do, and does not outlive the client. Null where the
   * client was deleted or expired since it was identified.
   */
  async function issue(
    { id, secretId }: ProvenClient,
    wanted: readonly string[],
    origin: RequestOrigin,
  ): Promise<ClientGrant | null> {
    return store.transaction(async (stores) => {
      const at = now();
      const client = await stores.clients.findForUse(id);
      if (client === null || secondsLeft(client, at) < 1) return null;
      const permissions = client.permissions.filter((permission) => wanted.includes(permission));
      const ttlSeconds = Math.min(accessTokenTtlSeconds, secondsLeft(client, at));
      const versions = [client.rightsVersion?.getTime() ?? 0];
      const accessToken = accessTokens.issue({
        clientId: id,
        roles: [],
        permissions,
        versions,
        at,
        ttlSeconds,
      });
      const details = { scope: permissions.join(' '), secret_id: secretId };
      await stores.audit.append(entryOf('client.token_issued', callerOf(id, origin), id, details), at);
      return { accessToken, expiresInSeconds: ttlSeconds, permissions };
    });
  }

  /** Revokes one access token of a client, here immediately and in every other process within a second. */
  async function revoke(id: string, jti: string, origin: RequestOrigin): Promise<void> {
    if (jti.length > MAX_JTI_LENGTH) return;
    const revoked = await store.transaction(async (stores) => {
      await stores.audit.append(entryOf('token.revoked', callerOf(id, origin), id, { jti }), now());
      return revoking.revokeTokenWithin(stores, jti);
    });
    revoking.announce(revoked);
  }

  return { identify, noteRefusal, issue, revoke };
}

function callerOf(id: string, origin: RequestOrigin): Caller {
  return { actor: { type: 'client', id }, origin, sessionId: null };
}

function secondsLeft({ expiresAt }: Client, at: Date): number {
  if (expiresAt === null) return Number.POSITIVE_INFINITY;
  // Tokens count in whole seconds from the one that has begun.
  return Math.floor(expiresAt.getTime() / 1000) - Math.floor(at.getTime() / 1000);
}
