import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Callbacks for when a request is over. */
interface Completion {
  isOver: boolean;
  readonly waiting: (() => void)[];
}

const COMPLETION = Symbol('completion');
const OPEN = Symbol('open completions');

type Tracked = ServerResponse<IncomingMessage> & { [COMPLETION]?: Completion };
type TrackedSocket = Socket & { [OPEN]?: Set<() => void> };

/**
 * Calls `done` once, when the request that `res` answers is over: its answer has been handed to the operating system, or
 * its connection is closed. The event `close` of the response alone does not say so: Node 20 does not emit it for
 * responses that wait for another one of the same connection.
 */
export function whenOver(res: ServerResponse<IncomingMessage>, done: () => void): void {
  const completion = completionOf(res);
  if (completion.isOver) done();
  else completion.waiting.push(done);
}

/** A signal that is aborted when the request is over, so that nothing is done any more for a client that has gone. */
export function abortSignalOf(res: ServerResponse<IncomingMessage>): AbortSignal {
  const controller = new AbortController();
  whenOver(res, () => controller.abort());
  return controller.signal;
}

/** Tells the client that this connection takes no further request. */
export function closeAfter(res: ServerResponse): void {
  if (!res.headersSent) res.setHeader('Connection', 'close');
}

/** How long a client has to close its end, or to read the answer that is under way to it. */
const CLOSE_MILLISECONDS = 1_000;

/** Cuts a connection that was ended here, where the client does not close it in turn. */
export function destroySoon(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), CLOSE_MILLISECONDS);
  socket.once('close', () => clearTimeout(timer));
}

function completionOf(res: Tracked): Completion {
  const known = res[COMPLETION];
  if (known !== undefined) return known;
  const { socket } = res.req;
  const completion: Completion = { isOver: res.closed || socket.closed, waiting: [] };
  res[COMPLETION] = completion;
  if (completion.isOver) return completion;

  const open = openOn(socket);
  const over = () => {
    open.delete(over);
    res.off('close', over);
    completion.isOver = true;
    for (const done of completion.waiting.splice(0)) done();
  };
  open.add(over);
  res.once('close', over);
  return completion;
}

/** One listener per connection, however many requests it carries. */
function openOn(socket: TrackedSocket): Set<() => void> {
  const known = socket[OPEN];
  if (known !== undefined) return known;
  const open = new Set<() => void>();
  socket[OPEN] = open;
  socket.once('close', () => {
    for (const over of open) over();
  });
  return open;
}
