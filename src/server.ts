import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { systemClock } from './clock.ts';
import { type Config, ConfigError, loadConfig, processEnvironment } from './config.ts';
import { connectDatabase, type Database } from './db/connect.ts';
import { applyMigrations, isSchemaCurrent, pendingMigrations } from './db/migrate.ts';
import { createUserStore } from './db/users-store.ts';
import { createDrain, type Drain } from './http/drain.ts';
import { createHttpServer, listen } from './http/listen.ts';
import { createLogger } from './logger.ts';
import { createSigningKey, readOrCreateSecret } from './tokens/signing-key.ts';
import { welcome } from './welcome.ts';

/** In-flight requests get this long; the rest of ten seconds is for the database and the log. */
const DRAIN_MILLISECONDS = 9_000;
const STOP_MILLISECONDS = 10_000;

try {
  await start(loadConfig(processEnvironment()));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : explain(error));
  process.exit(error instanceof ConfigError ? ConfigError.exitCode : 1);
}

/** config -> adapters -> createApp -> listen -> drain on SIGTERM. */
async function start(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  const database = await connectDatabase(config.database);
  await bringSchemaUp(database, config, logger);

  const server = createHttpServer((req, res) => app(req, res), config.http.publicUrl);
  const drain = createDrain(server);
  const app = createApp({
    config,
    signingKey: createSigningKey(config.tokens.secret ?? readOrCreateSecret(config.tokens.secretFile)),
    users: createUserStore(database),
    readiness: {
      isDraining: drain.isDraining,
      isSchemaCurrent: (withinMilliseconds) => isSchemaCurrent(database, withinMilliseconds),
    },
    clock: systemClock,
    logger,
  });
  const { address, port } = await listen(server, config.http.port, config.http.host);
  stopOnSignal(drain, database, logger);

  logger.info({ address, port, public_url: config.http.publicUrl }, 'listening');
  if (config.environment !== 'production') process.stdout.write(welcome(`http://localhost:${port}`));
}

/** The server never runs on a schema that is behind: it migrates if it may, else it names the command. */
async function bringSchemaUp(database: Database, config: Config, logger: Logger): Promise<void> {
  if (config.database.migrateOnStart) {
    const applied = await applyMigrations(config.database);
    if (applied.length > 0) logger.info({ migrations: applied }, 'migrations applied');
    return;
  }
  const pending = await pendingMigrations(database);
  if (pending.length === 0) return;
  throw new Error(
    `The database schema is behind by ${pending.length} migration(s): ${pending.join(', ')}.\n` +
      'Apply them with: npx sequelize-cli db:migrate (or start with MIGRATE_ON_START=true)',
  );
}

function stopOnSignal(drain: Drain, database: Database, logger: Logger): void {
  closeWithGrace(
    {
      delay: STOP_MILLISECONDS,
      logger: { error: (message: unknown) => logger.error({ err: message }, 'stopped the hard way') },
    },
    async ({ signal, err }) => {
      if (err) logger.fatal({ err }, 'stopping after an unexpected error');
      else logger.info({ signal }, 'stopping');
      await drain.drain(DRAIN_MILLISECONDS);
      await database.close();
      logger.info('stopped');
    },
  );
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE')
    return `The port is taken (${error.message}). Set PORT to another.`;
  return `Latchkey did not start: ${error.message}`;
}
