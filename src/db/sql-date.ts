import type { Sequelize } from 'sequelize';

/** A time as Sequelize writes it into a DATE(3) column, for the few statements that are written by hand. */
export function toSqlDate(sequelize: Sequelize, date: Date): string {
  const text = date.toISOString().replace('T', ' ').replace('Z', '');
  return sequelize.getDialect() === 'sqlite' ? `${text} +00:00` : text;
}
