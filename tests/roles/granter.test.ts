import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { demandHeld, granterOf } from '../../src/http/granter.ts';
import type { Rights } from '../../src/sessions/ports.ts';
import type { AccessTokenClaims } from '../../src/tokens/verify.ts';

const USER = '01980000-0000-7000-8000-000000000001';
const NOTHING: Rights = { roles: [], permissions: [], versions: [0] };
const ADMIN: Rights = { roles: ['admin', 'user'], permissions: ['users:read'], versions: [0, 0, 0] };
const READER: Rights = { roles: ['reader'], permissions: ['users:read'], versions: [0, 0] };

/** A request behind `authenticate`, with claims like these. */
function requestWith(claims: Partial<AccessTokenClaims>): Request {
  const rest = { iss: 'i', aud: 'a', sub: USER, iat: 0, exp: 0, jti: 'j', roles: [], scope: '', rv: [] };
  return { claims: { ...rest, ...claims }, get: () => undefined } as unknown as Request;
}

/** The permission that is missing, or undefined where all are held. `current` is what the database says of the user. */
async function missing(claims: Partial<AccessTokenClaims>, current: Rights, ...permissions: string[]) {
  const asked: string[] = [];
  const rights = {
    rightsOf: async (id: string) => {
      asked.push(id);
      return current;
    },
  };
  try {
    await demandHeld({ rights }, granterOf(requestWith(claims)), permissions);
    return { asked };
  } catch (error) {
    expect(error).toMatchObject({ code: 'insufficient_scope' });
    const { headers } = error as { headers: Record<string, string> };
    return { asked, lacks: /scope="([^"]+)"/.exec(headers['WWW-Authenticate'] ?? '')?.[1] };
  }
}

describe('Somebody gives to others what they hold', () => {
  const reader = { sid: 's', scope: 'users:read', roles: ['reader'] };
  const admin = { sid: 's', scope: 'users:read', roles: ['admin', 'user'] };

  it('as a user: by the token and by the database', async () => {
    expect(await missing(reader, READER, 'users:read')).toEqual({ asked: [USER] });
    expect(await missing(reader, READER, 'users:read', 'users:list')).toEqual({
      asked: [],
      lacks: 'users:list',
    });
    expect(await missing(reader, NOTHING, 'users:read')).toEqual({ asked: [USER], lacks: 'users:read' });
    expect(await missing({ sid: 's' }, READER, 'users:read')).toEqual({ asked: [], lacks: 'users:read' });
  });

  it('as an administrator by both: whatever there is', async () => {
    expect(await missing(admin, ADMIN, 'orders:read')).toEqual({ asked: [USER] });
    expect(await missing(admin, READER, 'orders:read')).toEqual({ asked: [USER], lacks: 'orders:read' });
    expect(await missing(reader, ADMIN, 'orders:read')).toEqual({ asked: [], lacks: 'orders:read' });
  });

  it('with an API key: what the key allows and its owner holds, though the owner be an administrator', async () => {
    const key = { api_key_id: 'k', scope: 'users:read', roles: ['admin', 'user'] };

    expect(await missing(key, ADMIN, 'users:read')).toEqual({ asked: [USER] });
    expect(await missing(key, ADMIN, 'users:list')).toEqual({ asked: [], lacks: 'users:list' });
    expect(await missing(key, NOTHING, 'users:read')).toEqual({ asked: [USER], lacks: 'users:read' });
  });

  it('as a machine: what its token allows, whatever it calls its roles', async () => {
    const machine = { sub: 'app', client_id: 'app', scope: 'users:read', roles: ['admin'] };

    expect(await missing(machine, NOTHING, 'users:read')).toEqual({ asked: [] });
    expect(await missing(machine, ADMIN, 'users:list')).toEqual({ asked: [], lacks: 'users:list' });
  });

  it('and nothing at all may be given by anybody', async () => {
    expect(await missing({ sid: 's' }, NOTHING)).toEqual({ asked: [USER] });
  });
});
