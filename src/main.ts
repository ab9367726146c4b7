import cluster from 'node:cluster';
import { ConfigError, loadConfig, processEnvironment } from './config/config.ts';
import { StartError } from './runtime/processes.ts';
import { serve } from './runtime/serve.ts';
import { supervise } from './runtime/supervise.ts';

// The database and the secret that this process writes must not be readable by other users of the host.
process.umask(0o077);

try {
  const config = loadConfig(processEnvironment());
  if (config.processes > 1 && cluster.isPrimary) await supervise(config);
  else await serve(config);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : explain(error));
  process.exit(exitCodeOf(error));
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

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return ConfigError.exitCode;
  return error instanceof StartError ? error.exitCode : 1;
}
