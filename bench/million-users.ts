import { addUsers } from './support/add-users.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createTraffic, startGenerator } from './support/generator.ts';
import { type Mysql, useMysql } from './support/mysql.ts';
import { latenciesMilliseconds, requireStatus } from './support/outcomes.ts';
import { startLatchkey } from './support/programs.ts';
import { latchkey, MAX_SIGNUPS, type Task } from './support/services.ts';
import { interleave, median } from './support/statistics.ts';

/** The least that bcrypt allows: a hash as in production takes long enough to hide the database. */
const COST = '4';

await runBenchmark('million-users', measure);

/** Sign-up and login with a million users in MySQL against a thousand, on one server at the same time. */
async function measure(run: Run): Promise<Figure[]> {
  // A pool that holds the tables, as on any database server; and no wait for the disk, which is the same for both and
  // would only hide a difference.
  const mysql = await useMysql(run, {
    innodb_buffer_pool_size: 2 ** 30,
    innodb_flush_log_at_trx_commit: 0,
  });
  const few = await startWithUsers(run, mysql, 'few', run.quick ? 10 : 1_000);
  const many = await startWithUsers(run, mysql, 'many', run.quick ? 100 : 1_000_000);

  const generator = startGenerator(run);
  const latency = async (port: number, { template, status }: Task) => {
    const outcomes = await createTraffic(
      generator,
      { port },
      template,
    )({
      pace: { connections: 1 },
      warmUpMilliseconds: run.quick ? 0 : 100,
      measureMilliseconds: run.quick ? 50 : 600,
    });
    return median(latenciesMilliseconds(requireStatus(outcomes, status)));
  };
  let signups = 0;
  const newPeople = () => ++signups * MAX_SIGNUPS;
  const milliseconds = await interleave(run.quick ? 1 : 8, {
    loginFew: () => latency(few.port, few.login(few.users)),
    loginMany: () => latency(many.port, many.login(many.users)),
    signupFew: () => latency(few.port, few.signup(newPeople())),
    signupMany: () => latency(many.port, many.signup(newPeople())),
  });

  const named = ({ users }: { users: number }) => `${users.toLocaleString('en')} users`;
  const pair = (what: string, fewer: readonly number[], more: readonly number[]): Figure[] => [
    measured(`${what}, ${named(few)}`, 'ms', fewer),
    compared(`${what}, ${named(many)}`, 'ms', more, {
      reference: named(few),
      to: fewer,
      target: { atMost: 1.1 },
    }),
  ];
  return [
    ...pair(`POST /login, bcrypt cost ${COST}`, milliseconds.loginFew, milliseconds.loginMany),
    ...pair(`POST /signup, bcrypt cost ${COST}`, milliseconds.signupFew, milliseconds.signupMany),
  ];
}

async function startWithUsers(run: Run, mysql: Mysql, purpose: string, users: number) {
  const url = await mysql.createDatabase(purpose);
  const program = await startLatchkey(run, {
    DATABASE_URL: url,
    MIGRATE_ON_START: 'true',
    BCRYPT_COST: COST,
  });
  const service = await latchkey(program, 1);
  await addUsers(mysql.administrator, new URL(url).pathname.slice(1), users);
  return { ...service, users };
}
