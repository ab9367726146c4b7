import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../core/errors.ts';
import type { MessageClasses } from './messages.ts';
import { answerOneAtATime } from './pipelining.ts';
import { PROBLEM_MEDIA_TYPE, presentProblem } from './problem.ts';
import { newRequestId } from './request-id.ts';
import { destroySoon, whenOver } from './when-over.ts';

const HEADERS_TIMEOUT_MILLISECONDS = 10_000;
const REQUEST_TIMEOUT_MILLISECONDS = 30_000;
const TIMEOUT_CHECK_MILLISECONDS = 1_000;
/** How long a client may take to read its answer. */
const WRITE_TIMEOUT_MILLISECONDS = 30_000;

/** Statuses for what Node refuses before there is a request; everything else of the kind is a 400. */
const PARSER_ERROR_STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

export interface HttpServerOptions {
  /** The classes of requests and responses; those of Node by default. */
  readonly messageClasses?: MessageClasses;
  readonly publicUrl: string;
  /** How long a connection is kept open between two requests. */
  readonly keepAliveSeconds: number;
  readonly writeTimeoutMilliseconds?: number;
}

/**
 * An HTTP server that gives a client 10 s for its headers, 30 s for its whole request and 30 s to read its answer. What
 * Node itself refuses is answered with the same problem document as everything else.
 */
export function createHttpServer(
  listener: RequestListener,
  {
    messageClasses,
    publicUrl,
    keepAliveSeconds,
    writeTimeoutMilliseconds = WRITE_TIMEOUT_MILLISECONDS,
  }: HttpServerOptions,
): Server {
  const server = createServer({
    ...messageClasses,
    keepAliveTimeout: keepAliveSeconds * 1000,
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
    requireHostHeader: false,
    connectionsCheckingInterval: TIMEOUT_CHECK_MILLISECONDS,
  });
  // Beyond 2,000 Node silently drops headers. Here 16 KB bound them, and the application refuses more than a hundred.
  server.maxHeadersCount = 0;
  answerOneAtATime(server, listener);
  closeSlowReaders(server, writeTimeoutMilliseconds);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseInTurn(socket, PARSER_ERROR_STATUS[error.code ?? ''] ?? 400, publicUrl),
  );
  // Node would invite every client to send its body; the pipeline does, once it wants it.
  server.on('checkContinue', (req, res) => server.emit('request', req, res));
  // An unknown expectation may be ignored (RFC 9110 section 10.1.1); Node would answer without a body.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  return server;
}

/**
 * Listens and returns the address. Rejects where the port is taken. `onError` is told of connections that could not be
 * accepted, for example because no file descriptors are left; the process goes on.
 */
export function listen(
  server: Server,
  port: number,
  host: string,
  onError: (error: Error) => void = () => {},
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', onError);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Closes connections on which an answer that is complete here has not been taken in time. */
function closeSlowReaders(server: Server, withinMilliseconds: number): void {
  /** Since when the whole answer has been waiting; undefined while it is being made. */
  const open = new Map<ServerResponse<IncomingMessage>, number | undefined>();
  server.on('request', (_req: IncomingMessage, res: ServerResponse<IncomingMessage>) => {
    open.set(res, undefined);
    whenOver(res, () => open.delete(res));
  });
  const timer = setInterval(
    () => {
      const now = performance.now();
      for (const [res, since] of open) {
        if (!res.writableEnded) continue;
        if (since === undefined) open.set(res, now);
        else if (now - since > withinMilliseconds) res.req.socket.destroy();
      }
    },
    Math.min(TIMEOUT_CHECK_MILLISECONDS, withinMilliseconds),
  ).unref();
  server.once('close', () => clearInterval(timer));
}

/** Node keeps the response that a connection is busy with under this name, and its own handler asks the same. */
type BusySocket = Duplex & { readonly _httpMessage?: ServerResponse<IncomingMessage> | null };

/** Refuses what could not be read, once whatever came before it on the connection has been answered. */
function refuseInTurn(socket: BusySocket, status: number, publicUrl: string): void {
  if (socket.destroyed) return;
  const answer = socket._httpMessage;
  if (!answer?.req.complete) refuse(socket, status, publicUrl);
  // A client that ends its connection in the middle of a request has gone.
  else if (socket.readableEnded) socket.destroy();
  else whenOver(answer, () => refuseInTurn(socket, status, publicUrl));
}

/** Written by hand, since there is no response object yet. Where another answer has begun, cutting it is all that is left. */
function refuse(socket: BusySocket, status: number, publicUrl: string): void {
  // Node may report the same garbage twice.
  if (socket.writableEnded) return;
  if (!socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const requestId = newRequestId();
  const error = new AppError('invalid_request', 'The HTTP request could not be read.');
  const body = JSON.stringify({ ...presentProblem(error, publicUrl, requestId), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  destroySoon(socket);
}
