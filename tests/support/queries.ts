import type { TestApp } from './app.ts';

/** How many statements the app sent to its database during `work`. */
export async function countQueries(app: TestApp, work: () => Promise<unknown>): Promise<number> {
  return (await statementsDuring(app, work)).length;
}

/** What sends messages, which is done after the requests that have written them down. */
const OF_THE_SENDER = /^(?:SELECT .* FROM|UPDATE|DELETE FROM) [`"]?outbox\b/s;

/**
 * The statements that the app sent to its database during `work`, those that end transactions included. What was to be sent
 * before has been sent by then.
 */
export async function statementsDuring(app: TestApp, work: () => Promise<unknown>): Promise<string[]> {
  await app.outbox.settled();
  const statements: string[] = [];
  const { sequelize, transactions } = app.database;
  // Sequelize's types miss the options of an instance.
  const both = [...new Set([sequelize, transactions])] as unknown as { options: { logging: unknown } }[];
  const log = (text: string) => {
    const statement = text.replace(/^Executing \([^)]*\): /, '');
    if (!OF_THE_SENDER.test(statement)) statements.push(statement);
  };
  for (const each of both) each.options.logging = log;
  try {
    await work();
  } finally {
    for (const each of both) each.options.logging = false;
  }
  return statements;
}
