import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';

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
  createdAt: Date;
  updatedAt: Date;
}

export interface LoginFailuresRow {
  account: string;
  device: string;
  failures: number;
  failedAt: Date;
  emailFailures: number;
  emailFailedAt: Date | null;
  usernameFailures: number;
  usernameFailedAt: Date | null;
}

export interface SessionRow {
  id: string;
  userId: string;
  method: string;
  userAgent: string | null;
  ip: string | null;
  createdAt: Date;
  lastUsedAt: Date;
  idleExpiresAt: Date;
  absoluteExpiresAt: Date;
  refreshCounter: number;
  rotatedAt: Date | null;
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

export interface SigningKeyRow {
  kid: string;
  algorithm: string;
  firstUsedAt: Date;
  lastSignedAt: Date | null;
  lastSeenAt: Date | null;
}

type Rows<Row extends object> = ModelStatic<Model<Row, Partial<Row>> & Row>;

export interface Models {
  readonly users: Rows<UserRow>;
  readonly loginFailures: Rows<LoginFailuresRow>;
  readonly sessions: Rows<SessionRow>;
  readonly revocations: Rows<RevocationRow>;
  readonly signingKeys: Rows<SigningKeyRow>;
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
        failedAt: date,
        emailFailures: DataTypes.INTEGER,
        emailFailedAt: date,
        usernameFailures: DataTypes.INTEGER,
        usernameFailedAt: date,
      },
      options('login_failures'),
    ),
    sessions: sequelize.define(
      'sessions',
      {
        id: { type: DataTypes.STRING(36), primaryKey: true },
        userId: DataTypes.STRING(36),
        method: DataTypes.STRING(32),
        userAgent: DataTypes.STRING(512),
        ip: DataTypes.STRING(45),
        createdAt: date,
        lastUsedAt: date,
        idleExpiresAt: date,
        absoluteExpiresAt: date,
        refreshCounter: DataTypes.INTEGER,
        rotatedAt: date,
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
        subjectId: DataTypes.STRING(36),
        notBefore: date,
        expiresAt: date,
        createdAt: date,
      },
      options('revocations'),
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
  };
}
