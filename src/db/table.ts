import { type DataType, DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';

/** A column: how the database keeps it, and, in its type, what a row holds. */
export interface Column<Value> {
  readonly type: DataType;
  readonly primaryKey?: true;
  readonly autoIncrement?: true;
  /** Never there. */
  readonly value?: Value;
}

type Columns = Readonly<Record<string, Column<unknown>>>;

type RowWith<Described extends Columns> = {
  -readonly [Name in keyof Described]: Described[Name] extends Column<infer Value> ? Value : never;
};

/** A table, described once for reading and writing. The migrations make it; nothing here ever alters one. */
export interface Table<Row extends object = object> {
  readonly name: string;
  readonly columns: Columns;
  /** Never there. */
  readonly row?: Row;
}

/** The values of a row. */
export type RowOf<Described> = Described extends Table<infer Row> ? Row : never;

/** The rows of a table, to be read and written. */
export type Rows<Row extends object> = ModelStatic<Model<Row, Partial<Row>> & Row>;

/** Gives the rows of a table in the database at hand. */
export type OpenTable = <Row extends object>(table: Table<Row>) => Rows<Row>;

/** A table whose columns have these names in snake_case. */
export function table<Described extends Columns>(
  name: string,
  columns: Described,
): Table<RowWith<Described>> {
  return { name, columns };
}

export function text(length: number): Column<string> {
  return { type: DataTypes.STRING(length) };
}

export function longText(): Column<string> {
  return { type: DataTypes.TEXT };
}

export function integer(): Column<number> {
  return { type: DataTypes.INTEGER };
}

export function bigInteger(): Column<number> {
  return { type: DataTypes.BIGINT };
}

export function boolean(): Column<boolean> {
  return { type: DataTypes.BOOLEAN };
}

/** UTC, with milliseconds. */
export function time(): Column<Date> {
  return { type: DataTypes.DATE(3) };
}

export function primaryKey<Value>(column: Column<Value>): Column<Value> {
  return { ...column, primaryKey: true };
}

/** A number that the database gives out, each one higher than those before. */
export function position(): Column<number> {
  return { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
}

export function nullable<Value>(column: Column<Value>): Column<Value | null> {
  return column;
}

/** Opens tables in a database; each is made known to Sequelize once. */
export function tablesIn(sequelize: Sequelize): OpenTable {
  return ({ name, columns }) => {
    if (!sequelize.isDefined(name)) {
      sequelize.define(name, { ...columns } as never, {
        tableName: name,
        underscored: true,
        timestamps: false,
      });
    }
    return sequelize.model(name) as Rows<never>;
  };
}
