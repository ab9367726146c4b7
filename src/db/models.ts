import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';
import type {
  ApiKeyRow,
  ClientPermissionRow,
  ClientRow,
  ClientSecretRow,
  LedgerRow,
  LoginFailuresRow,
  PermissionRow,
  RevocationRow,
  RolePermissionRow,
  RoleRow,
  SessionRow,
  SigningKeyRow,
  UserRoleRow,
  UserRow,
  WriteProbeRow,
} from './rows.ts';

/** A table of such rows. */
export type Rows<Row extends object> = ModelStatic<Model<Row, Partial<Row>> & Row>;

export interface Models {
  readonly users: Rows<UserRow>;
  readonly loginFailures: Rows<LoginFailuresRow>;
  readonly sessions: Rows<SessionRow>;
  readonly revocations: Rows<RevocationRow>;
  readonly roles: Rows<RoleRow>;
  readonly permissions: Rows<PermissionRow>;
  readonly rolePermissions: Rows<RolePermissionRow>;
  readonly userRoles: Rows<UserRoleRow>;
  readonly ledger: Rows<LedgerRow>;
  readonly apiKeys: Rows<ApiKeyRow>;
  readonly clients: Rows<ClientRow>;
  readonly clientPermissions: Rows<ClientPermissionRow>;
  readonly clientSecrets: Rows<ClientSecretRow>;
  readonly signingKeys: Rows<SigningKeyRow>;
  readonly writeProbes: Rows<WriteProbeRow>;
}

/** The tables as the stores see them. The migrations make them; nothing here ever alters one. */
export function defineModels(sequelize: Sequelize): Models {
  const date = DataTypes.DATE(3);
  const options = (tableName: string) => ({ tableName, underscored: true, timestamps: false });
  return {
    users: sequelize.define(
      'users',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        email: DataTypes.STRING(254),
        emailCanonical: DataTypes.STRING(254),
        username: DataTypes.STRING(32),
        usernameCanonical: DataTypes.STRING(32),
        name: DataTypes.STRING(200),
        passwordHash: DataTypes.STRING(255),
        passwordChangedAt: date,
        emailVerifiedAt: date,
        disabledAt: date,
        passwordChangeRequiredAt: date,
        rightsVersion: date,
        createdAt: date,
        updatedAt: date,
      },
      options('users'),
    ),
    loginFailures: sequelize.define(
      'loginFailures',
      {
        account: { type: DataTypes.STRING(64), primaryKey: true },
        device: { type: DataTypes.STRING(64), primaryKey: true },
        failures: DataTypes.INTEGER,
        recentFailures: DataTypes.INTEGER,
        failedAt: date,
        previousFailedAt: date,
        waitsUntilMs: DataTypes.BIGINT,
      },
      options('login_failures'),
    ),
    sessions: sequelize.define(
      'sessions',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        userId: DataTypes.STRING(36),
        method: DataTypes.STRING(32),
        amr: DataTypes.STRING(64),
        authenticatedAt: date,
        userAgent: DataTypes.STRING(512),
        ip: DataTypes.STRING(45),
        createdAt: date,
        lastUsedAt: date,
        idleExpiresAt: date,
        absoluteExpiresAt: date,
        refreshCounter: DataTypes.INTEGER,
        rotatedAt: date,
        confirmedAt: date,
        revokedAt: date,
        revokedReason: DataTypes.STRING(32),
      },
      options('sessions'),
    ),
    revocations: sequelize.define(
      'revocations',
      {
        id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true },
        kind: DataTypes.STRING(16),
        subjectId: DataTypes.STRING(64),
        notBefore: date,
        expiresAt: date,
        createdAt: date,
      },
      options('revocations'),
    ),
    roles: sequelize.define(
      'roles',
      {
        name: { type: DataTypes.STRING(64), primaryKey: true },
        description: DataTypes.STRING(200),
        version: date,
        createdAt: date,
        updatedAt: date,
      },
      options('roles'),
    ),
    permissions: sequelize.define(
      'permissions',
      {
        name: { type: DataTypes.STRING(128), primaryKey: true },
        description: DataTypes.STRING(200),
        createdAt: date,
      },
      options('permissions'),
    ),
    rolePermissions: sequelize.define(
      'rolePermissions',
      {
        role: { type: DataTypes.STRING(64), primaryKey: true },
        permission: { type: DataTypes.STRING(128), primaryKey: true },
      },
      options('role_permissions'),
    ),
    userRoles: sequelize.define(
      'userRoles',
      {
        userId: { type: DataTypes.STRING(36), primaryKey: true },
        role: { type: DataTypes.STRING(64), primaryKey: true },
      },
      options('user_roles'),
    ),
    ledger: sequelize.define(
      'ledger',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        type: DataTypes.STRING(64),
        outcome: DataTypes.STRING(16),
        actorType: DataTypes.STRING(16),
        actorId: DataTypes.STRING(64),
        subjectId: DataTypes.STRING(128),
        sessionId: DataTypes.STRING(36),
        ip: DataTypes.STRING(45),
        userAgent: DataTypes.STRING(512),
        requestId: DataTypes.STRING(128),
        clientRequestId: DataTypes.STRING(128),
        details: DataTypes.TEXT,
        createdAt: date,
      },
      options('ledger'),
    ),
    apiKeys: sequelize.define(
      'apiKeys',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        userId: DataTypes.STRING(36),
        name: DataTypes.STRING(200),
        hash: DataTypes.STRING(64),
        prefix: DataTypes.STRING(16),
        lastFour: DataTypes.STRING(4),
        scope: DataTypes.TEXT,
        expiresAt: date,
        lastUsedAt: date,
        createdAt: date,
        revokedAt: date,
      },
      options('api_keys'),
    ),
    clients: sequelize.define(
      'clients',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        name: DataTypes.STRING(200),
        rightsVersion: date,
        expiresAt: date,
        createdAt: date,
        updatedAt: date,
      },
      options('clients'),
    ),
    clientPermissions: sequelize.define(
      'clientPermissions',
      {
        clientId: { type: DataTypes.STRING(36), primaryKey: true },
        permission: { type: DataTypes.STRING(128), primaryKey: true },
      },
      options('client_permissions'),
    ),
    clientSecrets: sequelize.define(
      'clientSecrets',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        clientId: DataTypes.STRING(36),
        hash: DataTypes.STRING(64),
        createdAt: date,
      },
      options('client_secrets'),
    ),
    signingKeys: sequelize.define(
      'signingKeys',
      {
        kid: { type: DataTypes.STRING(64), primaryKey: true },
        algorithm: DataTypes.STRING(16),
        firstUsedAt: date,
        lastSignedAt: date,
        lastSeenAt: date,
      },
      options('signing_keys'),
    ),
    writeProbes: sequelize.define(
      'writeProbes',
      { slot: { type: DataTypes.INTEGER, primaryKey: true }, writtenAt: date },
      options('write_probes'),
    ),
  };
}
