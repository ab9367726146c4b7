import type { TestApp } from './app.ts';

/** How many statements the app sent to its database during `work`. */
export async function countQueries(app: TestApp, work: () => Promise<unknown>): Promise<number> {
  return (await statementsDuring(app, work)).length;
}

/** The statements that the app sent to its database during `work`. */
export async function statementsDuring(app: TestApp, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const options = (app.database.sequelize as unknown as { options: { logging: unknown } }).options;
  options.logging = (text: string) => {
    statements.push(text.replace(/^Executing \([^)]*\): /, ''));
  };
  try {
    await work();
  } finally {
    options.logging = false;
  }
  return statements;
}
