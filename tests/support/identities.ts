import { randomUUID } from 'node:crypto';
import type { StoredIdentity } from '../../src/core/identities/identity.ts';
import type { TestApp } from './app.ts';

/** An account at a provider by which this user signs in from now on. */
export async function linkProvider(
  { store, clock }: TestApp,
  userId: string,
  details: Partial<StoredIdentity> = {},
): Promise<StoredIdentity> {
  const at = new Date(clock.now());
  const identity = {
    ...{
      id: randomUUID(),
      userId,
      provider: 'acme',
      issuer: 'https://id.example.com',
      subject: randomUUID(),
    },
    ...{ email: 'grace@example.com', tokens: 'sealed-tokens', createdAt: at, lastUsedAt: at },
    ...details,
  };
  await store.identities.insert(identity);
  return identity;
}
