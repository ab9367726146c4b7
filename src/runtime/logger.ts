import { isNativeError } from 'node:util/types';
import { type DestinationStream, type Logger, pino } from 'pino';

/** A JSON logger, each line with the members of `base`, that never prints what a database driver hangs on its errors: SQL text and bound values. */
export function createLogger(
  level: string,
  destination?: DestinationStream,
  base: Record<string, unknown> | null = null,
): Logger {
  return pino(
    { level, base, serializers: { err: (error) => serializeError(error) } },
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

const MAX_CAUSES = 8;

/** Only the members listed here: an error's other properties may hold a caller's input. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!isNativeError(error)) return { type: typeof error, message: 'a non-Error value was thrown' };
  const code = 'code' in error ? error.code : driverCode(error);
  return {
    type: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: serializeError(error.cause, depth + 1) }),
  };
}

/** Sequelize keeps the driver's error under `parent`. */
function driverCode(error: Error): unknown {
  return 'parent' in error && isNativeError(error.parent) && 'code' in error.parent
    ? error.parent.code
    : undefined;
}
