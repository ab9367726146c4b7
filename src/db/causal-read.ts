import { QueryTypes, type Sequelize } from 'sequelize';

interface ServerVariable {
  readonly Variable_name: string;
  readonly Value: string;
}

/**
 * What stands before a SELECT so that a node of a Galera cluster first applies what the others have acknowledged; it
 * waits for that statement alone. Empty on every other database, which never lags behind itself.
 */
export async function causalReadPrefix(sequelize: Sequelize): Promise<string> {
  if (sequelize.getDialect() === 'sqlite') return '';
  const variables = await sequelize.query<ServerVariable>(
    "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'version')",
    { type: QueryTypes.SELECT },
  );
  const settingOf = (name: string) => variables.find((one) => one.Variable_name === name)?.Value ?? '';
  // MySQL's own builds of Galera have no SET STATEMENT: there the second look and the client's next one have to do.
  const isGalera = settingOf('wsrep_on') === 'ON' && settingOf('version').includes('MariaDB');
  return isGalera ? 'SET STATEMENT wsrep_sync_wait = 1 FOR ' : '';
}
