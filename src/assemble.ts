import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { AccountStore } from './accounts/ports.ts';
import { createApp } from './app.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './db/connect.ts';
import { createKeyUseStore } from './db/key-use-store.ts';
import { isSchemaCurrent } from './db/migrate.ts';
import { createStore } from './db/store.ts';
import { createDrain, type Drain } from './http/drain.ts';
import { createHttpServer } from './http/listen.ts';
import { createRevocationFollower, type RevocationFollower } from './sessions/follower.ts';
import { createRevocationSet, type RevocationSet } from './sessions/revocations.ts';
import { createKeyUsage, type KeyUsage } from './tokens/key-usage.ts';
import { createKeyRing } from './tokens/keys.ts';

/** What the process is made in: the configuration, and what differs between a server and a test. */
export interface World {
  readonly config: Config;
  /** The secret in use: the configured one, or one that was made at the first start. */
  readonly secret: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The parts that live as long as the process. Nothing listens, follows or ticks yet. */
export interface Assembly extends Drain {
  readonly server: Server;
  readonly store: AccountStore;
  readonly revocations: RevocationSet;
  readonly follower: RevocationFollower;
  readonly keyUsage: KeyUsage;
}

/** Puts the adapters, the application and the HTTP server together, and reads what has been revoked so far. */
export async function assemble({ config, secret, database, clock, logger }: World): Promise<Assembly> {
  const store = createStore(database);
  const keys = createKeyRing({ ...config.tokens, secret });
  const keyUsage = createKeyUsage(keys.all, createKeyUseStore(database), clock, logger);
  const revocations = createRevocationSet();
  const { revocationMaxLagSeconds: maxLagSeconds, revocationWhenStale: whenStale } = config.sessions;
  const follower = createRevocationFollower({ stores: store, revocations, clock, logger, maxLagSeconds });
  await follower.catchUp();

  const server = createHttpServer((req, res) => app(req, res), config.http.publicUrl);
  const { isDraining, drain } = createDrain(server);
  const readiness = {
    isDraining,
    isStale: follower.isStale,
    whenStale,
    isSchemaCurrent: (withinMilliseconds: number) => isSchemaCurrent(database, withinMilliseconds),
  };
  const app = createApp({ config, keys, keyUsage, store, revocations, follower, readiness, clock, logger });
  return { server, store, revocations, follower, keyUsage, isDraining, drain };
}
