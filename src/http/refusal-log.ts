import type { Logger } from 'pino';
import { type Answer, logAnswer } from './request-log.ts';

/** So many refusals a second have a line each. */
const LINES_PER_SECOND = 10;
const SUMMARY_MILLISECONDS = 1_000;

export interface RefusalLog {
  readonly answered: (answer: Answer) => void;
}

/** Logs refusals one by one as long as they are few, and the rest of a flood in one line a second for each kind. */
export function createRefusalLog(logger: Logger): RefusalLog {
  let lines = 0;
  let isSummarizing = false;
  const more = new Map<string, { route: string | null; status: number; requests: number }>();

  function answered(answer: Answer): void {
    if (!isSummarizing) setTimeout(summarize, SUMMARY_MILLISECONDS).unref();
    isSummarizing = true;
    if (lines < LINES_PER_SECOND) {
      lines++;
      logAnswer(logger, answer);
      return;
    }
    const { route, status } = answer;
    const key = `${route} ${status}`;
    const counted = more.get(key) ?? { route, status, requests: 0 };
    counted.requests++;
    more.set(key, counted);
  }

  function summarize(): void {
    isSummarizing = false;
    lines = 0;
    for (const { route, status, requests } of more.values()) {
      logger.warn({ route, res: { status }, requests }, 'more requests were refused');
    }
    more.clear();
  }

  return { answered };
}
