import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createTraffic, type Generator, startGenerator } from './support/generator.ts';
import { useMysql } from './support/mysql.ts';
import { answersPerSecond, requireStatus } from './support/outcomes.ts';
import { startLatchkey, startPeer } from './support/programs.ts';
import { betterAuth, latchkey, MAX_SIGNUPS, type Service } from './support/services.ts';
import { interleave } from './support/statistics.ts';

const CONNECTIONS = 8;
/** Few where each costs a quarter of a second; many where a login a millisecond would fill one person's sessions. */
const PEOPLE = { hashing: 12, light: 200 };
/** Neither side refuses a login, however busy the machine is. */
const HASH_MAX_WAIT_MS = '60000';
/** The least that bcrypt allows, so that what is not hashing shows. */
const LIGHT_COST = '4';

const LIGHT = { warmUpMilliseconds: 200, measureMilliseconds: 800 };
/** Nothing to warm up: on a busy machine the first answer takes a second. */
const HASHING = { warmUpMilliseconds: 0, measureMilliseconds: 1_400 };
const QUICK = { warmUpMilliseconds: 0, measureMilliseconds: 50 };

await runBenchmark('better-auth', measure);

/** The same work by the service and by better-auth, on one MySQL: with the hashing each chooses, and without. */
async function measure(run: Run): Promise<Figure[]> {
  // Every commit reaches the disk, as it does on a server with its defaults.
  const mysql = await useMysql(run, { innodb_flush_log_at_trx_commit: 1 });
  const start = {
    latchkey: async (purpose: string, env: Record<string, string>, people: number) => {
      const url = await mysql.createDatabase(purpose);
      const program = await startLatchkey(run, {
        DATABASE_URL: url,
        MIGRATE_ON_START: 'true',
        HASH_MAX_WAIT_MS,
        ...env,
      });
      return latchkey(program, people);
    },
    betterAuth: async (purpose: string, env: Record<string, string>, people: number) => {
      const url = await mysql.createDatabase(purpose);
      return betterAuth(await startPeer(run, 'better-auth.mjs', { DATABASE_URL: url, ...env }), people);
    },
  };
  const light = { HASH: 'bcrypt', BCRYPT_COST: LIGHT_COST };
  const people = run.quick ? { hashing: 1, light: 4 } : PEOPLE;
  const ours = await start.latchkey('ours', run.quick ? light : {}, people.hashing);
  const theirs = await start.betterAuth('theirs', { HASH: 'scrypt' }, people.hashing);
  const oursLight = await start.latchkey('ours_light', { BCRYPT_COST: LIGHT_COST }, people.light);
  const theirsLight = await start.betterAuth('theirs_light', light, people.light);
  const theirsCached = await start.betterAuth(
    'theirs_cached',
    { ...light, COOKIE_CACHE: 'on' },
    people.light,
  );

  const rate = throughput(run, startGenerator(run));
  const hashing = await interleave(run.quick ? 1 : 3, {
    signup: () => rate(ours, 'signup', HASHING),
    theirSignup: () => rate(theirs, 'signup', HASHING),
    login: () => rate(ours, 'login', HASHING),
    theirLogin: () => rate(theirs, 'login', HASHING),
  });
  const rates = await interleave(run.quick ? 1 : 3, {
    signup: () => rate(oursLight, 'signup', LIGHT),
    theirSignup: () => rate(theirsLight, 'signup', LIGHT),
    login: () => rate(oursLight, 'login', LIGHT),
    theirLogin: () => rate(theirsLight, 'login', LIGHT),
    verify: () => rate(oursLight, 'verify', LIGHT),
    theirVerify: () => rate(theirsLight, 'verify', LIGHT),
    theirCachedVerify: () => rate(theirsCached, 'verify', LIGHT),
  });

  const pair = (what: string, mine: readonly number[], peers: readonly number[], how: string): Figure[] => [
    measured(`better-auth: ${what}, ${how}`, 'per second', peers),
    compared(`Latchkey: ${what}`, 'per second', mine, { reference: 'better-auth', to: peers }),
  ];
  const both = `bcrypt cost ${LIGHT_COST} on both`;
  return [
    ...pair('session check', rates.verify, rates.theirVerify, 'get-session from the database'),
    ...pair('session check', rates.verify, rates.theirCachedVerify, 'get-session from its cookie cache'),
    ...pair('sign-up', rates.signup, rates.theirSignup, both),
    ...pair('login', rates.login, rates.theirLogin, both),
    ...pair('sign-up', hashing.signup, hashing.theirSignup, 'scrypt against bcrypt cost 12'),
    ...pair('login', hashing.login, hashing.theirLogin, 'scrypt against bcrypt cost 12'),
  ];
}

function throughput(run: Run, generator: Generator) {
  let loads = 0;
  return async (service: Service, task: 'signup' | 'login' | 'verify', timing: typeof LIGHT) => {
    const { status, template } = task === 'signup' ? service.signup(++loads * MAX_SIGNUPS) : service[task]();
    const outcomes = await createTraffic(
      generator,
      service,
      template,
    )({
      pace: { connections: CONNECTIONS },
      ...(run.quick ? QUICK : timing),
    });
    return answersPerSecond(requireStatus(outcomes, status));
  };
}
