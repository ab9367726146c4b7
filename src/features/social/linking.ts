import { v7 as uuidv7 } from 'uuid';
import { type AuditEntry, entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { IdentityUse, StoredIdentity } from '../../core/identities/identity.ts';
import type { ProvidedIdentity, ProviderTokens } from '../../core/identities/provider.ts';
import type { Caller } from '../../core/principal.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Seal } from '../../core/tokens/seal.ts';
import type { User } from '../../core/users/user.ts';

/** An identity that was just proved. */
export interface IdentityProof {
  readonly identity: ProvidedIdentity;
  /** Null where an app brought an ID token. */
  readonly tokens: ProviderTokens | null;
}

/** More would make the list of them, and each change of it, slow. */
const MAX_IDENTITIES = 20;

export type Linking = ReturnType<typeof createLinking>;

/** Links accounts at providers to accounts here. */
export function createLinking({ clock, config, providers, warnOwnerWithin }: Core, seal: Seal) {
  const { keepsTokens } = config.social;

  /**
   * Adds an identity to an account, and returns it with the entry for the audit log.
   * @throws AppError identity_taken
   */
  async function addWithin(
    stores: CoreStores,
    user: User,
    proof: IdentityProof,
    caller: Caller,
  ): Promise<{ readonly identity: StoredIdentity; readonly entry: AuditEntry }> {
    const { provider, issuer, subject } = proof.identity;
    const createdAt = new Date(clock.now());
    const id = uuidv7({ msecs: createdAt.getTime() });
    const identity = {
      id,
      userId: user.id,
      provider,
      issuer,
      subject,
      tokens: null,
      ...contentOf(id, proof),
      createdAt,
      lastUsedAt: createdAt,
    };
    await stores.identities.insert(identity);
    return { identity, entry: entryOf('identity.linked', caller, user.id, { provider }) };
  }

  /** The same for an account that exists, whose owner is told by mail. @throws AppError identity_taken, too_many_identities */
  async function linkWithin(stores: CoreStores, user: User, proof: IdentityProof, caller: Caller) {
    const identities = await stores.identities.list(user.id);
    if (identities.length >= MAX_IDENTITIES) throw new AppError('too_many_identities');
    const added = await addWithin(stores, user, proof, caller);
    const { email, createdAt } = added.identity;
    const name = providers.get(added.identity.provider)?.name ?? added.identity.provider;
    // A thief may have added a way in of their own.
    const warning = { template: 'provider-linked', data: { provider: name, account: email } } as const;
    await warnOwnerWithin(stores, user, caller.origin, warning, createdAt);
    return added;
  }

  /**
   * What a sign-in updates: the address, and the tokens where they are kept. A sign-in by an ID token brings no tokens, and
   * leaves the stored ones.
   */
  function contentOf(id: string, { identity, tokens }: IdentityProof): Omit<IdentityUse, 'lastUsedAt'> {
    const email = identity.email?.shown ?? null;
    if (!keepsTokens) return { email, tokens: null };
    return tokens === null ? { email } : { email, tokens: seal.seal(tokens, id) };
  }

  return { addWithin, linkWithin, contentOf };
}
