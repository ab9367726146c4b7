import { setTimeout as delay } from 'node:timers/promises';
import { entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Identity, StoredIdentity } from '../../core/identities/identity.ts';
import type { ProviderTokens } from '../../core/identities/provider.ts';
import {
  type PrincipalCaller,
  type RequestOrigin,
  type UserPrincipal,
  userCaller,
} from '../../core/principal.ts';
import { after } from '../../core/sessions/ending.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import { whenAccountIsThere } from '../../core/sign-in/proved-sign-in.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Seal } from '../../core/tokens/seal.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import type { IdentityProof, Linking } from './linking.ts';

/** A token is renewed when it is good for less than this. */
const RENEWED_BEFORE_SECONDS = 60;
/** A refresh takes at most two requests of ten seconds; after this, one that was cut off may be tried again. */
const REFRESH_SECONDS = 25;
const WAIT_MILLISECONDS = 200;

type Holder = Pick<UserPrincipal, 'userId' | 'sessionId'>;

export type Identities = ReturnType<typeof createIdentities>;

/** The accounts at providers by which a user signs in: listing, linking and unlinking them, and their tokens. */
export function createIdentities(core: Core, linking: Linking, seal: Seal) {
  const { store, clock, config, outbox, providers, hasWayIn } = core;
  const now = () => new Date(clock.now());

  const list = (userId: string): Promise<Identity[]> => store.identities.list(userId);

  /**
   * Links an identity to the account of a session, and returns it, also where it was linked already. `before` runs first in
   * the same transaction.
   * @throws AppError token_revoked, identity_taken, too_many_identities, and what `before` throws
   */
  async function link(
    { userId, sessionId }: Holder,
    proof: IdentityProof,
    origin: RequestOrigin,
    before: (stores: CoreStores) => Promise<void> = async () => {},
  ): Promise<Identity> {
    const linked = await whenAccountIsThere(() =>
      store.transaction(async (stores) => {
        const at = now();
        const holding = await stores.rights.lockHolding({ kind: 'user', userId, sessionId }, at);
        if (holding === null) throw new AppError('token_revoked');
        await before(stores);
        const known = await stores.identities.findByKey(proof.identity);
        if (known !== null && known.userId !== userId) throw new AppError('identity_taken');
        if (known !== null) {
          const use = { ...linking.contentOf(known.id, proof), lastUsedAt: at };
          // A sign-in has linked it anew at this moment, so another attempt will find that.
          if (!(await stores.identities.use(known.id, use))) throw new AppError('identity_taken');
          return known;
        }
        const user = await requireActiveUser(stores.users, userId);
        const caller = userCaller(userId, origin, sessionId);
        const { identity, entry } = await linking.linkWithin(stores, user, proof, caller);
        await stores.audit.append(entry, at);
        return identity;
      }),
    );
    outbox.wake();
    return linked;
  }

  /**
   * Removes an identity, and the exchange codes of the account: one may come from this identity.
   * @throws AppError token_revoked, identity_not_found, last_sign_in_method
   */
  async function remove(caller: PrincipalCaller<UserPrincipal>, id: string): Promise<void> {
    const { userId } = caller.principal;
    await store.transaction(async (stores) => {
      const at = now();
      // Locks the account: of two requests that each remove one, the second sees what the first has left.
      await requireLiveSession(stores, caller, at);
      const identities = await stores.identities.list(userId);
      const removed = identities.find((identity) => identity.id === id);
      if (removed === undefined) throw new AppError('identity_not_found');
      const user = await requireActiveUser(stores.users, userId);
      const others = identities.filter((identity) => identity !== removed);
      if (!hasWayIn(user, others, await stores.passkeys.count(userId)))
        throw new AppError('last_sign_in_method');
      await stores.identities.remove(id, userId);
      await stores.challenges.endAll(userId, ['exchange']);
      const { provider } = removed;
      await stores.audit.append(entryOf('identity.removed', caller, userId, { provider }), at);
    });
  }

  /**
   * A token of the provider that is good for another minute where the provider renews it. Of several requests at once one
   * renews it, since a provider may accept a refresh token only once.
   * @throws AppError identity_not_found, provider_token_missing, provider_access_ended, provider_unavailable, provider_error
   */
  async function tokenOf(userId: string, id: string): Promise<ProviderTokens> {
    const givesUpAt = performance.now() + REFRESH_SECONDS * 1000;
    while (performance.now() < givesUpAt) {
      const identity = await store.identities.find(id, userId);
      if (identity === null) throw new AppError('identity_not_found');
      const tokens = readTokens(identity);
      if (isGood(tokens, RENEWED_BEFORE_SECONDS)) return tokens;
      const { refreshToken } = tokens;
      if (refreshToken === null) {
        if (isGood(tokens, 0)) return tokens;
        throw new AppError('provider_access_ended');
      }
      const at = now();
      if (await store.identities.beginRefresh(identity, at, after(at, REFRESH_SECONDS)))
        return refresh(identity, { ...tokens, refreshToken });
      if (isGood(tokens, 0)) return tokens;
      await delay(WAIT_MILLISECONDS);
    }
    throw new AppError('provider_unavailable');
  }

  async function refresh(
    { id, provider, tokens: sealed }: StoredIdentity,
    tokens: ProviderTokens & { readonly refreshToken: string },
  ): Promise<ProviderTokens> {
    let kept: string | null = sealed;
    try {
      const configured = providers.get(provider);
      if (configured === undefined) throw new AppError('provider_token_missing');
      const renewed = await configured.refresh(tokens);
      kept = seal.seal(renewed, id);
      return renewed;
    } catch (error) {
      if (error instanceof AppError && error.code === 'provider_access_ended') kept = null;
      throw error;
    } finally {
      await store.identities.endRefresh(id, sealed, kept);
    }
  }

  /** @throws AppError provider_token_missing */
  function readTokens({ id, tokens }: StoredIdentity): ProviderTokens {
    const opened = config.social.keepsTokens && tokens !== null ? seal.open(tokens, id) : undefined;
    if (opened === undefined) throw new AppError('provider_token_missing');
    const { expiresAt, ...rest } = opened as Omit<ProviderTokens, 'expiresAt'> & { expiresAt: string | null };
    return { ...rest, expiresAt: expiresAt === null ? null : new Date(expiresAt) };
  }

  function isGood({ expiresAt }: ProviderTokens, seconds: number): boolean {
    return expiresAt === null || expiresAt.getTime() > clock.now() + seconds * 1000;
  }

  return { list, link, remove, tokenOf };
}
