import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import { after } from '../sessions/ending.ts';
import type { CoreStores } from '../stores.ts';
import type { Seal } from '../tokens/seal.ts';
import {
  CHANNELS,
  type ChannelName,
  type Message,
  type Messaging,
  RefusedDelivery,
  type RenderedMessage,
} from './message.ts';
import type { ClaimedRow, OutboxRow, OutboxStore } from './outbox.store.ts';

export interface OutboxDependencies {
  readonly store: OutboxStore;
  readonly messaging: Messaging;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDelivery: (channel: ChannelName, outcome: DeliveryOutcome) => void;
  /** Called once a minute with how many messages have not been sent yet. */
  readonly onWaiting: (channel: ChannelName, amount: number) => void;
}

/** `kept`: sent, and left in the outbox to be looked at. `dropped`: a decoy. */
export type DeliveryOutcome = 'sent' | 'kept' | 'dropped' | 'postponed' | 'refused' | 'expired';

/** A message of the outbox, to be looked at. */
export interface KeptMessage extends RenderedMessage {
  readonly id: string;
  readonly channel: ChannelName;
  readonly to: string;
  readonly data: Message['data'];
  readonly createdAt: Date;
  readonly isSent: boolean;
}

export type Outbox = ReturnType<typeof createOutbox>;

/** How many messages of one channel this process sends at once. */
const MAX_PARALLEL = 8;
/** How long a claim lasts. When a process dies, another one sends its messages after that. */
const CLAIM_SECONDS = 10;
/** How often a claim is prolonged while its message is being sent. */
const HOLD_MILLISECONDS = 3_000;
/** How often the table is read for what other processes have left, and for messages whose next attempt is due. */
const POLL_MILLISECONDS = 2_000;
const MAX_RETRY_SECONDS = 300;
/** How long a stopping process waits for what it is sending. Another process sends the rest. */
const STOP_MILLISECONDS = 5_000;
const CLOSE_MILLISECONDS = 500;
/** How long a message stays in the table after it has expired: first it is logged that it was not sent. */
const KEPT_SECONDS = 3_600;

/**
 * Sends messages after the request that asks for them. The request writes them into the outbox, in its own transaction, and
 * any process sends them. So a mail server that is slow or unreachable delays no answer, and a crash loses nothing: a
 * message is sent once, and once more where a process dies between sending it and writing that down.
 */
