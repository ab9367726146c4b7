import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { closeAfter, destroySoon, whenOver } from './when-over.ts';

/** How much the parser gets at once: enough for a request that fits in one packet, and some fifty tiny ones at most. */
const SLICE_BYTES = 1_024;
/** How much is read ahead while a request is answered, so that a client that closes the connection is noticed. */
const READ_AHEAD_BYTES = 16 * 1_024;

/** How much of an unwanted body is passed over after the answer, so that the connection can be kept. */
const PASSED_OVER_BYTES = 16 * 1_024;

const CONNECTION = Symbol('connection');

interface Connection {
  readonly take: (req: IncomingMessage, res: ServerResponse<IncomingMessage>) => void;
}

type TrackedSocket = Socket & { [CONNECTION]?: Connection };

/**
 * Lets `listener` answer the requests of one connection one at a time, in the order in which they came (RFC 9112
 * section 9.3.2), and leaves unread what comes after the one that is being answered. Node's parser takes in all that
 * it is given, 64 KB or 1,600 requests at a time, each with a response that stays as long as the connection does; so it
 * is given little, and the next portion once the requests in the last one are answered. TCP makes a client that goes on
 * sending wait.
 */
export function answerOneAtATime(server: Server, listener: RequestListener): void {
  server.on('connection', (socket: TrackedSocket) => {
    socket[CONNECTION] = createConnection(socket, listener);
  });
  server.on('request', (req: IncomingMessage, res: ServerResponse<IncomingMessage>) => {
    const connection = (req.socket as TrackedSocket)[CONNECTION];
    // A request may be handed over that another server has read.
    if (connection === undefined) listener(req, res);
    else connection.take(req, res);
  });
}

function createConnection(socket: Socket, listener: RequestListener): Connection {
  const queue: [IncomingMessage, ServerResponse<IncomingMessage>][] = [];
  let current: IncomingMessage | undefined;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isParsing = false;
  let isPaused = false;
  /** Of a request whose answer is over before its body. */
  let unread: IncomingMessage | undefined;
  let passedOverBytes = 0;

  const parse = interceptData(socket, (bytes) => {
    held.push(bytes);
    heldBytes += bytes.length;
    parseWhatMayBeParsed();
  });

  socket.once('close', () => {
    queue.length = 0;
    held = [];
  });

  /** The rest of a request that is being answered has to be read; what follows it has to wait. */
  function mayParse(): boolean {
    if (!socket.writable || queue.length > 0) return false;
    return current === undefined || !current.complete;
  }

  function parseWhatMayBeParsed(): void {
    if (isParsing) return;
    isParsing = true;
    while (held.length > 0 && mayParse()) {
      const slice = nextSlice();
      parse(slice);
      if (unread?.complete) unread = undefined;
      else if (unread !== undefined) passOver(slice.length);
    }
    isParsing = false;
    if (heldBytes > READ_AHEAD_BYTES) pause();
    else if (isPaused && socket.writable) resume();
  }

  function nextSlice(): Buffer {
    const [first] = held as [Buffer];
    const slice = first.subarray(0, SLICE_BYTES);
    if (slice.length === first.length) held.shift();
    else held[0] = first.subarray(SLICE_BYTES);
    heldBytes -= slice.length;
    return slice;
  }

  /** What a client goes on sending after it was refused is read up to a limit. */
  function passOver(bytes: number): void {
    passedOverBytes += bytes;
    if (passedOverBytes > PASSED_OVER_BYTES) end();
  }

  /** Ends the connection, and gives a client that goes on sending time to read the answer that is under way to it. */
  function end(): void {
    pause();
    socket.end();
    destroySoon(socket);
  }

  function pause(): void {
    isPaused = true;
    socket.pause();
  }

  function resume(): void {
    isPaused = false;
    socket.resume();
  }

  function take(req: IncomingMessage, res: ServerResponse<IncomingMessage>): void {
    if (current === undefined) answer(req, res);
    else queue.push([req, res]);
  }

  function answer(req: IncomingMessage, res: ServerResponse<IncomingMessage>): void {
    current = req;
    // Node gives its parser nothing of what follows an upgrade that is not taken up, or only its second half.
    if (req.headers.upgrade !== undefined) closeAfter(res);
    whenOver(res, () => {
      current = undefined;
      unread = req.complete ? undefined : req;
      passedOverBytes = 0;
      // An answer that said `Connection: close` was the last one.
      if (!socket.writable) return;
      const next = queue.shift();
      if (next === undefined) parseWhatMayBeParsed();
      else answer(...next);
    });
    listener(req, res);
  }

  return { take };
}

/** Puts `receive` between a connection and Node's parser, and returns what gives bytes to the parser. */
function interceptData(socket: Socket, receive: (bytes: Buffer) => void): (bytes: Buffer) => void {
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined)
    throw new Error('unsupported Node.js version: no HTTP parser listener on the socket');
  // Node has its parser read the connection without any listener until there is one that is not its own.
  socket.on('data', receive);
  socket.off('data', parse);
  return (bytes) => parse.call(socket, bytes);
}
