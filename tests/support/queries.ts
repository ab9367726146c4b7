import type { TestApp } from './app.ts';

/** How many statements the app sent to its database during `work`. */
export async function countQueries(app: TestApp, work: () => Promise<unknown>): Promise<number> {
  return (await statementsDuring(app, work)).length;
}

/** The statements that the app sent to its database during `work`, those that end transactions included. */
export async function statementsDuring(app: TestApp, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const { sequelize, transactions } = app.database;
  // Sequelize's types miss the options of an instance.
  const both = [...new Set([sequelize, transactions])] as unknown as { options: { logging: unknown } }[];
  const log = (text: string) => {
    statements.push(text.replace(/^Executing \([^)]*\): /, ''));
  };
  for (const each of both) each.options.logging = log;
  try {
    await work();
  } finally {
    for (const each of both) each.options.logging = false;
  }
  return statements;
}
