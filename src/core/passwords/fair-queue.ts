import { type AppError, overloaded } from '../errors.ts';

export interface FairQueueOptions {
  /** How many pieces of work run at once. */
  readonly slots: number;
  /** Work that would not be done by then, counted from its place in the queue on, is refused. */
  readonly maxWaitMilliseconds: number;
  /** How long one piece of work takes, as far as is known before the first was measured. */
  readonly expectedMilliseconds: number;
  readonly monotonic: () => number;
  readonly observer?: QueueObserver;
}

/** Callbacks for what happens in a queue, for the metrics. */
export interface QueueObserver {
  readonly started: (waitedMilliseconds: number) => void;
  readonly ended: (tookMilliseconds: number) => void;
  readonly refused: () => void;
}

/** A place that was taken before its work is ready, so that nothing is prepared for work that would be refused. */
export interface Place {
  /** Gives the place up where its work did not come. May be called more than once, and after the work as well. */
  readonly leave: () => void;
}

/**
 * Who the work is for: a client, or a reserved place. A place that has been used reserves another one for the same
 * client or device, with the time that is left.
 */
export type Turn = string | Place;

export interface FairQueue {
  /**
   * Runs `work` when it is the client's turn. Work that is late cannot be stopped: it keeps its slot until it ends, and
   * its result is dropped.
   * @throws AppError overloaded where it is not done in time, or had to give way to another client
   */
  readonly run: <Result>(turn: Turn, work: () => Promise<Result>) => Promise<Result>;
  /**
   * Takes a place. `device` names what the client has proved to know already: the account of its device or session.
   * @throws AppError overloaded where there is none
   */
  readonly reserve: (client: string, device?: string) => Place;
  /** Whether `reserve` would find a place. */
  readonly hasRoom: (client: string, device?: string) => boolean;
  /** Counts the refusal of a client that `hasRoom` has no place for, and says in how many seconds to come again. */
  readonly refuse: () => number;
  readonly waiting: () => number;
  readonly running: () => number;
}

interface Waiting extends Place {
  readonly client: string;
  /** Where its client stands in line. */
  readonly lines: Lines;
  readonly key: string;
  readonly since: number;
  state: 'reserved' | 'ready' | 'started' | 'refused' | 'left';
  /** Runs out at the end of its time. */
  timer: NodeJS.Timeout | undefined;
  start: () => void;
  reject: (error: AppError) => void;
}

/** By client; whose turn is next comes first. */
type Lines = Map<string, Waiting[]>;

/** How much the latest measurement counts in the mean. */
const MEAN_WEIGHT = 0.1;
/** A device token alone lets no client in, so a client that has some may only crowd a little. */
const MAX_PLACES_PER_DEVICE = 2;
/** Devices that have logged in before may take this much of the queue from all others. */
const SHARE_OF_DEVICES = 0.5;

