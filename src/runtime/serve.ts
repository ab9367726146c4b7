import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { VERSION } from '../app.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { readKeyMaterial } from '../core/tokens/key-material.ts';
import { openDatabase } from '../db/open.ts';
import { createScrapeThroughPrimary, type Scrape } from '../features/metrics/processes.ts';
import { metricsRoutes } from '../features/metrics/routes.ts';
import { createHttpServer, listen } from '../http/listen.ts';
import { createMessageClasses } from '../http/messages.ts';
import { mount } from '../http/mount.ts';
import { createPlainApp } from '../http/plain-app.ts';
import { assemble } from './assemble.ts';
import { offered, startupFacts, welcome } from './banner.ts';
import { NO_DEMO_PROVIDER, startDemoProvider } from './demo-provider.ts';
import { createLogger } from './logger.ts';
import { openPrettyLog } from './pretty-log.ts';
import { onStopRequest } from './processes.ts';
import { STOP_MILLISECONDS, stopOnSignal, stopOnSignalOrRequest } from './shutdown.ts';

/** In-flight requests get this long; the rest of ten seconds is for the database and the log. */
const DRAIN_MILLISECONDS = 9_000;

/** One process that answers requests: database -> assemble -> listen -> drain when it is told to stop. */
export async function serve(config: Config): Promise<void> {
  const isAlone = cluster.isPrimary;
  // With several processes each line carries the pid.
  const pretty = await openPrettyLog(config);
  const logger = createLogger(config.logLevel, pretty, isAlone ? null : { pid: process.pid });
  if (isAlone) logStart(config, logger);
  const database = await openDatabase(config.database, logger);
  const assembly = await assemble({
    config,
    keyMaterial: readKeyMaterial(config.tokens),
    database,
    clock: systemClock,
    readTime: database.readTime,
    logger,
    ...(isAlone ? {} : { createScrape: createScrapeThroughPrimary }),
  });
  await assembly.core.hashWorkers.warm();
  const { address, port } = await listen(
    assembly.server,
    config.http.port,
    config.http.host,
    logAcceptErrors(logger),
  );
  const demoProvider = isAlone ? startDemoProvider(config, logger) : NO_DEMO_PROVIDER;
  const stopMetrics = isAlone ? await listenForMetrics(config, assembly.core.scrape, logger) : () => {};
  assembly.start();
  const delayMilliseconds = config.shutdownDelaySeconds * 1000;
  const withinMilliseconds = delayMilliseconds + STOP_MILLISECONDS;
  async function stop() {
    await assembly.drain(DRAIN_MILLISECONDS, delayMilliseconds);
    stopMetrics();
    demoProvider.stop();
    await assembly.stop();
    await database.close();
  }
  if (isAlone) stopOnSignal(logger, withinMilliseconds, stop);
  else onStopRequest(stopOnSignalOrRequest(logger, withinMilliseconds, stop));
  if (isAlone) printBanner(config, port, await demoProvider.started, logger);
  logger.info({ address, port, public_url: config.http.publicUrl }, 'listening');
}

/** GET /metrics on a port of its own, where one is configured. Returns what stops it. */
export async function listenForMetrics(config: Config, scrape: Scrape, logger: Logger): Promise<() => void> {
  const { port, host, token } = config.metrics;
  if (port === undefined) return () => {};
  const { publicUrl, keepAliveSeconds } = config.http;
  const messageClasses = createMessageClasses();
  const app = createPlainApp(mount(metricsRoutes, { scrape, token }), { messageClasses, publicUrl, logger });
  const server = createHttpServer(app, { messageClasses, publicUrl, keepAliveSeconds });
  const address = await listen(server, port, host, logAcceptErrors(logger)).catch((error: Error) => {
    throw new Error(`METRICS_PORT=${port} cannot be used: ${error.message}`, { cause: error });
  });
  logger.info({ address: address.address, port: address.port }, 'metrics are served');
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

function logAcceptErrors(logger: Logger): (error: Error) => void {
  return (err) => logger.error({ err }, 'a connection could not be accepted');
}

/** The first line of the log: also where the start then fails, it says what was started. */
export function logStart(config: Config, logger: Logger): void {
  logger.info(startupFacts(config, VERSION), 'Latchkey starts');
}

/** Prints the greeting and the warnings to the operator. */
export function printBanner(config: Config, port: number, demoProvider: boolean, logger: Logger): void {
  for (const warning of config.warnings) logger.warn(warning);
  if (config.environment !== 'production') {
    const url = localUrl(config.http.host, port);
    process.stdout.write(welcome(url, { ...offered(config), demoProvider }));
  }
}

/** Where a person on this host reaches the service. */
function localUrl(host: string, port: number): string {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  return `http://${isLocal ? 'localhost' : host}:${port}`;
}
