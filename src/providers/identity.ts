import type { ProvidedIdentity, ProvidedProfile } from '../core/identities/provider.ts';
import { parseEmail } from '../core/users/identifiers.ts';

const MAX_SUBJECT_LENGTH = 255;
/** In SQLite a NUL ends the statement. */
const CONTROL = /\p{Cc}/u;

/** The identity of a profile. @throws Error where its subject is none (OpenID Connect Core section 2) */
export function identityOf(
  { email, isEmailVerified, ...profile }: ProvidedProfile,
  { provider, issuer }: Pick<ProvidedIdentity, 'provider' | 'issuer'>,
): ProvidedIdentity {
  const { subject } = profile;
  // To MySQL a text is equal to the same one with spaces after it.
  const isSubject =
    subject === subject.trim() &&
    subject.length <= MAX_SUBJECT_LENGTH &&
    subject.isWellFormed() &&
    !CONTROL.test(subject);
  if (subject === '' || !isSubject) {
    throw new Error(
      `the subject is not 1 to ${MAX_SUBJECT_LENGTH} characters without control characters and spaces around them`,
    );
  }
  const address = email === null ? null : parseEmail(email);
  return {
    ...profile,
    provider,
    issuer,
    email: address,
    isEmailVerified: isEmailVerified && address !== null,
  };
}
