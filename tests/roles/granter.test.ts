import { describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { confirmGranter, requireAdmin, requireHeld } from '../../src/core/access/grants.ts';
import type { Holder } from '../../src/core/access/rights.store.ts';
import type { AppError } from '../../src/core/errors.ts';
import {
  type ApiKeyPrincipal,
  type AuthenticatedPrincipal,
  callerOf,
  type Holding,
  OPERATOR,
} from '../../src/core/principal.ts';
import { principalOf } from '../../src/core/tokens/authenticate.ts';

const USER = '01980000-0000-7000-8000-000000000001';
const NOTHING: Holding = { roles: [], permissions: [] };
const ADMIN: Holding = { roles: ['admin', 'user'], permissions: ['users:read'] };
const READER: Holding = { roles: ['reader'], permissions: ['users:read'] };

/** Who sends a token with claims like these. */
function principalWith(claims: Partial<AccessTokenClaims>): AuthenticatedPrincipal {
  const rest = { iss: 'i', aud: 'a', sub: USER, iat: 0, exp: 0, jti: 'j', roles: [], scope: '', rv: [] };
  return principalOf({ ...rest, ...claims });
}

/** The permission that is missing, if any. `current` is what the database says of the caller; null where they are gone. */
async function missing(
  asking: Partial<AccessTokenClaims> | ApiKeyPrincipal,
  current: Holding | null,
  ...permissions: string[]
) {
  const principal = 'kind' in asking ? asking : principalWith(asking);
  const lockHolding = async (holder: Holder) => {
    expect(holder).toBe(principal);
    return current;
  };
  const rightsOf = () => Promise.reject(new Error('not asked'));
  const lockRanks = rightsOf;
  try {
    requireHeld(
      await confirmGranter(
        { rights: { lockHolding, lockRanks, rightsOf, rightsAndSessionsOf: rightsOf } },
        callerOf(principal, OPERATOR.origin),
        new Date(0),
      ),
      permissions,
    );
    return null;
  } catch (error) {
    const { code, headers } = error as AppError;
    if (code !== 'insufficient_scope') return code;
    return /scope="([^"]+)"/.exec(headers['WWW-Authenticate'] ?? '')?.[1];
  }
}

describe('What a caller may give to others', () => {
  const reader = { sid: 's', scope: 'users:read', roles: ['reader'] };
  const admin = { sid: 's', scope: 'users:read', roles: ['admin', 'user'] };

  it('is for a user what both the token and the database allow', async () => {
    expect(await missing(reader, READER, 'users:read')).toBeNull();
    expect(await missing(reader, READER, 'users:read', 'users:list')).toBe('users:list');
    expect(await missing(reader, NOTHING, 'users:read')).toBe('users:read');
    expect(await missing({ sid: 's' }, READER, 'users:read')).toBe('users:read');
  });

  it('is for an administrator by both whatever there is', async () => {
    expect(await missing(admin, ADMIN, 'orders:read')).toBeNull();
    expect(await missing(admin, READER, 'orders:read')).toBe('orders:read');
    expect(await missing(reader, ADMIN, 'orders:read')).toBe('orders:read');
  });

  it('is for an API key what it allows and its owner holds, though the owner be an administrator', async () => {
    const { claims } = principalWith({ api_key_id: 'k', scope: 'users:read', roles: ['admin', 'user'] });
    const key: ApiKeyPrincipal = {
      kind: 'api_key',
      credential: 'api_key',
      userId: USER,
      keyId: 'k',
      roles: ['admin', 'user'],
      permissions: ['users:read'],
      claims,
    };

    expect(await missing(key, ADMIN, 'users:read')).toBeNull();
    expect(await missing(key, ADMIN, 'users:list')).toBe('users:list');
    expect(await missing(key, NOTHING, 'users:read')).toBe('users:read');
  });

  it('is for a machine client what its token and the database allow, whatever it calls its roles', async () => {
    const machine = { sub: 'app', client_id: 'app', scope: 'users:read', roles: ['admin'] };

    expect(await missing(machine, READER, 'users:read')).toBeNull();
    expect(await missing(machine, NOTHING, 'users:read')).toBe('users:read');
    expect(await missing(machine, ADMIN, 'users:list')).toBe('users:list');
  });

  it('is for a token that was narrowed what it was narrowed to, even of an administrator', async () => {
    const narrowed = { sid: 's', scope: 'users:read', roles: [], from_roles: ['admin', 'user'] };

    expect(await missing(narrowed, ADMIN, 'users:read')).toBeNull();
    expect(await missing(narrowed, ADMIN, 'users:list')).toBe('users:list');
  });

  it('is for every caller that exists at least nothing at all', async () => {
    expect(await missing({ sid: 's' }, NOTHING)).toBeNull();
    expect(await missing({ sid: 's' }, null)).toBe('token_revoked');
  });

  it('is the role admin for administrators alone, whatever else others may do', () => {
    const holds = (...holdings: Holding[]) => ({ caller: OPERATOR, holdings });

    expect(() => requireAdmin(holds(ADMIN, ADMIN))).not.toThrow();
    expect(() => requireAdmin(holds(READER, ADMIN))).toThrow(/lack the role admin/);
    expect(() => requireAdmin(holds(ADMIN, READER))).toThrow(/lack the role admin/);
  });
});
