/** The parts that the auth service itself verifies with. They change with it, in any version. */
export { type AccessTokenClaims, permissionsIn } from './claims.ts';
export { challenge, readBearerToken } from './credentials.ts';
export { REFUSALS, VerificationError } from './errors.ts';
export { type Algorithm, publicKey, secretKey, type VerifyingKey } from './keys.ts';
export { rememberVerified } from './remembered.ts';
export {
  assertUnrevoked,
  createRevocationSet,
  type RevocableClaims,
  type Revocation,
  type RevocationSet,
} from './revocations.ts';
export {
  CLOCK_TOLERANCE_SECONDS,
  createVerify,
  MAX_ACCESS_TOKEN_TTL_SECONDS,
  MAX_CLOCK_TOLERANCE_SECONDS,
} from './verify.ts';
