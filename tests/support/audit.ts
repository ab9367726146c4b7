import type { TestApp } from './app.ts';

/** An event as GET /admin/audit and GET /me/activity show it. */
export interface ShownEvent {
  readonly id: string;
  readonly type: string;
  readonly outcome: string;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly subject: string | null;
  readonly session_id: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly client_request_id: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly created_at: string;
}

export interface ShownPage {
  readonly events: readonly ShownEvent[];
  readonly next_cursor: string | null;
}

/** What GET /admin/audit answers to an administrator. */
export async function searchAudit(
  app: TestApp,
  token: string,
  query: Readonly<Record<string, string | number>> = {},
): Promise<ShownPage> {
  const { body } = await app.get('/admin/audit').query(query).auth(token, { type: 'bearer' }).expect(200);
  return body;
}

/** Takes the audit log away while `work` runs, so that nothing can be written to it. */
export async function withoutLedger(app: TestApp, work: () => Promise<void>): Promise<void> {
  const { sequelize } = app.database;
  await sequelize.query('ALTER TABLE ledger RENAME TO ledger_away');
  try {
    await work();
  } finally {
    await sequelize.query('ALTER TABLE ledger_away RENAME TO ledger');
  }
}