export function createOutbox(dependencies: OutboxDependencies) {
  const { store, messaging, seal, clock, logger, onDelivery, onWaiting } = dependencies;
  const { channels, render } = messaging;
  const now = () => new Date(clock.now());
  const sending: Readonly<Record<ChannelName, Set<Promise<void>>>> = { email: new Set(), sms: new Set() };
  const pumps = new Map<ChannelName, Promise<void>>();
  const lookAgain = new Set<ChannelName>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let added = 0;

  /** Whether messages can be sent by a channel. */
  function has(channel: ChannelName): boolean {
    return channels[channel] !== undefined;
  }

  /** Writes a message down in a transaction. Call `wake` after its commit. */
  async function addWithin({ outbox }: Pick<CoreStores, 'outbox'>, message: Message): Promise<void> {
    const createdAt = now();
    const { channel, template, userId, expiresAt, ...content } = message;
    // The counter keeps the order of messages of one millisecond.
    const id = uuidv7({ msecs: createdAt.getTime(), seq: added++ });
    await outbox.add({
      id,
      channel,
      template,
      userId,
      content: seal.seal(content, id),
      attempts: 0,
      dueAt: createdAt,
      createdAt,
      expiresAt,
    });
  }

  /** Begins to send what is due, in another turn of the event loop. */
  function wake(): void {
    setImmediate(() => void pumpAll());
  }

  function pumpAll(): Promise<unknown> {
    if (stopped) return Promise.resolve();
    return Promise.all(CHANNELS.filter(has).map(pump));
  }

  /** Sends what is due. One pump runs for each channel; a call meanwhile makes it look again. */
  function pump(name: ChannelName): Promise<void> {
    lookAgain.add(name);
    const running = pumps.get(name);
    if (running !== undefined) return running;
    const pumping = pumpUntilEmpty(name);
    pumps.set(name, pumping);
    return pumping;
  }

  async function pumpUntilEmpty(name: ChannelName): Promise<void> {
    // The pump has to be in `pumps` before it can end.
    await null;
    try {
      while (lookAgain.delete(name) && !stopped) await sendDue(name);
    } catch (err) {
      logger.warn({ err, channel: name }, 'could not read the outbox');
    }
    // In the same turn as the last look, so that no call waits for a pump that does not look again.
    pumps.delete(name);
  }

  async function sendDue(name: ChannelName): Promise<void> {
    const inFlight = sending[name];
    if (inFlight.size >= MAX_PARALLEL) await Promise.race(inFlight);
    const due = await store.listDue(name, now(), MAX_PARALLEL - inFlight.size);
    for (const row of due) {
      if (stopped) return;
      const claimed = await store.claim(row, after(now(), CLAIM_SECONDS));
      if (claimed === null) continue;
      const delivery = deliver(claimed, name).finally(() => inFlight.delete(delivery));
      inFlight.add(delivery);
    }
    if (due.length > 0) lookAgain.add(name);
  }

  async function deliver(row: ClaimedRow, name: ChannelName): Promise<void> {
    const { id, template, userId } = row;
    const about = { message_id: id, channel: name, template, ...(userId && { user_id: userId }) };
    const hold = holdWhileSending(row);
    const outcome = await attempt(row, name, about).finally(hold.end);
    onDelivery(name, outcome);
    try {
      await settle(row, outcome);
    } catch (err) {
      logger.warn(
        { ...about, err },
        `message ${outcome}, which could not be written down: it may be sent again`,
      );
    }
  }

  async function attempt(row: ClaimedRow, name: ChannelName, about: object): Promise<DeliveryOutcome> {
    const attempts = row.attempts + 1;
    try {
      if (row.expiresAt <= now()) {
        logger.error({ ...about, attempts: row.attempts }, 'message expired before it could be sent');
        return 'expired';
      }
      const message = read(row);
      if (message === undefined)
        throw new RefusedDelivery('it was sealed with a secret that is not in APP_PREVIOUS_SECRETS any more');
      const rendered = await render(message);
      if (message.isDecoy) return 'dropped';
      const channel = channels[name];
      await channel?.send({ ...rendered, id: row.id, to: message.to, template: message.template });
      return channel?.keepsSent ? 'kept' : 'sent';
    } catch (err) {
      const outcome = err instanceof RefusedDelivery ? 'refused' : 'postponed';
      logger.warn({ ...about, attempts, err }, `message ${outcome}`);
      return outcome;
    }
  }

  function settle({ id, attempts }: ClaimedRow, outcome: DeliveryOutcome): Promise<void> {
    if (outcome === 'kept') return store.keep(id);
    if (outcome !== 'postponed') return store.remove(id);
    const seconds = Math.min(2 ** (attempts + 1), MAX_RETRY_SECONDS);
    return store.postpone(id, attempts + 1, after(now(), seconds));
  }

  /** Keeps other processes from sending a message while this one does. */
  function holdWhileSending(row: ClaimedRow) {
    let held: ClaimedRow | null = row;
    let holding = Promise.resolve();
    const interval = setInterval(() => {
      holding = holding.then(async () => {
        if (held === null) return;
        held = await store.claim(held, after(now(), CLAIM_SECONDS)).catch(() => held);
      });
    }, HOLD_MILLISECONDS);
    return {
      async end(): Promise<void> {
        clearInterval(interval);
        await holding;
      },
    };
  }

  /** The message of a row; undefined where no secret opens it any more. */
  function read({ id, channel, template, userId, expiresAt, content }: OutboxRow): Message | undefined {
    const opened = seal.open(content, id);
    if (opened === undefined) return undefined;
    const rest = opened as Pick<Message, 'to' | 'data' | 'language' | 'isDecoy'>;
    return {
      ...rest,
      channel: channel as ChannelName,
      template: template as Message['template'],
      userId,
      expiresAt,
    };
  }

  /** The latest messages, but for decoys and those that no secret opens. For development only: they hold codes and links. */
  async function listLatest(limit: number): Promise<KeptMessage[]> {
    const rows = await store.list(limit);
    const kept: KeptMessage[] = [];
    for (const row of rows) {
      const message = read(row);
      if (message === undefined || message.isDecoy) continue;
      const { channel, to, data } = message;
      const { id, createdAt, dueAt } = row;
      kept.push({ ...(await render(message)), id, channel, to, data, createdAt, isSent: dueAt === null });
    }
    return kept;
  }

  function inFlight(): Promise<void>[] {
    return CHANNELS.flatMap((name) => [...sending[name]]);
  }

  /** Resolves once every message that is due has been attempted. */
  async function settled(): Promise<void> {
    await pumpAll();
    await Promise.all(inFlight());
  }

  function start(): void {
    timer = setInterval(() => void pumpAll(), POLL_MILLISECONDS).unref();
    wake();
  }

  async function stop(): Promise<void> {
    stopped = true;
    clearInterval(timer);
    await within(STOP_MILLISECONDS, Promise.all([...pumps.values(), ...inFlight()]));
    // Closing makes what is still on its way fail, so that it is due again.
    await Promise.all(Object.values(channels).map((channel) => channel.close()));
    await within(CLOSE_MILLISECONDS, Promise.all(inFlight()));
  }

  /** Reports how many messages wait, and removes those that expired an hour ago, sent ones that were kept among them. */
  async function housekeeping(): Promise<void> {
    for (const name of CHANNELS.filter(has)) onWaiting(name, await store.countWaiting(name));
    await store.prune(after(now(), -KEPT_SECONDS));
  }

  /** Whether messages stay here once sent. */
  const keepsSent = Object.values(channels).some((channel) => channel.keepsSent);

  return { has, keepsSent, addWithin, wake, listLatest, settled, start, stop, housekeeping };
}

/** Resolves with the work, or after some time without it. */
function within(milliseconds: number, work: Promise<unknown>): Promise<unknown> {
  const timeout = new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
  return Promise.race([work, timeout]);
}
