import { type AccessTokenClaims, permissionsIn } from '@latchkey/verifier/core';
import type { Request } from 'express';
import { AppError } from '../core/errors.ts';
import type { Actor, Caller } from '../core/principal.ts';
import { claimsOf } from './authenticate.ts';
import { originOf } from './origin.ts';
import { challengeScope } from './problem.ts';

/** Who sent a request that came with a credential, and from where. */
export function callerOf(req: Request): Caller {
  const claims = claimsOf(req);
  return { actor: actorOf(claims), origin: originOf(req), sessionId: claims.sid ?? null };
}

/**
 * The user that a request is from, by an access token or by an API key; with the latter there is no session.
 * @throws AppError user_required where it is from a machine
 */
export function userOf(req: Request): { readonly userId: string; readonly sessionId: string | null } {
  const { sub, sid, client_id } = claimsOf(req);
  if (client_id !== undefined) throw new AppError('user_required');
  return { userId: sub, sessionId: sid ?? null };
}

/**
 * The user that a request is from, who has logged in and does not send an API key.
 * @throws AppError user_required, session_required
 */
export function loggedInUserOf(req: Request): string {
  const { userId } = userOf(req);
  if (claimsOf(req).api_key_id !== undefined) throw new AppError('session_required');
  return userId;
}

/** What the sender of a request may do. */
export function permissionsOf({ scope }: AccessTokenClaims): readonly string[] {
  return permissionsIn(scope);
}

function actorOf({ sub, client_id, api_key_id }: AccessTokenClaims): Actor {
  if (client_id !== undefined) return { type: 'client', id: client_id };
  if (api_key_id !== undefined) return { type: 'api_key', id: api_key_id };
  return { type: 'user', id: sub };
}

/** The refusal of somebody whose token lacks a permission. */
export function insufficientScope(
  permission: string | undefined,
  detail = `This needs the permission ${permission}.`,
): AppError {
  const headers = { 'WWW-Authenticate': challengeScope(permission) };
  return new AppError('insufficient_scope', detail, { headers });
}
