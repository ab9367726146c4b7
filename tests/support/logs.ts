/** Stands in every password of the suite, so that a password in a log gives itself away. */
export const CANARY = 'canary';

/** What never stands in a log: passwords, JWTs, password hashes, credentials. */
const SECRET = new RegExp(`${CANARY}|eyJ|\\$2[ab]\\$|lk1:|lcs_|Bearer `, 'i');
/** The token at the end of a link, which is shown where no mail is sent. Any letters may stand in it. */
const LINK_TOKEN = /(?<=\/)[\w-]{43}(?![\w-])/g;

/** A destination for pino that keeps the lines, each of which must be one JSON object. */
export function createLogSink() {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    lines,
    write: (line: string) => {
      lines.push(line);
      for (const watch of watchers) watch();
    },
    entries,
    /** Resolves once this message has been logged so many times, now or later. */
    logged: (message: string, times = 1) =>
      new Promise<void>((resolve) => {
        const watch = () => {
          if (entries().filter(({ msg }) => msg === message).length < times) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
      }),
  };
}

/** Throws where a line holds a secret or is not exactly one line of JSON. */
export function expectCleanLogs(lines: readonly string[]): void {
  for (const line of lines) {
    const [leak] = SECRET.exec(line.replaceAll(LINK_TOKEN, '')) ?? [];
    if (leak !== undefined) throw new Error(`a log line holds ${leak}: ${line}`);
    if (!/^\{.*\}\n?$/.test(line)) throw new Error(`not one line of JSON: ${JSON.stringify(line)}`);
    JSON.parse(line);
  }
}
