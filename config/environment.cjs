/**
 * How DATABASE_URL and secrets are read. Plain JavaScript, because sequelize-cli reads it from a checkout that
 * was never built; src/config/config.ts imports the same functions, so the server and the command line cannot disagree.
 */
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { certificatesOf } = require('./pem.cjs');

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
  const content = readFile(`${name}_FILE`, file).replace(/\r?\n$/, '');
  if (content === '') throw new Error(`${name}_FILE is ${JSON.stringify(file)}: it is empty`);
  return content;
}

function readFile(name, file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${name} is ${JSON.stringify(file)}: it cannot be read (${error.code})`);
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
  try {
    return url.startsWith('sqlite:') ? parseSqliteUrl(url) : parseMysqlUrl(url);
  } catch (error) {
    const advice = adviceOnPassword(url);
    throw new Error(`DATABASE_URL ${error.message}${advice === undefined ? '' : `; ${advice}`}`);
  }
}

/** Characters that end a password too early, with how they are written in a URL. */
const WRITTEN = { '#': '%23', '/': '%2F', '?': '%3F' };

/**
 * What to write where the password of a URL that cannot be read holds a character that ends it: a # in front of an @, a /
 * or ? in front of the first one.
 */
function adviceOnPassword(url) {
  const [, rest] = /^(?:mysql|mariadb):\/\/([\s\S]*)$/i.exec(url) ?? [];
  if (rest === undefined) return undefined;
  const found = /^[^@]*?([#/?])[\s\S]*@/.exec(rest)?.[1] ?? (/#[\s\S]*@/.test(rest) ? '#' : undefined);
  if (found !== undefined)
    return `where the user or password holds a ${found}, write it as ${WRITTEN[found]}`;
  const isCutShort = /^[^@/]*:[^@/]*$/.test(rest);
  return isCutShort
    ? 'a value in .env ends at a # without quotes, so write a # of the password as %23'
    : undefined;
}

/** Of the forms with slashes only sqlite:///absolute/path and sqlite://./relative/path are clear. */
function parseSqliteUrl(url) {
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/|\.)/, '');
  if (path === '' || path.startsWith('//') || path.includes(':memory:')) {
    throw new Error('names no file: use sqlite:./data/latchkey.sqlite');
  }
  return { dialect: 'sqlite', storage: resolve(path) };
}

function parseMysqlUrl(url) {
  let parts;
  try {
    parts = new URL(url);
  } catch {
    throw new Error('is no URL: use mysql://user:password@host:3306/database or sqlite:path');
  }
  if (parts.protocol !== 'mysql:' && parts.protocol !== 'mariadb:') {
    throw new Error('needs the scheme mysql: or sqlite:');
  }
  if (parts.search !== '' || parts.hash !== '') {
    throw new Error('carries options after the database name: use the DATABASE_* variables for them');
  }
  const database = decodePart(parts.pathname.slice(1));
  if (parts.port === '0') throw new Error('has the port 0');
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
 * The TLS options mysql2 takes: `off` sends none, `verify` requires a certificate of a known authority that names the
 * host. mysql2 leaves the name unchecked unless it is told otherwise, which would accept any valid certificate.
 */
function tlsOptions(mode, caFile) {
  if (mode !== 'off' && mode !== 'verify') throw new Error(`DATABASE_TLS is "${mode}": off or verify`);
  if (mode === 'verify') {
    const authority = caFile === undefined ? {} : { ca: readAuthority('DATABASE_TLS_CA_FILE', caFile) };
    return { rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2', ...authority };
  }
  if (caFile !== undefined) {
    throw new Error('DATABASE_TLS_CA_FILE is set while DATABASE_TLS is off: set DATABASE_TLS=verify');
  }
  return undefined;
}

function readAuthority(name, file) {
  const content = readFile(name, file);
  try {
    return certificatesOf(content, name);
  } catch (error) {
    throw new Error(`${name} is ${JSON.stringify(file)}: ${error.message}`);
  }
}

module.exports = { readVariable, readSecret, defaultDatabaseUrl, parseDatabaseUrl, tlsOptions };
