import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { assemble } from './assemble.ts';
import { systemClock } from './clock.ts';
import { type Config, ConfigError, loadConfig, processEnvironment } from './config.ts';
import { connectDatabase, type Database } from './db/connect.ts';
import { applyMigrations, pendingMigrations } from './db/migrate.ts';
import { listen } from './http/listen.ts';
import { createLogger } from './logger.ts';
import { readOrCreateSecret } from './tokens/secret-file.ts';
import { welcome } from './welcome.ts';

/** In-flight requests get this long; the rest of ten seconds is for the database and the log. */
const DRAIN_MILLISECONDS = 9_000;
const STOP_MILLISECONDS = 10_000;

// What this process writes, the database and the secret, is nobody else's.
process.umask(0o077);

try {
  await start(loadConfig(processEnvironment()));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : explain(error));
  process.exit(error instanceof ConfigError ? ConfigError.exitCode : 1);
}

/** config -> database -> assemble -> listen -> drain on SIGTERM. */
async function start(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  const database = await openDatabase(config, logger);

  const secret = config.tokens.secret ?? readOrCreateSecret(config.tokens.secretFile);
  const assembly = await assemble({ config, secret, database, clock: systemClock, logger });
  const { address, port } = await listen(assembly.server, config.http.port, config.http.host);
  assembly.start();
  stopOnSignal(logger, async () => {
    await assembly.drain(DRAIN_MILLISECONDS);
    await assembly.stop();
    await database.close();
  });

  if (config.environment !== 'production')
    process.stdout.write(welcome(localUrl(config.http.host, port), config.signupDisabled));
  logger.info({ address, port, public_url: config.http.publicUrl }, 'listening');
}

/** Never a schema that is behind: the server migrates if it may, else it names the command. */
async function openDatabase(config: Config, logger: Logger): Promise<Database> {
  let pending: string[] = [];
  let database: Database;
  try {
    database = await connectDatabase(config.database);
    if (config.database.migrateOnStart) {
      const applied = await applyMigrations(config.database);
      if (applied.length > 0) logger.info({ migrations: applied }, 'migrations applied');
    } else {
      pending = await pendingMigrations(database);
    }
  } catch (error) {
    throw databaseError(config.database, error);
  }
  if (pending.length === 0) return database;
  throw new Error(
    `the database schema is behind: ${pending.join(', ')}.\n` +
      'Apply these migrations with: npx sequelize-cli db:migrate (or start with MIGRATE_ON_START=true)',
  );
}

function stopOnSignal(logger: Logger, stop: () => Promise<void>): void {
  closeWithGrace(
    {
      delay: STOP_MILLISECONDS,
      logger: {
        error: (reason: unknown) => logger.warn({ reason: String(reason) }, 'stopped before all was done'),
      },
    },
    async ({ signal, err }) => {
      if (err) logger.fatal({ err }, 'stopping after an unexpected error');
      else logger.info({ signal }, 'stopping');
      await stop();
      logger.info('stopped');
    },
  );
}

/** Where a person on this machine reaches the service. */
function localUrl(host: string, port: number): string {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  return `http://${isLocal ? 'localhost' : host}:${port}`;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `The port is taken (${error.message}). Set PORT to another.`;
  if (code === 'ERR_DLOPEN_FAILED' || error.message.includes('Could not locate the bindings file')) {
    return 'The binary of a native package does not fit this system. Build it here: npm rebuild --build-from-source';
  }
  return `Latchkey did not start: ${error.message}`;
}

/** A database error at the start, with what the operator needs to find the database. */
function databaseError({ location }: Config['database'], error: unknown): Error {
  const { message } = error as Error;
  if (location.dialect === 'sqlite')
    return new Error(`the database ${location.storage} cannot be used: ${message}`);
  const where = `${location.host}:${location.port}/${location.database}`;
  const hint = message.includes('Unknown database') ? ' Create it with: npx sequelize-cli db:create' : '';
  return new Error(`the database at ${where} cannot be used: ${message}.${hint}`);
}
