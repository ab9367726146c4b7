export type Environment = Readonly<Record<string, string | undefined>>;

export interface SqliteLocation {
  readonly dialect: 'sqlite';
  readonly storage: string;
}

export interface MysqlLocation {
  readonly dialect: 'mysql';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

export interface TlsOptions {
  readonly rejectUnauthorized: true;
  readonly verifyIdentity: true;
  readonly minVersion: 'TLSv1.2';
  readonly ca?: string;
}

export function readVariable(env: Environment, name: string): string | undefined;
export function readSecret(env: Environment, name: string): string | undefined;
export function defaultDatabaseUrl(dataDirectory: string): string;
export function parseDatabaseUrl(url: string): SqliteLocation | MysqlLocation;
export function tlsOptions(mode: string, caFile: string | undefined): TlsOptions | undefined;
