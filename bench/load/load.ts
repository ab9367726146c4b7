/** The orders to the load generator. Everything here crosses a process boundary. */
export interface Load {
  readonly port: number;
  readonly request: RequestTemplate;
  readonly pace: Pace;
  /** Answers to what was sent in this time do not count. */
  readonly warmUpMilliseconds: number;
  readonly measureMilliseconds: number;
}

export interface RequestTemplate {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Every `{{address}}` becomes an address of its own for each number of `numbers`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Cookies of different browsers, which take turns. */
  readonly cookies?: readonly string[];
  /** JSON, in which every `{{n}}` becomes a number of `numbers`; where there are several, they take turns. */
  readonly body?: string | readonly string[];
  readonly numbers?: Numbers;
  /** This many requests are made beforehand and sent over and over: making them costs more than sending them. */
  readonly prebuilt?: number;
}

/** `count` numbers from `first` on: one after another and then from the start, or in any order. */
export interface Numbers {
  readonly first: number;
  readonly count: number;
  readonly order: 'rising' | 'random';
}

/**
 * Closed: each of the given number of connections sends when it was answered, so the server sets the speed. Open:
 * requests leave on schedule whether or not earlier ones were answered, as people do who know nothing of one another.
 */
export type Pace = { readonly connections: number } | { readonly perSecond: number };

/** The outcome of one request. The times are milliseconds since 1970, so that several processes agree on them. */
export interface Outcome {
  /** 0 for a request that was not answered. */
  readonly status: number;
  /** When the request was due, which is earlier than when it left if the generator was late. */
  readonly dueAt: number;
  readonly endedAt: number;
}

export function nowMilliseconds(): number {
  return performance.timeOrigin + performance.now();
}
