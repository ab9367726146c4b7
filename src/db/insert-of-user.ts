import { ForeignKeyConstraintError } from 'sequelize';
import { insertRows } from './insert-rows.ts';

/**
 * Adds a row of a user, or of nobody where the user has been deleted since it was read: whoever asks for a message is told
 * nothing of that.
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
