import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PolicyName } from '../../core/limits/quota.ts';
import { CHANNELS } from '../../core/messages/message.ts';
import type { QueueObserver } from '../../core/passwords/fair-queue.ts';
import type { Pace } from '../../http/refusal-budget.ts';
import type { Measurement } from '../../http/request-log.ts';

export type { Registry };

/** Values that are read at each scrape. */
export interface Watched {
  readonly hashing: { readonly waiting: () => number; readonly running: () => number };
  readonly revocationLagMilliseconds: () => number;
  readonly revocationFollowers: () => number;
  readonly clockOffsetMilliseconds: () => number;
  readonly pool: () => { readonly used: number; readonly idle: number; readonly waiting: number } | undefined;
  /** Undefined where there is no Redis. */
  readonly isRedisUp: (() => boolean) | undefined;
}

/** The metrics of GET /metrics, and the observers that feed them. */
export interface Metrics {
  readonly registry: Registry;
  readonly request: (measurement: Measurement) => void;
  /** How a login ended. */
  readonly login: (outcome: string) => void;
  /** How a sign-up ended. */
  readonly signup: (outcome: string) => void;
  /** The outcomes of refreshes. */
  readonly refresh: (outcome: string) => void;
  /** A 429; `login-account` is the delay after wrong passwords. */
  readonly limited: (policy: PolicyName) => void;
  readonly clientRefused: () => void;
  /** How an attempt to send a message ended. */
  readonly delivery: (channel: string, outcome: string) => void;
  /** How many messages have not been sent yet. */
  readonly outboxWaiting: (channel: string, amount: number) => void;
  /** How many SMS of its budget the day has had. */
  readonly smsSent: (amount: number) => void;
  readonly hashQueue: QueueObserver;
  /** How refusals with Retry-After were sent. */
  readonly refusalPaced: (pace: Pace) => void;
  readonly watch: (watched: Watched) => void;
}

/** From a verification, which takes a fraction of a millisecond, to a login that waits in line for seconds. */
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const HASH_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];
const WAIT_SECONDS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 5, 10];

/** The metrics of this process in a registry of their own, those of Node and the process among them. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  new Gauge({
    name: 'latchkey_build_info',
    help: 'Always 1; its label is the version that runs',
    labelNames: ['version'],
    registers,
    aggregator: 'max',
  }).set({ version }, 1);

  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by the pattern of their route',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const logins = new Counter({
    name: 'latchkey_logins_total',
    help: 'Logins by how they ended',
    labelNames: ['outcome'],
    registers,
  });
  const signups = new Counter({
    name: 'latchkey_signups_total',
    help: 'Sign-ups by how they ended',
    labelNames: ['outcome'],
    registers,
  });
  const refreshes = new Counter({
    name: 'latchkey_refreshes_total',
    help: 'Refresh tokens shown, by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  const limited = new Counter({
    name: 'latchkey_rate_limited_total',
    help: 'Requests refused with 429, by policy',
    labelNames: ['policy'],
    registers,
  });
  const clientRefusals = new Counter({
    name: 'latchkey_client_refusals_total',
    help: 'Failed attempts to authenticate as a machine client',
    registers,
  });
  const waits = new Histogram({
    name: 'latchkey_hash_wait_seconds',
    help: 'How long passwords waited for a thread to hash them',
    buckets: WAIT_SECONDS,
    registers,
  });
  const durations = new Histogram({
    name: 'latchkey_hash_duration_seconds',
    help: 'How long threads took for one password, those that were done too late included',
    buckets: HASH_SECONDS,
    registers,
  });
  const refusals = new Counter({
    name: 'latchkey_hash_refusals_total',
    help: 'Passwords that were refused, since they would not have been or were not hashed in time',
    registers,
  });

  const deliveries = new Counter({
    name: 'latchkey_messages_total',
    help: 'Attempts to send mail and SMS, by how they ended',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  const outboxWaiting = new Gauge({
    name: 'latchkey_outbox_waiting',
    help: 'Messages that have not been sent yet, as of the last minute',
    labelNames: ['channel'],
    registers,
    // Each process counts them all.
    aggregator: 'max',
  });
  for (const channel of CHANNELS) outboxWaiting.set({ channel }, 0);
  const smsToday = new Gauge({
    name: 'latchkey_sms_today',
    help: 'SMS of this day (UTC), of SMS_DAILY_BUDGET',
    registers,
    aggregator: 'max',
  });
  const paced = new Counter({
    name: 'latchkey_paced_refusals_total',
    help: 'Refusals with 429 or 503 overloaded: sent at once, held back for a second, or at once as the last answer of their connection',
    labelNames: ['pace'],
    registers,
  });

  return {
    registry,
    request: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    login: (outcome) => logins.inc({ outcome }),
    signup: (outcome) => signups.inc({ outcome }),
    refresh: (outcome) => refreshes.inc({ outcome }),
    limited: (policy) => limited.inc({ policy }),
    clientRefused: () => clientRefusals.inc(),
    delivery: (channel, outcome) => deliveries.inc({ channel, outcome }),
    outboxWaiting: (channel, amount) => outboxWaiting.set({ channel }, amount),
    smsSent: (amount) => smsToday.set(amount),
    hashQueue: {
      started: (waitedMilliseconds) => waits.observe(waitedMilliseconds / 1000),
      ended: (tookMilliseconds) => durations.observe(tookMilliseconds / 1000),
      refused: () => refusals.inc(),
    },
    refusalPaced: (pace) => paced.inc({ pace }),
    watch: (watched) => watch(registry, watched),
  };
}

function watch(registry: Registry, watched: Watched): void {
  const {
    hashing,
    revocationLagMilliseconds,
    revocationFollowers,
    clockOffsetMilliseconds,
    pool,
    isRedisUp,
  } = watched;
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number, aggregator: 'sum' | 'max' | 'min' = 'sum') =>
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        this.set(read());
      },
    });

  gauge('latchkey_hash_queue_length', 'Passwords that wait for a thread', hashing.waiting);
  gauge('latchkey_hash_running', 'Passwords that are being hashed', hashing.running);
  gauge(
    'latchkey_revocation_lag_seconds',
    'Time since the revocations were last known to be followed',
    () => revocationLagMilliseconds() / 1000,
    'max',
  );
  gauge('latchkey_revocation_followers', 'Services that wait for the next revocation', revocationFollowers);
  gauge(
    'latchkey_clock_offset_seconds',
    'How far the clock of the host is from that of the database, whichever is ahead',
    () => Math.abs(clockOffsetMilliseconds()) / 1000,
    'max',
  );
  if (isRedisUp) {
    gauge('latchkey_redis_up', '1 while limits are counted in Redis', () => (isRedisUp() ? 1 : 0), 'min');
  }
  new Gauge({
    name: 'latchkey_database_connections',
    help: 'Connections of both pools by state, and requests that wait for one',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(pool() ?? {})) this.set({ state }, count);
    },
  });
}
