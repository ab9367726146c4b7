import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const OURS = ['../../config/database.cjs', '../../config/environment.cjs'].map((path) =>
  require.resolve(path),
);

/** Set, so that nothing comes in from a .env file of the checkout. */
export const NOTHING_ELSE = {
  NODE_ENV: '',
  DATA_DIR: '',
  DATABASE_URL_FILE: '',
  DATABASE_TLS: '',
  DATABASE_TLS_CA_FILE: '',
};

export interface CliDatabase {
  readonly storage?: string;
  readonly dialectOptions?: { readonly ssl?: unknown; readonly charset?: string };
  readonly [member: string]: unknown;
}

/** An entry of config/database.cjs, as a process of sequelize-cli with this environment loads it in this directory. */
export function readCliDatabase(
  name: string,
  env: Readonly<Record<string, string>>,
  directory: string,
): CliDatabase {
  const ours = { directory: process.cwd(), env: process.env, mask: process.umask() };
  for (const path of OURS) delete require.cache[path];
  process.chdir(directory);
  process.env = { PATH: ours.env.PATH, ...env };
  try {
    return require('../../config/database.cjs')[name];
  } finally {
    process.env = ours.env;
    process.chdir(ours.directory);
    process.umask(ours.mask);
  }
}
