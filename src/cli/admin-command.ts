import { Console } from 'node:console';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { type Config, ConfigError, loadConfig } from '../config/config.ts';
import { createSharedClock, systemClock } from '../core/clock.ts';
import { AppError, ERRORS } from '../core/errors.ts';
import { createHashWorkers } from '../core/passwords/hash-workers.ts';
import { createPasswords } from '../core/passwords/passwords.ts';
import { OPERATOR } from '../core/principal.ts';
import { createEnding } from '../core/sessions/ending.ts';
import { type CoreStores, storesOf } from '../core/stores.ts';
import { parseEmail, parseUsername, searchFor } from '../core/users/identifiers.ts';
import { createStore } from '../db/store.ts';
import { createFactorReset, type FactorReset } from '../features/factor-reset/reset.ts';
import { createResetByAdmin, type ResetByAdmin } from '../features/password-reset/by-admin.ts';
import { createResetLinks } from '../features/password-reset/reset-links.ts';
import { createUserAdmin, type UserAdmin, type UserInFull } from '../features/users/users.ts';
import type { Streams, Surroundings } from './surroundings.ts';
import { withDatabase } from './with-database.ts';

const USAGE = `usage: npm run admin -- create-user --email ADDRESS [--username NAME] [--role ROLE ...]
                          the password is asked for, or read from standard input; it is never an argument
       npm run admin -- list [--email PREFIX | --username PREFIX] [--role ROLE]
       npm run admin -- set-roles  --email ADDRESS | --username NAME  --role ROLE [--role ROLE ...]
       npm run admin -- disable | enable | unlock | revoke-sessions  --email ADDRESS | --username NAME
       npm run admin -- set-password | reset-link | reset-factors  --email ADDRESS | --username NAME
                          set-password asks for the password as create-user does; reset-link prints a link that is
                          good for an hour, or its token where PASSWORD_RESET_URL is not set; reset-factors removes
                          second factors, recovery codes and passkeys, and sends no mail
`;

const NO_SCHEMA = 'The database is empty or behind. Start the service once.';

const PAGE_ROWS = 200;
/** An operator waits for as long as it takes, also on a busy host. */
const HASH_MILLISECONDS = 600_000;

/** Each as a list, so that one that is given twice is noticed. */
const OPTIONS = {
  email: { type: 'string', multiple: true },
  username: { type: 'string', multiple: true },
  role: { type: 'string', multiple: true },
} as const;

interface Options {
  readonly email: string | undefined;
  readonly username: string | undefined;
  readonly role: readonly string[];
}

interface Arguments {
  readonly command: string;
  readonly options: Options;
}

interface Services {
  readonly users: UserAdmin;
  readonly resetByAdmin: ResetByAdmin;
  readonly resetFactors: FactorReset;
  readonly store: CoreStores;
}

type OnOneUser = (
  services: Services,
  found: UserInFull,
  roles: readonly string[],
  streams: Streams,
) => Promise<string>;

const ON_ONE_USER: Readonly<Record<string, OnOneUser>> = {
  async 'set-roles'({ users }, { user }, given) {
    const { roles } = await users.setRoles(user.id, given, OPERATOR);
    return `${user.email} has the roles ${roles.join(', ')}.`;
  },
  async disable({ users }, { user }) {
    await users.disable(user.id, OPERATOR);
    return `${user.email} is disabled.`;
  },
  async enable({ users }, { user }) {
    await users.enable(user.id, OPERATOR);
    return `${user.email} is enabled.`;
  },
  async unlock({ users }, { user }) {
    const wasLocked = await users.unlock(user.id, OPERATOR);
    return wasLocked ? `${user.email} takes its password again.` : `${user.email} was not locked.`;
  },
  async 'revoke-sessions'({ users }, { user }) {
    const ended = await users.endSessions(user.id, undefined, OPERATOR);
    return `${ended} session${ended === 1 ? '' : 's'} of ${user.email} ended.`;
  },
  async 'set-password'({ resetByAdmin }, { user }, _roles, streams) {
    await resetByAdmin.setPassword(user, await readPassword(streams), OPERATOR);
    return `${user.email} has another password, and all sessions have ended.`;
  },
  async 'reset-link'({ resetByAdmin }, { user }) {
    return (await resetByAdmin.createLink(user.id, OPERATOR)).link;
  },
  async 'reset-factors'({ resetFactors }, { user }) {
    await resetFactors(user.id, OPERATOR);
    return `${user.email} signs in without a second factor, until one is added again.`;
  },
};

/** Runs the command and answers with its exit code. */
export async function admin(
  args: readonly string[],
  { environment, streams }: Surroundings,
): Promise<number> {
  if (args.includes('--help')) {
    streams.stdout.write(USAGE);
    return 0;
  }
  const read = readArguments(args);
  if (read === undefined) {
    streams.stderr.write(USAGE);
    return 64; // EX_USAGE of sysexits.h
  }
  const console = new Console(streams.stdout, streams.stderr);
  try {
    const config = loadConfig(environment());
    console.log(await withServices(config, (services) => run(services, read, streams)));
    return 0;
  } catch (error) {
    console.error(
      error instanceof AppError ? describe(error) : error instanceof Error ? error.message : error,
    );
    return error instanceof ConfigError ? ConfigError.exitCode : 1;
  }
}

