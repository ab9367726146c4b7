import { connect } from 'node:net';

export interface Connection {
  /** Sends one request and calls back with the status of its answer; 0 where the connection broke first. */
  readonly exchange: (request: Buffer, answered: (status: number) => void) => void;
  readonly close: () => void;
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const STATUS_OFFSET = 'HTTP/1.1 '.length;

/**
 * A kept-alive HTTP/1.1 connection that reads no more of an answer than its status and where it ends. node:http costs a
 * client about as much as a bare route costs a server, and the two share a machine here.
 */
export function openConnection(port: number, onLost: () => void): Connection {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let waiting: ((status: number) => void) | undefined;

  function settle(status: number): void {
    const answered = waiting;
    waiting = undefined;
    received = Buffer.alloc(0);
    answered?.(status);
  }

  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const headLength = received.indexOf(HEAD_END);
    if (headLength === -1) return;
    const head = received.toString('latin1', 0, headLength);
    if (!isComplete(head, received, headLength + HEAD_END.length)) return;
    // Before the answer is passed on, so that no request is sent on a connection that the server is closing.
    if (/\r\nconnection: *close/i.test(head)) onLost();
    settle(Number(head.slice(STATUS_OFFSET, STATUS_OFFSET + 3)));
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    onLost();
    settle(0);
  });

  return {
    exchange(request, answered) {
      waiting = answered;
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
}

function isComplete(head: string, received: Buffer, bodyStart: number): boolean {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return received.length >= bodyStart + Number(length);
  // One answer at a time, so the last chunk is the end of what was received.
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    return (
      received.toString('latin1', Math.max(bodyStart, received.length - LAST_CHUNK.length)) === LAST_CHUNK
    );
  }
  return true;
}
