import { type DestinationStream, type Logger, pino } from 'pino';

/** A JSON logger that never prints what a database driver hangs on its errors: SQL text and bound values. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    { level, base: null, serializers: { err: serializeError } },
    destination ?? pino.destination(1),
  );
}

interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: SerializedError;
}

/** Only the members listed here: an error's other properties may hold a caller's input. */
export function serializeError(error: unknown): SerializedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'a value that is no Error was thrown' };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: serializeError(error.cause) }),
  };
}
