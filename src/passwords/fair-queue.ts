import { AppError } from '../errors.ts';

export interface FairQueueOptions {
  /** How many pieces of work run at once. */
  readonly slots: number;
  /** What would wait longer is refused. */
  readonly maxWaitMilliseconds: number;
  /** How long one piece of work takes, as far as is known before the first was measured. */
  readonly expectedMilliseconds: number;
  readonly monotonic: () => number;
  readonly observer?: QueueObserver;
}

/** Told what happens in a queue, for the metrics. */
export interface QueueObserver {
  readonly started: (waitedMilliseconds: number) => void;
  readonly refused: () => void;
}

export interface FairQueue {
  /**
   * Runs `work` when it is the client's turn.
   * @throws AppError overloaded where it would wait too long, or had to give way to another client
   */
  readonly run: <Result>(client: string, work: () => Promise<Result>) => Promise<Result>;
  /** @throws AppError overloaded where `run` would be refused now: before anything is done for the request */
  readonly demandRoom: (client: string) => void;
  readonly waiting: () => number;
  readonly running: () => number;
}

interface Waiting {
  readonly since: number;
  readonly start: () => void;
  readonly refuse: (error: AppError) => void;
}

/** How much the latest measurement counts in the mean. */
const MEAN_WEIGHT = 0.1;

/**
 * A queue as long as its slots can work off in the time that anybody may wait. Clients take turns (fair queueing, Nagle
 * 1987), and when it is full a client with fewer pieces of work pushes out the last one of the client with the most
 * (McKenney, Stochastic Fairness Queueing, 1990): a flood from one address only crowds itself.
 */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { slots, maxWaitMilliseconds, monotonic, observer } = options;
  /** By client; whose turn is next comes first. */
  const lines = new Map<string, Waiting[]>();
  let waiting = 0;
  let running = 0;
  /** When each piece of work that runs began, the earliest first. */
  const begun = new Set<{ readonly at: number }>();
  let meanMilliseconds = options.expectedMilliseconds;

  /** When work suddenly takes longer, what runs tells so before the mean does. */
  function expectedMilliseconds(): number {
    const [earliest] = begun;
    return Math.max(meanMilliseconds, earliest === undefined ? 0 : monotonic() - earliest.at);
  }

  /** With a single place nobody could push out whoever has it, so that there is none or two. */
  function capacity(): number {
    const places = Math.floor((maxWaitMilliseconds * slots) / expectedMilliseconds());
    return places === 1 ? 2 : places;
  }

  function demandRoom(client: string): void {
    if (running < slots) return;
    if (waiting < capacity() || longestLine().length > ownLength(client) + 1) return;
    observer?.refused();
    throw overloaded();
  }

  function run<Result>(client: string, work: () => Promise<Result>): Promise<Result> {
    if (running < slots) {
      observer?.started(0);
      return execute(work);
    }
    return new Promise<Result>((resolve, reject) => {
      demandRoom(client);
      if (waiting >= capacity()) pushOutLast(longestLine());
      const line = lines.get(client) ?? [];
      lines.set(client, line);
      line.push({ since: monotonic(), start: () => execute(work).then(resolve, reject), refuse: reject });
      waiting++;
    });
  }

  async function execute<Result>(work: () => Promise<Result>): Promise<Result> {
    running++;
    const run = { at: monotonic() };
    begun.add(run);
    try {
      return await work();
    } finally {
      begun.delete(run);
      meanMilliseconds += MEAN_WEIGHT * (monotonic() - run.at - meanMilliseconds);
      running--;
      startNext();
    }
  }

  function startNext(): void {
    for (let next = takeTurn(); next !== undefined; next = takeTurn()) {
      const waited = monotonic() - next.since;
      // Others came whose turn was earlier. Whoever waits so long has likely gone.
      if (waited > maxWaitMilliseconds) refuse(next);
      else {
        observer?.started(waited);
        next.start();
        return;
      }
    }
  }

  /** The first in the line of the client whose turn it is; the client then goes behind all others. */
  function takeTurn(): Waiting | undefined {
    for (const [client, line] of lines) {
      lines.delete(client);
      const next = line.shift();
      if (line.length > 0) lines.set(client, line);
      if (next === undefined) continue;
      waiting--;
      return next;
    }
    return undefined;
  }

  function pushOutLast(line: Waiting[]): void {
    const last = line.pop();
    if (last === undefined) return;
    waiting--;
    refuse(last);
  }

  function refuse(one: Waiting): void {
    observer?.refused();
    one.refuse(overloaded());
  }

  function longestLine(): Waiting[] {
    let longest: Waiting[] = [];
    for (const line of lines.values()) if (line.length > longest.length) longest = line;
    return longest;
  }

  const ownLength = (client: string) => lines.get(client)?.length ?? 0;

  /** In that many seconds all that runs or waits now will be done. */
  function overloaded(): AppError {
    const seconds = Math.max(1, Math.ceil(((waiting + running) * expectedMilliseconds()) / slots / 1000));
    return new AppError('overloaded', undefined, { headers: { 'Retry-After': String(seconds) } });
  }

  return { run, demandRoom, waiting: () => waiting, running: () => running };
}
