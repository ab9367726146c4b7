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

/** It takes a second to start. The service goes on without it on a machine that is too busy. */
const START_MILLISECONDS = 10_000;

export interface DemoProvider {
  /** Resolves once it listens, cannot start or has taken too long, with whether it listens. */
  readonly started: Promise<boolean>;
  readonly stop: () => void;
}

export const NO_DEMO_PROVIDER: DemoProvider = { started: Promise.resolve(false), stop() {} };

/** Starts the demo provider where the configuration wants one, as a process of its own, which ends with this one. */
export function startDemoProvider({ social, http }: Config, logger: Logger): DemoProvider {
  const { demoPort } = social;
  if (demoPort === undefined) return NO_DEMO_PROVIDER;
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
  let start: (isListening: boolean) => void = () => {};
  const started = new Promise<boolean>((resolve) => {
    start = resolve;
    setTimeout(resolve, START_MILLISECONDS, false).unref();
  });
  provider.on('message', (message: Message) => {
    if (message.type === 'failed') return fail(explain(message, demoPort));
    logger.info({ issuer: message.issuer }, 'the demo provider listens');
    start(true);
  });
  provider.on('error', (err) => fail(err.message));
  provider.on('exit', (code, signal) => {
    start(false);
    if (!stopping) fail(`its process ended (${signal ?? code})`);
  });

  function fail(reason: string): void {
    if (!hasFailed) logger.error(`there is no demo provider: ${reason}`);
    hasFailed = true;
    start(false);
  }

  return {
    started,
    stop() {
      stopping = true;
      if (provider.connected) provider.disconnect();
    },
  };
}

function explain({ code, message }: Extract<Message, { type: 'failed' }>, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is taken. Set DEMO_PROVIDER_PORT to another`;
  return message;
}