/**
 * A queue as long as its slots can work off in the time that work has. Clients take turns (fair queueing,
 * Nagle 1987), and when it is full a client with fewer pieces of work pushes out the last one of the client with the
 * most (McKenney, Stochastic Fairness Queueing, 1990): a flood from one address only crowds itself. A flood from
 * thousands of addresses crowds all others, so devices that have logged in before have lines of their own: every other
 * turn is theirs, and up to half of the places.
 */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { slots, maxWaitMilliseconds, monotonic, observer } = options;
  const strangers: Lines = new Map();
  const devices: Lines = new Map();
  /** All places, in order of arrival. */
  const places = new Set<Waiting>();
  let placesOfDevices = 0;
  /** How many places have their work ready. */
  let waiting = 0;
  let wasDevicesTurn = false;
  let running = 0;
  /** When each piece of work that runs began, the earliest first. */
  const begun = new Set<{ readonly at: number }>();
  let meanMilliseconds = options.expectedMilliseconds;

  /** When work suddenly takes longer, what runs shows it before the mean does. */
  function expectedMilliseconds(): number {
    const [earliest] = begun;
    return Math.max(meanMilliseconds, earliest === undefined ? 0 : monotonic() - earliest.at);
  }

  /** The longest wait after which work can still be done in time; what starts later would be done for nothing. */
  function maxStartMilliseconds(): number {
    return maxWaitMilliseconds - expectedMilliseconds();
  }

  /** With one place, a client that holds it could never be displaced, so the capacity is zero or at least two. */
  function capacity(): number {
    const length = Math.floor((maxStartMilliseconds() * slots) / expectedMilliseconds());
    return length === 1 ? 2 : Math.max(0, length);
  }

  function hasRoom(client: string, device?: string): boolean {
    return !isFull() || hasRoomForDevice(device) || longestLength() > lengthOf(strangers, client) + 1;
  }

  /** A place that is reserved while slots are free will not have to wait. */
  function isFull(): boolean {
    const free = slots - running;
    return places.size >= free && places.size - free >= capacity();
  }

  function hasRoomForDevice(device: string | undefined): device is string {
    return (
      device !== undefined &&
      placesOfDevices < capacity() * SHARE_OF_DEVICES &&
      lengthOf(devices, device) < MAX_PLACES_PER_DEVICE
    );
  }

  function reserve(client: string, device?: string, since = monotonic()): Waiting {
    if (!hasRoom(client, device)) throw overloaded(refuse());
    // A device pushes no client out before its work comes: until then it is not known whether it is one of the account's.
    if (hasRoomForDevice(device)) return enter({ client, lines: devices, key: device, since });
    if (isFull()) pushOutLast(longestLine());
    return enter({ client, lines: strangers, key: client, since });
  }

  function enter(entry: Pick<Waiting, 'client' | 'lines' | 'key' | 'since'>): Waiting {
    const { lines, key } = entry;
    const place: Waiting = {
      ...entry,
      state: 'reserved',
      timer: undefined,
      start: () => {},
      reject: () => {},
      leave() {
        if (place.state !== 'reserved') return;
        remove(place, 'left');
      },
    };
    lines.set(key, [...(lines.get(key) ?? []), place]);
    places.add(place);
    if (lines === devices) placesOfDevices++;
    return place;
  }

  async function run<Result>(turn: Turn, work: () => Promise<Result>): Promise<Result> {
    const place = placeOf(turn);
    place.state = 'ready';
    waiting++;
    const result = new Promise<Result>((resolve, reject) => {
      place.start = () => execute(work).then(resolve, reject);
      place.reject = reject;
    });
    const left = place.since + maxWaitMilliseconds - monotonic();
    if (left < 0) drop(place);
    else {
      place.timer = setTimeout(() => giveUp(place), left).unref();
      if (running < slots) start(place);
      else if (place.lines === devices && places.size > capacity()) pushOutLast(longestLine());
    }
    return result.finally(() => clearTimeout(place.timer));
  }

  /** Answers work whose time is over, whether it still waits or already runs. */
  function giveUp(place: Waiting): void {
    if (place.state === 'ready') drop(place);
    else rejectPlace(place);
  }

  function placeOf(turn: Turn): Waiting {
    if (typeof turn === 'string') return reserve(turn);
    const place = turn as Waiting;
    const isUnused = place.state === 'reserved';
    if (isUnused) return place;
    const wasPushedOut = place.state === 'refused';
    if (wasPushedOut) throw overloaded(secondsOfWork());
    return reserve(place.client, place.lines === devices ? place.key : undefined, place.since);
  }

  async function execute<Result>(work: () => Promise<Result>): Promise<Result> {
    running++;
    const run = { at: monotonic() };
    begun.add(run);
    try {
      return await work();
    } finally {
      begun.delete(run);
      const took = monotonic() - run.at;
      meanMilliseconds += MEAN_WEIGHT * (took - meanMilliseconds);
      observer?.ended(took);
      running--;
      startNext();
    }
  }

  function startNext(): void {
    while (running < slots) {
      const next = takeTurn();
      if (next === undefined) return;
      // Others came whose turn was earlier.
      if (monotonic() - next.since > maxStartMilliseconds()) drop(next);
      else start(next);
    }
  }

  function start(place: Waiting): void {
    remove(place, 'started');
    observer?.started(monotonic() - place.since);
    place.start();
  }

  /** The first that is ready, of the client whose turn it is; devices and strangers take turns as well. */
  function takeTurn(): Waiting | undefined {
    const order = wasDevicesTurn ? [strangers, devices] : [devices, strangers];
    for (const lines of order) {
      for (const [key, line] of lines) {
        const next = line.find(({ state }) => state === 'ready');
        if (next === undefined) continue;
        // The client then goes to the end of the order.
        lines.delete(key);
        lines.set(key, line);
        wasDevicesTurn = lines === devices;
        return next;
      }
    }
    return undefined;
  }

  function pushOutLast(line: readonly Waiting[]): void {
    const last = line.at(-1);
    if (last !== undefined) drop(last);
  }

  function drop(place: Waiting): void {
    remove(place, 'refused');
    rejectPlace(place);
  }

  function rejectPlace(place: Waiting): void {
    observer?.refused();
    place.reject(overloaded(secondsOfWork()));
  }

  function remove(place: Waiting, state: Waiting['state']): void {
    const { lines, key } = place;
    if (place.state === 'ready') waiting--;
    place.state = state;
    const line = lines.get(key) ?? [];
    line.splice(line.indexOf(place), 1);
    if (line.length === 0) lines.delete(key);
    places.delete(place);
    if (lines === devices) placesOfDevices--;
  }

  /** The longest line of strangers; of equals, the one whose turn is last. */
  function longestLine(): readonly Waiting[] {
    let longest: readonly Waiting[] = [];
    for (const line of strangers.values()) if (line.length >= longest.length) longest = line;
    return longest;
  }

  /** Runs for each refusal: where thousands come from an address each, there is nothing to compare. */
  function longestLength(): number {
    const isOneEach = strangers.size === places.size - placesOfDevices;
    return isOneEach ? Math.min(1, strangers.size) : longestLine().length;
  }

  function refuse(): number {
    observer?.refused();
    return secondsOfWork();
  }

  /** The number of seconds in which all that runs or waits now will be done. */
  function secondsOfWork(): number {
    return Math.max(1, Math.ceil(((places.size + running) * expectedMilliseconds()) / slots / 1000));
  }

  return { run, reserve, hasRoom, refuse, waiting: () => waiting, running: () => running };
}

function lengthOf(lines: Lines, key: string): number {
  return lines.get(key)?.length ?? 0;
}
