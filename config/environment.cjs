/**
 * How DATABASE_URL and secrets are read. Plain JavaScript, because sequelize-cli reads it from a checkout that
 * was never built; src/config.ts imports the same functions, so the server and the command line cannot disagree.
 */
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');

const DEFAULT_MYSQL_PORT = 3306;

/** The value of `name`; an empty one counts as unset. */
function readVariable(env, name) {
  return env[name] === undefined || env[name] === '' ? undefined : env[name];
}

/** The value of `name`, or the content of the file that `name`_FILE points to, without its last line end. */
function readSecret(env, name) {
  const value = readVariable(env, name);
  const file = readVariable(env, `${name}_FILE`);
  if (file === undefined) return value;
  if (value !== undefined) throw new Error(`${name} and ${name}_FILE are both set; keep one`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch (error) {
    throw new Error(`${name}_FILE names ${file}, which cannot be read (${error.code})`);
  }
}

/** The embedded database of an environment that has no DATABASE_URL. */
function defaultDatabaseUrl(dataDirectory) {
  return `sqlite:${dataDirectory}/latchkey.sqlite`;
}

/**
 * Splits `sqlite:path` or `mysql://user:password@host:port/database`.
 * Throws an Error whose message never repeats the URL, since it may hold a password.
 */
function parseDatabaseUrl(url) {
  if (url.startsWith('sqlite:')) {
    const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/|\.)/, '');
    if (path === '' || path === ':memory:')
      throw new Error('names no file: use sqlite:./data/latchkey.sqlite');
    return { dialect: 'sqlite', storage: resolve(path) };
  }
  return parseMysqlUrl(url);
}

function parseMysqlUrl(url) {
  let parts;
  try {
    parts = new URL(url);
  } catch {
    throw new Error('is no URL: use mysql://user:password@host:3306/database or sqlite:path');
  }
  if (parts.protocol !== 'mysql:' && parts.protocol !== 'mariadb:') {
    throw new Error(`has the scheme ${parts.protocol} and needs mysql: or sqlite:`);
  }
  if (parts.search !== '' || parts.hash !== '') {
    throw new Error('carries options after the database name: use the DATABASE_* variables for them');
  }
  const database = decodePart(parts.pathname.slice(1));
  if (parts.hostname === '' || database === '' || database.includes('/')) {
    throw new Error('needs a host and one database name: mysql://user:password@host:3306/database');
  }
  return {
    dialect: 'mysql',
    host: parts.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parts.port === '' ? DEFAULT_MYSQL_PORT : Number(parts.port),
    username: decodePart(parts.username),
    password: decodePart(parts.password),
    database,
  };
}

function decodePart(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('holds a % that is no percent-encoding: write it as %25');
  }
}

/**
 * The TLS options mysql2 takes: `off` sends none, `verify` demands a certificate of a known authority that names the
 * host. mysql2 leaves the name unchecked unless it is told otherwise, which would accept anybody's certificate.
 */
function tlsOptions(mode, caFile) {
  if (mode === 'off') return undefined;
  return {
    rejectUnauthorized: true,
    verifyIdentity: true,
    minVersion: 'TLSv1.2',
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
  };
}

module.exports = { readVariable, readSecret, defaultDatabaseUrl, parseDatabaseUrl, tlsOptions };
