import { type Connection, openConnection } from './connection.ts';
import { nowMilliseconds } from './load.ts';

export interface Pool {
  readonly exchange: (request: Buffer, answered: (status: number) => void) => void;
  readonly close: () => void;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

/** Node closes a connection that rested for 5 s; one that is about to be closed is no longer used. */
const MAX_IDLE_MILLISECONDS = 3_000;

/** As many connections as there are requests open at once. */
export function createPool(port: number): Pool {
  const all = new Set<Connection>();
  const idle: Idle[] = [];

  function open(): Connection {
    const connection = openConnection(port, () => all.delete(connection));
    all.add(connection);
    return connection;
  }

  function reuse(): Connection | undefined {
    const oldest = nowMilliseconds() - MAX_IDLE_MILLISECONDS;
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      if (all.has(last.connection) && last.since > oldest) return last.connection;
      last.connection.close();
    }
    return undefined;
  }

  return {
    exchange(request, answered) {
      const connection = reuse() ?? open();
      connection.exchange(request, (status) => {
        if (all.has(connection)) idle.push({ connection, since: nowMilliseconds() });
        answered(status);
      });
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}
