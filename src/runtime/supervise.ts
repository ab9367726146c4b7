import type { Config } from '../config/config.ts';
import { readKeyMaterial } from '../core/tokens/key-material.ts';
import { openDatabase } from '../db/open.ts';
import { createScrapeOfAll } from '../features/metrics/processes.ts';
import { startDemoProvider } from './demo-provider.ts';
import { createLogger } from './logger.ts';
import { openPrettyLog } from './pretty-log.ts';
import { startProcesses } from './processes.ts';
import { listenForMetrics, logStart, printBanner } from './serve.ts';
import { STOP_MILLISECONDS, stopOnSignal } from './shutdown.ts';

/** The others get this long to stop after the delay; the rest of ten seconds is for this process. */
const OTHERS_STOP_MILLISECONDS = 9_500;

/** The first of several processes: prepares what they share, starts them, and starts another where one ends. */
export async function supervise(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel, await openPrettyLog(config));
  logStart(config, logger);
  const database = await openDatabase(config.database, logger);
  await database.close();
  // Makes what is to be made, so that it is there before the others look.
  readKeyMaterial(config.tokens);

  const demoProvider = startDemoProvider(config, logger);
  const stopMetrics = await listenForMetrics(config, createScrapeOfAll(), logger);
  const processes = await startProcesses(config.processes, logger);
  const delayMilliseconds = config.shutdownDelaySeconds * 1000;
  stopOnSignal(logger, delayMilliseconds + STOP_MILLISECONDS, async () => {
    await processes.stop(delayMilliseconds + OTHERS_STOP_MILLISECONDS);
    stopMetrics();
    demoProvider.stop();
  });
  printBanner(config, processes.port, await demoProvider.started, logger);
}
