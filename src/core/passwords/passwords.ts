import { createPasswordHasher, type PasswordHasher } from './hash.ts';
import type { HashWorkers } from './hash-workers.ts';
import { createPasswordPolicy, type PasswordPolicy } from './policy.ts';
import type { StoredCosts } from './stored-costs.ts';

export interface PasswordOptions {
  readonly minLength: number;
  readonly bcryptCost: number;
  readonly pepper: string | undefined;
}

export type Passwords = PasswordPolicy & PasswordHasher;

/** The policy for new passwords, their hashing and their comparison. */
export function createPasswords(
  options: PasswordOptions,
  workers: HashWorkers,
  storedCosts?: Pick<StoredCosts, 'workCost' | 'note'>,
): Passwords {
  const { minLength, bcryptCost, pepper } = options;
  return {
    ...createPasswordPolicy(minLength),
    ...createPasswordHasher(bcryptCost, pepper, workers, storedCosts),
  };
}
