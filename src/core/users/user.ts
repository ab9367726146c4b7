import type { Identifier, IdentifierSearch } from './identifiers.ts';

/** The account of a person. */
export interface User {
  readonly id: string;
  /** As typed, to show; null for a user who signs in by phone. */
  readonly email: string | null;
  /** E.164, always verified. */
  readonly phone: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly passwordHash: string | null;
  /** Null where it is the one that the account was made with. */
  readonly passwordChangedAt: Date | null;
  readonly emailVerifiedAt: Date | null;
  readonly disabledAt: Date | null;
  /** Since when they have to choose another password; null where the current one will do. */
  readonly passwordChangeRequiredAt: Date | null;
  /** Since when the first factor alone no longer signs in; null without a second one. */
  readonly secondFactorSince: Date | null;
  /** The language of messages (BCP 47); null for that of the request. */
  readonly language: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a new password of theirs must not be. */
export function ownWords({ email, username, name }: User): readonly (string | null)[] {
  return [email, username, name];
}

export interface NewUser {
  readonly id: string;
  readonly email: Identifier | null;
  readonly phone?: string | null;
  readonly username: Identifier | null;
  readonly name: string | null;
  /** Null for an account that logs in by other means. */
  readonly passwordHash: string | null;
  readonly emailVerifiedAt?: Date | null;
  readonly secondFactorSince?: Date | null;
  readonly createdAt: Date;
}

/** An absent member stays as it is; null removes it. */
export interface ProfileChange {
  readonly language?: string | null | undefined;
  readonly username?: Identifier | null | undefined;
  readonly name?: string | null | undefined;
}

/** The fields that an administrator may change. */
export interface UserChange extends ProfileChange {
  readonly email?: Identifier | undefined;
  readonly emailVerified?: boolean | undefined;
}

export interface UserFilter {
  /** For the beginning of an email address, a username or an id. */
  readonly search?: IdentifierSearch | undefined;
  readonly role?: string | undefined;
  readonly state?: 'active' | 'disabled' | undefined;
}
