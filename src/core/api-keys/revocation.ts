import type { Revocation } from '../revocation/revocation.ts';
import { after } from '../sessions/ending.ts';
import { CACHE_SECONDS } from './known-keys.ts';

/** No process goes by what it has read of a key for longer, however far its clock is off. */
const REVOCATION_SECONDS = 10 * CACHE_SECONDS;

/** The revocation of a key that was revoked at a time. */
export function revocationOfKey(id: string, at: Date): Revocation {
  return { kind: 'key', subjectId: id, notBefore: null, expiresAt: after(at, REVOCATION_SECONDS) };
}
