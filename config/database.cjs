/**
 * The database as sequelize-cli sees it. It reads the same variables with the same functions as the server.
 * Every environment has the same entry: what differs between them is the content of DATABASE_URL.
 */
require('dotenv').config({ quiet: true });
const { mkdirSync } = require('node:fs');
const { dirname } = require('node:path');
const environment = require('./environment.cjs');

/** `environment` is for the seeders: `--env production` alone leaves NODE_ENV as it was. */
function databaseFor(name) {
  const url = environment.readSecret(process.env, 'DATABASE_URL');
  if (url === undefined && name === 'production') {
    throw new Error('DATABASE_URL is required in production: mysql://user:password@host:3306/database');
  }
  const dataDirectory = environment.readVariable(process.env, 'DATA_DIR') ?? './data';
  const location = environment.parseDatabaseUrl(url ?? environment.defaultDatabaseUrl(dataDirectory));
  if (location.dialect === 'sqlite') {
    // The file holds password hashes, so no other user of the host may read it.
    process.umask(0o077);
    mkdirSync(dirname(location.storage), { recursive: true, mode: 0o700 });
    return { ...location, logging: false, environment: name };
  }
  const ssl = environment.tlsOptions(
    environment.readVariable(process.env, 'DATABASE_TLS') ?? 'off',
    environment.readVariable(process.env, 'DATABASE_TLS_CA_FILE'),
  );
  return {
    ...location,
    logging: false,
    dialectOptions: { charset: 'utf8mb4', ...(ssl && { ssl }) },
    environment: name,
  };
}

// Getters, so that only the environment that sequelize-cli was asked for has to be complete.
module.exports = {
  get development() {
    return databaseFor('development');
  },
  get test() {
    return databaseFor('test');
  },
  get production() {
    return databaseFor('production');
  },
};
