/** Tells the operator of failures: of each once, however often it is met until it is over. */
export interface Report {
  readonly failed: (error: Error) => void;
  readonly recovered: () => void;
}

/** `onError` is told of each failure when it begins. */
export function createReport(onError: (error: Error) => void): Report {
  let reported: string | undefined;
  return {
    failed(error) {
      if (error.message === reported) return;
      reported = error.message;
      onError(error);
    },
    recovered() {
      reported = undefined;
    },
  };
}

/** What happens to failures that nobody asked for. */
export function warn(error: Error): void {
  process.emitWarning(error.message, 'LatchkeyWarning');
}
