import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseEmail, parseUsername } from './accounts/identifiers.ts';
import type { AccountStores } from './accounts/ports.ts';
import { ConfigError, loadConfig, processEnvironment } from './config.ts';
import { connectDatabase } from './db/connect.ts';
import { isSchemaCurrent } from './db/migrate.ts';
import { createStore } from './db/store.ts';

const USAGE = `usage: npm run admin -- unlock --email ADDRESS | --username NAME   forget the wrong passwords of an account
`;

const NO_SCHEMA = 'The database is empty or behind. Start the service once.';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    if (args.includes('--help')) return help();
    const { command, email, username } = readArguments(args);
    if (command !== 'unlock' || (email === undefined) === (username === undefined)) return explainUsage();
    return await withStore((store) => unlock(store, { email, username }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return error instanceof ConfigError ? ConfigError.exitCode : 1;
  }
}

function readArguments(args: string[]) {
  try {
    const options = { email: { type: 'string' }, username: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { ...values, command: positionals.length === 1 ? positionals[0] : undefined };
  } catch {
    return { command: undefined, email: undefined, username: undefined };
  }
}

function help(): number {
  process.stdout.write(USAGE);
  return 0;
}

function explainUsage(): number {
  process.stderr.write(USAGE);
  return 64; // EX_USAGE of sysexits.h
}

/** Lets an account that was shut by wrong passwords take its password again, on every device. */
async function unlock(
  { users, loginFailures }: AccountStores,
  { email, username }: { email: string | undefined; username: string | undefined },
): Promise<number> {
  const named = email ?? username;
  const identifier = email === undefined ? parseUsername(username ?? '') : parseEmail(email);
  const find = email === undefined ? users.findByUsername : users.findByEmail;
  const user = identifier && (await find(identifier.canonical));
  if (user === null) {
    console.error(`There is no account of ${JSON.stringify(named)}.`);
    return 1;
  }
  const devices = await loginFailures.clearAccount(user.id);
  console.log(devices === 0 ? `${user.email} was not locked.` : `${user.email} takes its password again.`);
  return 0;
}

async function withStore(work: (store: AccountStores) => Promise<number>): Promise<number> {
  const config = loadConfig(processEnvironment());
  const { location } = config.database;
  if (location.dialect === 'sqlite' && !existsSync(location.storage)) throw new Error(NO_SCHEMA);
  const database = await connectDatabase(config.database);
  try {
    if (!(await isSchemaCurrent(database, config.database.timeoutMilliseconds))) {
      throw new Error(NO_SCHEMA);
    }
    return await work(createStore(database));
  } finally {
    await database.close();
  }
}
