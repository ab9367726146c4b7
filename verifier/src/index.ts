export type { AuthenticationNeeded } from './authentication.ts';
export { authOf, type BearerMiddleware, type BearerOptions, bearer } from './bearer.ts';
export type { AccessTokenClaims } from './claims.ts';
export { challengeOf } from './credentials.ts';
export { type ChallengeParameters, type VerificationCode, VerificationError } from './errors.ts';
export type { Following } from './following.ts';
export type { KeyOptions, RevocationsOptions } from './options.ts';
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts';
