/** The tables as their rows come and go. Columns have these names in snake_case. */

export interface UserRow {
  id: string;
  email: string;
  emailCanonical: string;
  username: string | null;
  usernameCanonical: string | null;
  name: string | null;
  passwordHash: string | null;
  passwordChangedAt: Date | null;
  emailVerifiedAt: Date | null;
  disabledAt: Date | null;
  passwordChangeRequiredAt: Date | null;
  rightsVersion: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface LoginFailuresRow {
  account: string;
  device: string;
  failures: number;
  recentFailures: number;
  failedAt: Date;
  previousFailedAt: Date | null;
  waitsUntilMs: number;
}

export interface SessionRow {
  id: string;
  userId: string;
  method: string;
  amr: string | null;
  authenticatedAt: Date | null;
  userAgent: string | null;
  ip: string | null;
  createdAt: Date;
  lastUsedAt: Date;
  idleExpiresAt: Date;
  absoluteExpiresAt: Date;
  refreshCounter: number;
  rotatedAt: Date | null;
  confirmedAt: Date | null;
  revokedAt: Date | null;
  revokedReason: string | null;
}

export interface RevocationRow {
  id: number;
  kind: string;
  subjectId: string;
  notBefore: Date | null;
  expiresAt: Date;
  createdAt: Date;
}

export interface RoleRow {
  name: string;
  description: string | null;
  version: Date;
  createdAt: Date;
  updatedAt: Date;
}

export interface PermissionRow {
  name: string;
  description: string | null;
  createdAt: Date;
}

export interface RolePermissionRow {
  role: string;
  permission: string;
}

export interface UserRoleRow {
  userId: string;
  role: string;
}

export interface LedgerRow {
  id: string;
  type: string;
  outcome: string;
  actorType: string;
  actorId: string | null;
  subjectId: string | null;
  sessionId: string | null;
  ip: string | null;
  userAgent: string | null;
  requestId: string | null;
  clientRequestId: string | null;
  details: string | null;
  createdAt: Date;
}

export interface ApiKeyRow {
  id: string;
  userId: string;
  name: string;
  hash: string;
  prefix: string;
  lastFour: string;
  scope: string | null;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  createdAt: Date;
  revokedAt: Date | null;
}

export interface ClientRow {
  id: string;
  name: string;
  rightsVersion: Date | null;
  expiresAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface ClientPermissionRow {
  clientId: string;
  permission: string;
}

export interface ClientSecretRow {
  id: string;
  clientId: string;
  hash: string;
  createdAt: Date;
}

export interface SigningKeyRow {
  kid: string;
  algorithm: string;
  firstUsedAt: Date;
  lastSignedAt: Date | null;
  lastSeenAt: Date | null;
}

export interface WriteProbeRow {
  slot: number;
  writtenAt: Date;
}
