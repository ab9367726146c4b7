import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Sequelize } from 'sequelize';

type Command = (...args: unknown[]) => EventEmitter;

interface MysqlConnection {
  readonly stream: Duplex;
  query: Command;
  execute: Command;
}

/**
 * Cuts a MySQL connection on which a command stays without an answer. A server that vanished without closing its
 * connections would otherwise keep each one, and a place in the pool, until TCP gives up a quarter of an hour later.
 */
export function cutSilentConnections(sequelize: Sequelize, milliseconds: number): void {
  sequelize.addHook('afterConnect', (opened: unknown) => {
    const connection = opened as MysqlConnection;
    connection.query = timed(connection, connection.query, milliseconds);
    connection.execute = timed(connection, connection.execute, milliseconds);
  });
}

function timed(connection: MysqlConnection, send: Command, milliseconds: number): Command {
  return (...args) => {
    const command = send.apply(connection, args);
    const timer = setTimeout(() => {
      connection.stream.destroy(new Error(`MySQL gave no answer within ${milliseconds} ms`));
    }, milliseconds);
    command.once('end', () => clearTimeout(timer)).once('error', () => clearTimeout(timer));
    return command;
  };
}
