import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type QueryInterface, Sequelize } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import { NOTHING_ELSE, readCliDatabase } from './cli-database.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

const require = createRequire(import.meta.url);

interface Step {
  readonly up: (queryInterface: QueryInterface, sequelize: typeof Sequelize) => Promise<void>;
  readonly down: (queryInterface: QueryInterface, sequelize: typeof Sequelize) => Promise<void>;
}

type Work = (sequelize: Sequelize, to: string | undefined) => Promise<unknown>;

const COMMANDS: Readonly<Record<string, Work>> = {
  'db:migrate': (sequelize, to) => umzugOf(sequelize).up(to === undefined ? undefined : { to }),
  'db:migrate:undo:all': (sequelize, to) => umzugOf(sequelize).down({ to: to ?? 0 }),
  'db:seed:all': seedAll,
};

/** Does in this process what a command of sequelize-cli does in one of its own, which takes a second to start. */
export async function runCliHere(args: readonly string[], databaseUrl: string): Promise<void> {
  const [command = '', option, to] = args;
  const work = COMMANDS[command];
  if (work === undefined || (option !== undefined && option !== '--to')) {
    throw new Error(`${args.join(' ')} is not known here`);
  }
  const env = { ...NOTHING_ELSE, DATABASE_URL: databaseUrl };
  const sequelize = new Sequelize({ ...readCliDatabase('development', env, CHECKOUT) });
  try {
    await work(sequelize, to);
  } finally {
    await sequelize.close();
  }
}

function umzugOf(sequelize: Sequelize): Umzug<QueryInterface> {
  return new Umzug({
    migrations: {
      glob: ['*.cjs', { cwd: join(CHECKOUT, 'migrations') }],
      resolve: ({ path = '', context }) => {
        const step: Step = require(path);
        return {
          name: basename(path),
          up: () => step.up(context, Sequelize),
          down: () => step.down(context, Sequelize),
        };
      },
    },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
}

/** It keeps no list of seeders: each runs every time. */
async function seedAll(sequelize: Sequelize): Promise<void> {
  const directory = join(CHECKOUT, 'seeders');
  for (const name of readdirSync(directory).sort()) {
    const step: Step = require(join(directory, name));
    await step.up(sequelize.getQueryInterface(), Sequelize);
  }
}
