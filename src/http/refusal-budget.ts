/** How many refusals per second go without delay; a burst may be as large. */
const AT_ONCE_PER_SECOND = 50;
/** How long the others are held back at most: as long as the shortest Retry-After. */
const HOLD_MILLISECONDS = 1_000;
const TICK_MILLISECONDS = 20;
const TICKS = HOLD_MILLISECONDS / TICK_MILLISECONDS;
/** Each keeps its request and its connection, some 10 KB. */
const MAX_HELD = 2_000;
/** So that no network fills the queue alone. */
const MAX_HELD_OF_NETWORK = 500;

/** How a refusal is sent, for the metrics. */
export type Pace = 'at_once' | 'held' | 'closed';

export interface RefusalBudget {
  /**
   * Sends a refusal now or up to a second later; where too many are held back already, now, and as the last answer of
   * its connection. `network` is its recipient.
   */
  readonly pace: (network: string, refusal: Refusal) => void;
  /** Sends all that is held back, and later ones without delay: the process is about to stop. */
  readonly release: () => void;
  readonly held: () => number;
}

export interface Refusal {
  readonly send: () => void;
  /** Has the connection closed after it. To be called before `send`. */
  readonly makeLast: () => void;
}

export interface RefusalBudgetOptions {
  readonly monotonic: () => number;
  readonly onPaced?: (pace: Pace) => void;
}

interface Held extends Refusal {
  readonly network: string;
  readonly dueAt: number;
}

/**
 * A few connections become a flood by asking again as soon as they are refused, and answering them takes time from all
 * others. So a process sends only a few refusals per second without delay and holds the rest back, a second if they are
 * many: a client that waits for its answers then asks once per second per connection. Every refusal says to come again
 * in a second or later, so no client loses anything by it.
 */
export function createRefusalBudget({ monotonic, onPaced = () => {} }: RefusalBudgetOptions): RefusalBudget {
  /** The earliest first, since all are held for as long. */
  const queue = new Set<Held>();
  const heldOf = new Map<string, number>();
  let tokens = AT_ONCE_PER_SECOND;
  let filledAt = monotonic();
  let timer: NodeJS.Timeout | undefined;
  let released = false;

  function pace(network: string, refusal: Refusal): void {
    const now = monotonic();
    tokens = Math.min(AT_ONCE_PER_SECOND, tokens + ((now - filledAt) * AT_ONCE_PER_SECOND) / 1000);
    filledAt = now;
    const ofNetwork = heldOf.get(network) ?? 0;
    if (released || tokens >= 1) {
      tokens--;
      onPaced('at_once');
      refusal.send();
    } else if (queue.size >= MAX_HELD || ofNetwork >= MAX_HELD_OF_NETWORK) {
      // Balancers take a connection that is closed without an answer for a failure, and turn away from the whole process.
      onPaced('closed');
      refusal.makeLast();
      refusal.send();
    } else {
      onPaced('held');
      heldOf.set(network, ofNetwork + 1);
      queue.add({ ...refusal, network, dueAt: now + HOLD_MILLISECONDS });
      timer ??= setTimeout(sendSome, TICK_MILLISECONDS);
    }
  }

  /**
   * One timer for all of them. Refusals that came together go apart: a hundred answers in one turn of the event loop,
   * and then the hundred requests that follow, would make all others wait.
   */
  function sendSome(): void {
    timer = undefined;
    const now = monotonic();
    let left = Math.ceil(queue.size / TICKS);
    for (const held of queue) {
      if (left-- <= 0 && held.dueAt > now && !released) break;
      queue.delete(held);
      const others = (heldOf.get(held.network) ?? 1) - 1;
      if (others === 0) heldOf.delete(held.network);
      else heldOf.set(held.network, others);
      held.send();
    }
    if (queue.size > 0) timer = setTimeout(sendSome, TICK_MILLISECONDS);
  }

  function release(): void {
    released = true;
    clearTimeout(timer);
    sendSome();
  }

  return { pace, release, held: () => queue.size };
}
