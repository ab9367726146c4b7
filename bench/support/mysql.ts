import { type Connection, createConnection } from 'mysql2/promise';
import { startMysqlServer } from '../../tests/support/mysql-server.ts';
import type { Run } from './benchmark.ts';

export interface Mysql {
  /** Makes an empty database and answers with its URL. */
  readonly createDatabase: (purpose: string) => Promise<string>;
  /** Speaks to the server as its administrator. */
  readonly administrator: Connection;
}

/**
 * The MySQL or MariaDB in TEST_MYSQL_URL as it is; else a private one with these settings, which last as long as the
 * benchmark.
 */
export async function useMysql(run: Run, settings: Readonly<Record<string, number>>): Promise<Mysql> {
  const given = process.env.TEST_MYSQL_URL;
  const own = given ? undefined : await startMysqlServer();
  const url = new URL(given ?? own?.url ?? missing());
  run.defer(async () => own?.stop());
  const administrator = await createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  });
  run.defer(() => administrator.end());
  if (own !== undefined) {
    for (const [name, value] of Object.entries(settings))
      await administrator.query(`SET GLOBAL ${name} = ${value}`);
  }

  async function createDatabase(purpose: string): Promise<string> {
    const name = `latchkey_bench_${process.pid}_${purpose}`;
    await administrator.query(`CREATE DATABASE ${name}`);
    run.defer(async () => {
      await administrator.query(`DROP DATABASE ${name}`);
    });
    return Object.assign(new URL(url), { pathname: `/${name}` }).href;
  }

  return { createDatabase, administrator };
}

function missing(): never {
  throw new Error('there is no MySQL: install mariadb-server (or MySQL 8), or set TEST_MYSQL_URL');
}
