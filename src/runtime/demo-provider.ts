import { fork } from 'node:child_process';
import type { Logger } from 'pino';
import { besideCode } from '../config/beside-code.ts';
import type { Config } from '../config/config.ts';
import { DEMO_CLIENT } from '../providers/demo.ts';

const SCRIPT = besideCode('../scripts/demo-provider.js');

/** The one message of the process: where it listens, or why it cannot. */
type Message =
  | { readonly type: 'listening'; readonly issuer: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/**
 * Starts the demo provider where the configuration wants one, as a process of its own, which ends with this one. The service
 * does not wait for it, as it waits for no provider. Returns what stops it.
 */
export function startDemoProvider({ social, http }: Config, logger: Logger): () => void {
  const { demoPort } = social;
  if (demoPort === undefined) return () => {};
  const provider = fork(SCRIPT, [], {
    // It gets none of the secrets of the service.
    env: {
      DEMO_PROVIDER_PORT: String(demoPort),
      DEMO_PROVIDER_REDIRECT_URIS: `${http.publicUrl}/login/demo/callback`,
      DEMO_PROVIDER_CLIENT_ID: DEMO_CLIENT.id,
      DEMO_PROVIDER_CLIENT_SECRET: DEMO_CLIENT.secret,
    },
    execArgv: [],
  });
  let stopping = false;
  let hasFailed = false;
  provider.on('message', (message: Message) => {
    if (message.type === 'listening') logger.info({ issuer: message.issuer }, 'the demo provider listens');
    else fail(explain(message, demoPort));
  });
  provider.on('error', (err) => fail(err.message));
  provider.on('exit', (code, signal) => {
    if (!stopping) fail(`its process ended (${signal ?? code})`);
  });

  function fail(reason: string): void {
    if (!hasFailed) logger.error(`there is no demo provider: ${reason}`);
    hasFailed = true;
  }

  return () => {
    stopping = true;
    if (provider.connected) provider.disconnect();
  };
}

function explain({ code, message }: Extract<Message, { type: 'failed' }>, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is taken. Set DEMO_PROVIDER_PORT to another`;
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return 'it needs the development dependencies, which npm ci without --omit=dev installs';
  }
  return message;
}
