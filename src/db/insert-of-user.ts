import { ForeignKeyConstraintError } from 'sequelize';
import { insertRows } from './insert-rows.ts';

/**
 * Adds a row that belongs to a user, without the user where they have been deleted since they were read: the answer to a
 * request for a message must not tell that.
 */
export async function insertOfUser<Row extends { readonly userId: string | null }>(
  scope: Parameters<typeof insertRows>[0],
  table: Parameters<typeof insertRows<Row>>[1],
  row: Row,
): Promise<void> {
  try {
    await insertRows(scope, table, [row]);
  } catch (error) {
    if (!(error instanceof ForeignKeyConstraintError) || row.userId === null) throw error;
    await insertRows(scope, table, [{ ...row, userId: null }]);
  }
}
