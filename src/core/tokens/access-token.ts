import { randomUUID } from 'node:crypto';
import { type AccessTokenClaims, createVerify, rememberVerified } from '@latchkey/verifier/core';
import jwt from 'jsonwebtoken';
import type { Clock } from '../clock.ts';
import { type Authentication, acrOf } from '../principal.ts';
import type { KeyRing } from './keys.ts';

export interface AccessTokenOptions {
  readonly keys: KeyRing;
  readonly issuer: string;
  readonly audience: string;
  /** The longest life that a token is given, in seconds; older ones are refused. */
  readonly maxTtlSeconds: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Called with the key for each token that it signs, or verifies for the first time in this process. */
  readonly onUse?: (kid: string, use: 'signed' | 'seen') => void;
}

/** A user in a session, or a machine client. */
export type AccessTokenSubject = AccessTokenRights &
  (
    | {
        readonly userId: string;
        readonly sessionId: string;
        /** As in the claims `amr`, `acr` and `auth_time`. */
        readonly authentication?: Authentication | null;
        /** As in the claim `rot`. */
        readonly rotation?: number;
        /** Whether it is good for nothing but to set a second factor up. */
        readonly isEnrolling?: boolean;
      }
    | { readonly clientId: string }
  );

interface AccessTokenRights {
  readonly roles: readonly string[];
  /** As in the claim `from_roles`. */
  readonly fromRoles?: readonly string[];
  readonly permissions: readonly string[];
  /** As in the claim `rv`. */
  readonly versions: readonly number[];
  /** When its rights were asked for, or before: what revokes everything up to a time has to mean this token as well. */
  readonly at: Date;
  readonly ttlSeconds: number;
}

export interface AccessTokens {
  /** A new token with a `jti` of its own. */
  readonly issue: (subject: AccessTokenSubject) => string;
  /** The claims of a token that passes every check, else throws a VerificationError. Revocation is not checked. */
  readonly verify: (token: string) => AccessTokenClaims;
}

/** Issues and verifies access tokens: signed JWTs in the profile of RFC 9068, with nothing personal inside. */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { keys, issuer, audience, maxTtlSeconds, clock, onUse = () => {} } = options;
  const { kid, algorithm, signingKey } = keys.current;
  const verifying = new Map(keys.verifying.map((key) => [key.kid, key]));
  return {
    issue(subject) {
      const { roles, fromRoles, permissions, versions, at, ttlSeconds } = subject;
      const issuedAt = Math.floor(at.getTime() / 1000);
      const claims: AccessTokenClaims = {
        iss: issuer,
        aud: 'isEnrolling' in subject && subject.isEnrolling ? enrolmentAudienceOf(audience) : audience,
        ...('clientId' in subject
          ? { sub: subject.clientId, client_id: subject.clientId }
          : {
              sub: subject.userId,
              sid: subject.sessionId,
              ...authenticationClaims(subject.authentication),
              // A login's token is the first of its session, and has no refresh to confirm.
              ...(subject.rotation && { rot: subject.rotation }),
            }),
        iat: issuedAt,
        exp: issuedAt + ttlSeconds,
        jti: randomUUID(),
        roles,
        scope: permissions.join(' '),
        rv: versions,
        ...(fromRoles && { from_roles: fromRoles }),
      };
      onUse(kid, 'signed');
      return jwt.sign(claims, signingKey, { algorithm, header: { alg: algorithm, typ: 'at+jwt', kid } });
    },
    verify: rememberVerified({
      clock,
      maxAgeSeconds: maxTtlSeconds,
      verify: createVerify({
        findKey: (named) => verifying.get(named),
        issuer,
        audience: [audience, enrolmentAudienceOf(audience)],
        maxAgeSeconds: maxTtlSeconds,
        clock,
        onVerified: (used) => onUse(used, 'seen'),
      }),
    }).verify,
  };
}

const ENROLMENT = '/factor-enrolment';

/** That of tokens which only set a second factor up: to every other service they are for someone else. */
export const enrolmentAudienceOf = (audience: string): string => audience + ENROLMENT;

/** Whether a token is good for nothing but to set a second factor up. */
export function isForEnrolment({ aud }: Pick<AccessTokenClaims, 'aud'>): boolean {
  return typeof aud === 'string' && aud.endsWith(ENROLMENT);
}

function authenticationClaims(authentication: Authentication | null | undefined) {
  return (
    authentication && {
      amr: authentication.methods,
      acr: acrOf(authentication.methods),
      auth_time: Math.floor(authentication.at.getTime() / 1000),
    }
  );
}
