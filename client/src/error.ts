interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

interface Problem {
  readonly code?: string | undefined;
  readonly title?: string | undefined;
  readonly detail?: string | undefined;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/**
 * All that this package throws, but for what aborts a request. It is the problem document (RFC 9457) of an answer.
 * `message` is for developers: show words of your own, by `code`.
 */
export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError';
  /** Stable: see /docs/errors of your Latchkey. `network_error` where no answer came. */
  declare readonly code: string;
  /** Of HTTP; 0 where no answer came. */
  declare readonly status: number;
  /** When to try again, in seconds; undefined where the answer does not say. */
  declare readonly retryAfterSeconds: number | undefined;
  /** What is wrong with fields, by their names. */
  declare readonly fields: Readonly<Record<string, { readonly code: string; readonly detail: string }>>;
  /** The whole document. */
  declare readonly problem: Problem;

  constructor(status: number, problem: Problem, retryAfterSeconds?: number, cause?: unknown) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`, { cause });
    this.code = problem.code ?? UNKNOWN;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.problem = problem;
    this.fields = Object.fromEntries(
      // What a proxy answers by itself may have others.
      [problem.errors ?? []]
        .flat()
        .filter((error) => error?.pointer)
        .map(({ pointer, code, detail }) => [`${pointer}`.slice(1), { code, detail }]),
    );
  }
}

/** The code of a refusal that is not of Latchkey. */
export const UNKNOWN = 'unknown';

/** The error for a request that got no answer. */
export function unreachable(cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  return new LatchkeyError(
    0,
    { code: 'network_error', title: 'Latchkey cannot be reached' },
    undefined,
    cause,
  );
}
