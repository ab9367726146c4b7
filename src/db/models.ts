import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';

export interface UserRow {
  id: string;
  email: string;
  emailCanonical: string;
  username: string | null;
  usernameCanonical: string | null;
  name: string | null;
  passwordHash: string | null;
  emailVerifiedAt: Date | null;
  disabledAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

type Rows<Row extends object> = ModelStatic<Model<Row, Partial<Row>> & Row>;

export interface Models {
  readonly users: Rows<UserRow>;
}

/** The tables as the stores see them. The migrations make them; nothing here ever alters one. */
export function defineModels(sequelize: Sequelize): Models {
  const date = DataTypes.DATE(3);
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
        emailVerifiedAt: date,
        disabledAt: date,
        createdAt: date,
        updatedAt: date,
      },
      { tableName: 'users', underscored: true, timestamps: false },
    ),
  };
}
