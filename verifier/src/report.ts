/** Reports failures to the operator: once when they begin, and again when they change. */
export interface Report {
  /** `kind` distinguishes one way to fail from another; what it says may differ from attempt to attempt. */
  readonly failed: (kind: string, error: Error) => void;
  readonly recovered: () => void;
}

/** `onError` is called for each failure when it begins. */
export function createReport(onError: (error: Error) => void): Report {
  let reported: string | undefined;
  return {
    failed(kind, error) {
      if (kind === reported) return;
      reported = kind;
      callSafely(onError, error);
    },
    recovered() {
      reported = undefined;
    },
  };
}

/** Reports failures of background work, which no caller awaits. */
export function warn(error: Error): void {
  process.emitWarning(error.message, 'LatchkeyWarning');
}

/** A callback of the application that throws must not stop the background work. */
export function callSafely<Value>(listener: (value: Value) => void, value: Value): void {
  try {
    listener(value);
  } catch (error) {
    warn(new Error(`a listener of the verifier has thrown: ${String(error)}`));
  }
}
