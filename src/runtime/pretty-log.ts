import type { DestinationStream } from 'pino';
import type { Config } from '../config/config.ts';

/** Members that the text of a line says already. */
const SAID = 'req,route,res,responseTime,code,policy,pid,hostname';

/** Messages of request lines that add nothing to the status. */
const SAID_BY_STATUS = /^request (completed|failed|rejected)/;

/** A development dependency, which nothing may need: the compiler and the import rules do not resolve a variable. */
const PACKAGE: string = 'pino-pretty';

interface PrettyPackage {
  readonly prettyFactory: (options: typeof OPTIONS) => (line: string) => string;
}

/**
 * Where log lines go that a person reads as they come: a terminal, in development. Undefined elsewhere, and where the
 * package is not installed: then they are JSON.
 */
export async function openPrettyLog(
  { environment }: Pick<Config, 'environment'>,
  output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stdout,
): Promise<DestinationStream | undefined> {
  if (environment !== 'development' || !output.isTTY) return undefined;
  try {
    const { prettyFactory } = (await import(PACKAGE)) as PrettyPackage;
    const format = prettyFactory(OPTIONS);
    // In one piece each, so that lines of several processes do not mix.
    return { write: (line) => void output.write(format(line)) };
  } catch {
    return undefined;
  }
}

const OPTIONS = {
  colorize: true,
  singleLine: true,
  translateTime: 'SYS:HH:MM:ss.l',
  ignore: SAID,
  messageFormat,
};

/** `POST /login 401 invalid_credentials, 212 ms`, and the id by which an answer names the request. */
function messageFormat(entry: Record<string, unknown>, messageKey: string): string {
  const { pid, req, route, res, responseTime, code, policy } = entry as Entry;
  const process = pid === undefined ? '' : `[${pid}] `;
  const id = req?.id === undefined ? '' : `  ${req.id}`;
  if (res === undefined) return `${process}${entry[messageKey]}${id}`;
  const refusal = [code, policy].filter((part) => part !== undefined).join(' ');
  const request = [req?.method, route ?? 'no route', res.status, refusal].filter(Boolean).join(' ');
  const duration = responseTime === undefined ? '' : `, ${responseTime} ms`;
  const message = String(entry[messageKey]);
  const note = SAID_BY_STATUS.test(message) ? '' : `: ${message}`;
  return `${process}${request}${duration}${note}${id}`;
}

interface Entry {
  readonly pid?: number;
  readonly req?: { readonly id?: string; readonly method?: string };
  readonly route?: string | null;
  readonly res?: { readonly status: number };
  readonly responseTime?: number;
  readonly code?: string;
  readonly policy?: string;
}