function describe({ code, detail }: AppError): string {
  return `${ERRORS[code].title}. ${detail}`;
}

/** The command and its options, or undefined where they do not fit together. */
function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [command = '', ...rest] = positionals;
    const { email = [], username = [], role = [] } = values;
    const named = email.length + username.length;
    const fits =
      (command === 'list' && named <= 1 && role.length <= 1) ||
      (command === 'create-user' && email.length === 1 && username.length <= 1) ||
      (Object.hasOwn(ON_ONE_USER, command) && named === 1 && role.length > 0 === (command === 'set-roles'));
    const options = { email: email[0], username: username[0], role };
    return rest.length === 0 && fits ? { command, options } : undefined;
  } catch {
    return undefined;
  }
}

async function run(services: Services, { command, options }: Arguments, streams: Streams): Promise<string> {
  const { users } = services;
  if (command === 'create-user') return createUser(users, options, streams);
  if (command === 'list') return list(users, options);
  const roles = [...new Set(options.role)];
  return (await ON_ONE_USER[command]?.(services, await find(services, options), roles, streams)) ?? '';
}

async function createUser(
  users: UserAdmin,
  { email = '', username, role = [] }: Options,
  streams: Streams,
): Promise<string> {
  const parsed = {
    email: parseEmail(email),
    username: username === undefined ? undefined : parseUsername(username),
  };
  if (parsed.email === null) throw new Error(`${JSON.stringify(email)} is not an email address.`);
  if (parsed.username === null) throw new Error(`${JSON.stringify(username)} is not a username.`);
  const account = {
    email: parsed.email,
    emailVerified: false,
    username: parsed.username,
    password: await readPassword(streams),
    roles: [...new Set(['user', ...role])],
  };
  const { user, roles } = await users.create(account, OPERATOR);
  return `${user.email} has been created with the roles ${roles.join(', ')}: ${user.id}`;
}

async function list(users: UserAdmin, { email, username, role = [] }: Options): Promise<string> {
  const typed = email ?? username;
  const filter = { search: typed === undefined ? undefined : searchFor(typed), role: role[0] };
  const found: UserInFull[] = [];
  let page: UserInFull[];
  do {
    page = await users.list(filter, PAGE_ROWS, found.at(-1)?.user.id);
    found.push(...page);
  } while (page.length === PAGE_ROWS);
  return found.map(toLine).join('\n');
}

function toLine({ user, roles }: UserInFull): string {
  return [user.id, user.email, user.disabledAt ? 'disabled' : 'active', roles.join(',')].join('\t');
}

async function find({ users, store }: Services, options: Options): Promise<UserInFull> {
  const { email, username } = options;
  const named = email === undefined ? parseUsername(username ?? '') : parseEmail(email);
  const findBy = email === undefined ? store.users.findByUsername : store.users.findByEmail;
  const user = named && (await findBy(named.canonical));
  if (user === null) throw new Error(`There is no account of ${JSON.stringify(email ?? username)}.`);
  return users.read(user.id);
}

/** The first line of standard input; typing at a terminal is not echoed. */
async function readPassword({ stdin, stderr }: Streams): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stderr.write('Password: ');
  const lines = createInterface({ input: stdin, output: silence, terminal: isTerminal });
  const [line = ''] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  lines.close();
  if (isTerminal) stderr.write('\n');
  return String(line);
}

function withServices(config: Config, work: (services: Services) => Promise<string>): Promise<string> {
  return withDatabase(config.database, NO_SCHEMA, async (database) => {
    const { bcryptCost } = config.passwords;
    const workers = createHashWorkers({
      workers: 1,
      maxWaitMilliseconds: HASH_MILLISECONDS,
      niceness: 0,
      bcryptCost,
      monotonic: systemClock.monotonic,
    });
    const store = createStore(database, storesOf);
    const clock = createSharedClock(systemClock, database.readTime);
    await clock.compare();
    const ending = createEnding({ store, announce: () => {}, clock });
    const sessions = {
      ...ending,
      list: (userId: string) => store.sessions.listLive(userId, new Date(clock.now())),
    };
    const passwords = createPasswords(config.passwords, workers);
    try {
      return await work({
        users: createUserAdmin({ store, passwords, sessions, clock }),
        resetByAdmin: createResetByAdmin({
          store,
          passwords,
          sessions,
          clock,
          linkOf: createResetLinks(config),
        }),
        resetFactors: createFactorReset({
          store,
          clock,
          // The operator can say so in person.
          outbox: { wake: () => {} },
          warnOwnerWithin: async () => {},
        }),
        store,
      });
    } finally {
      await workers.close();
    }
  });
}
