import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMilliseconds, type Outcome, type RequestTemplate } from './load/load.ts';
import { costsOfAnswers } from './support/answer-costs.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { cpuMilliseconds } from './support/cpu.ts';
import { compared, type Figure, measured, toTextTable } from './support/figures.ts';
import { type Generator, startGenerator } from './support/generator.ts';
import { postJson } from './support/http.ts';
import { type Mysql, useMysql } from './support/mysql.ts';
import { answersPerSecond, latenciesMilliseconds } from './support/outcomes.ts';
import { type Program, startLatchkey } from './support/programs.ts';
import { quantile } from './support/statistics.ts';

const FLOOD_CONNECTIONS = 200;
const FLOOD_MILLISECONDS = 8_500;
const FLOOD_ADDRESSES = 10_000;
const VERIFY_CONNECTIONS = 16;
const VERIFICATIONS_PER_SECOND = 100;
const DEVICE_LOGINS_PER_SECOND = 5;
const HONEST_LOGINS_PER_SECOND = 4;
const PEOPLE = 10;
const SOON_MILLISECONDS = 2_000;
const PASSWORD = 'correct horse battery staple';
/** Cheap enough that many logins fit beside a flood, and the least that production takes. */
const BCRYPT_COST = 10;

interface Server {
  readonly database: 'SQLite' | 'MariaDB';
  readonly processes: 1 | 2;
  readonly limits: 'on' | 'off';
}

interface Flood {
  readonly from: 'one address' | '10,000 addresses';
  readonly on: 'one account' | 'many accounts';
}

const SERVERS: readonly Server[] = (['SQLite', 'MariaDB'] as const).flatMap((database) =>
  ([1, 2] as const).flatMap((processes) =>
    (['off', 'on'] as const).map((limits) => ({ database, processes, limits })),
  ),
);
const FLOODS: readonly Flood[] = (['one address', '10,000 addresses'] as const).flatMap((from) =>
  (['one account', 'many accounts'] as const).map((on) => ({ from, on })),
);
/** Each value of each dimension, with every value of every other one. All 32 take some six minutes. */
const CHOSEN = [
  'SQLite, 1 process, limits off, one address, one account',
  'SQLite, 1 process, limits off, 10,000 addresses, many accounts',
  'SQLite, 1 process, limits on, one address, many accounts',
  'SQLite, 2 processes, limits on, 10,000 addresses, one account',
  'MariaDB, 1 process, limits on, one address, one account',
  'MariaDB, 1 process, limits on, 10,000 addresses, many accounts',
  'MariaDB, 1 process, limits off, 10,000 addresses, one account',
  'MariaDB, 2 processes, limits off, one address, many accounts',
];
const COSTS = 'CPU of the main thread for one answer';
const QUICK = [CHOSEN[0]];

await runBenchmark('flood', measure);

/** Logins with wrong passwords from 200 connections that each send again as soon as they are answered. */
async function measure(run: Run): Promise<Figure[]> {
  const cases = SERVERS.map((server) => ({
    server,
    floods: FLOODS.filter((flood) => isChosen(run, nameOf(server, flood))),
  })).filter(({ floods }) => floods.length > 0);
  const load = startGenerators(run);
  const withCosts = run.only === undefined || COSTS.includes(run.only);
  const figures: Figure[] = withCosts ? await costsOfAnswers(run, load.verifications, COSTS) : [];
  let mysql: Mysql | undefined;
  for (const { server, floods } of cases) {
    const undoings: (() => void | Promise<void>)[] = [];
    const forServer = { ...run, defer: (undo: () => void | Promise<void>) => void undoings.push(undo) };
    if (server.database === 'MariaDB') mysql ??= await useMysql(run, {});
    try {
      figures.push(...(await floodServer(forServer, server, floods, load, mysql)));
    } finally {
      for (const undo of undoings.toReversed()) await undo();
    }
  }
  return figures;
}

function isChosen({ quick, all, only }: Run, name: string): boolean {
  if (quick) return QUICK.includes(name);
  if (only !== undefined) return name.includes(only) && (all || CHOSEN.includes(name));
  return all || CHOSEN.includes(name);
}

function nameOf({ database, processes, limits }: Server, { from, on }: Flood): string {
  return `${database}, ${processes} process${processes === 1 ? '' : 'es'}, limits ${limits}, ${from}, ${on}`;
}

function startGenerators(run: Run) {
  return {
    flood: startGenerator(run),
    verifications: startGenerator(run),
    deviceLogins: startGenerator(run),
    honestLogins: startGenerator(run),
  };
}

async function floodServer(
  run: Run,
  server: Server,
  floods: readonly Flood[],
  load: ReturnType<typeof startGenerators>,
  mysql: Mysql | undefined,
): Promise<Figure[]> {
  const { database, processes, limits } = server;
  const program = await startLatchkey(run, {
    BCRYPT_COST: String(run.quick ? 4 : BCRYPT_COST),
    RATE_LIMITS: limits,
    // The requests measured beside the flood must not be limited themselves.
    RATE_LIMIT_TOKEN: '10000000/60',
    TRUST_PROXY: '1',
    ...(processes > 1 && {
      WEB_CONCURRENCY: String(processes),
      JWT_SECRET: randomBytes(48).toString('base64'),
      // The first address in the log is to be that of the port.
      PUBLIC_URL: 'https://auth.example.com',
    }),
    ...(database === 'MariaDB' && {
      DATABASE_URL: (await mysql?.createDatabase(`${processes}_${limits}`)) ?? '',
      MIGRATE_ON_START: 'true',
    }),
  });
  const people = await signUpPeople(program);
  const verify = verificationsOf(run, program, load.verifications, people.accessToken);
  await verify.fully();
  const idle = { full: await verify.fully(), paced: await verify.paced() };

  const figures: Figure[] = [];
  for (const [number, flood] of floods.entries()) {
    const template = floodTemplate(flood, number, people.victims[number] ?? '');
    const answers = load.flood({
      port: program.port,
      request: template,
      pace: { connections: run.quick ? 20 : FLOOD_CONNECTIONS },
      warmUpMilliseconds: 0,
      measureMilliseconds: milliseconds(run, FLOOD_MILLISECONDS),
    });
    await sleep(milliseconds(run, 1_000));
    const busyBefore = cpuMilliseconds(program.pid);
    const busyFrom = nowMilliseconds();
    await sleep(milliseconds(run, 1_000));
    const busy = (cpuMilliseconds(program.pid) - busyBefore) / (nowMilliseconds() - busyFrom);
    const cpuBefore = cpuMilliseconds(load.flood.pid);
    const from = nowMilliseconds();
    const full = await verify.fully();
    const floodCpu = (cpuMilliseconds(load.flood.pid) - cpuBefore) / (nowMilliseconds() - from);

    const logins = (generator: Generator, perSecond: number, request: RequestTemplate) =>
      generator({
        port: program.port,
        request,
        pace: { perSecond: run.quick ? 20 : perSecond },
        warmUpMilliseconds: 0,
        measureMilliseconds: milliseconds(run, 4_000),
      });
    const [paced, deviceLogins, honestLogins] = await Promise.all([
      verify.paced(),
      logins(load.deviceLogins, DEVICE_LOGINS_PER_SECOND, people.deviceLogin(number)),
      logins(load.honestLogins, HONEST_LOGINS_PER_SECOND, people.honestLogin(number)),
    ]);
    const flooded = await answers;
    const name = nameOf(server, flood);
    const served = share(flooded, ({ status }) => status === 401);
    const statuses = countBy(flooded, ({ status }) => status);
    console.log(
      `${name}: answered ${JSON.stringify(statuses)}, flood's own CPU ${(floodCpu * 100).toFixed(0)} %`,
    );
    const ofFlood = [
      compared(`${name}: GET /verify at full speed`, 'per second', [full.perSecond], {
        reference: 'idle',
        to: [idle.full.perSecond],
        target: { atLeast: 0.8 },
      }),
      compared(`${name}: p99 of GET /verify, 100 a second`, 'ms', [paced.p99Milliseconds], {
        reference: 'idle',
        to: [idle.paced.p99Milliseconds],
        target: { atMost: 3 },
      }),
      measured(`${name}: verifications that were answered 200`, '%', [Math.min(full.good, paced.good)], {
        atLeast: 100,
      }),
      measured(`${name}: logins with a device token, within 2 s`, '%', [share(deviceLogins, isSoon)], {
        atLeast: 95,
      }),
      measured(`${name}: logins with a device token, p95`, 'ms', [
        quantile(latenciesMilliseconds(deviceLogins), 0.95),
      ]),
      measured(
        `${name}: honest logins without one, within 2 s`,
        '%',
        [share(honestLogins, isSoon)],
        ...(flood.from === 'one address' ? [{ atLeast: 95 }] : []),
      ),
      measured(`${name}: the flood's own, compared`, '%', [served]),
      // Of several processes the first one only starts the others.
      ...(server.processes === 1
        ? [measured(`${name}: the flood alone, CPU of the main thread`, '%', [busy * 100])]
        : []),
      measured(`${name}: the flood, answers`, 'per second', [
        (flooded.length * 1000) / milliseconds(run, FLOOD_MILLISECONDS),
      ]),
    ];
    console.log(toTextTable(ofFlood));
    figures.push(...ofFlood);
  }
  return figures;
}

/** The people of a server: those who log in beside the floods, and one account for each flood to be directed at. */
async function signUpPeople(program: Program) {
  const people: { email: string; device_token: string; access_token: string }[] = [];
  for (let number = 0; number < PEOPLE; number++) {
    const email = `person-${number}@example.com`;
    const address = { 'X-Forwarded-For': `192.0.2.${number}` };
    const login = await postJson<{ device_token: string; access_token: string }>(
      program,
      '/signup',
      { email, password: PASSWORD },
      address,
    );
    people.push({ email, ...login });
  }
  const honest = people.slice(FLOODS.length);
  return {
    victims: people.slice(0, FLOODS.length).map(({ email }) => email),
    accessToken: people[0]?.access_token ?? '',
    deviceLogin: (number: number): RequestTemplate => ({
      method: 'POST',
      path: '/login',
      headers: { 'X-Forwarded-For': `198.51.100.${number}` },
      body: honest.map(({ email, device_token }) =>
        JSON.stringify({ email, password: PASSWORD, device_token }),
      ),
    }),
    honestLogin: (number: number): RequestTemplate => ({
      method: 'POST',
      path: '/login',
      headers: { 'X-Forwarded-For': '{{address}}' },
      numbers: { first: (64 + number) << 16, count: 250, order: 'rising' },
      body: honest.map(({ email }) => JSON.stringify({ email, password: PASSWORD })),
    }),
  };
}

/** Each flood has addresses of its own, so that none begins with what another has used up. */
function floodTemplate({ from, on }: Flood, number: number, victim: string): RequestTemplate {
  const count = from === 'one address' ? 1 : FLOOD_ADDRESSES;
  return {
    method: 'POST',
    path: '/login',
    headers: { 'X-Forwarded-For': from === 'one address' ? `203.0.113.${number}` : '{{address}}' },
    numbers: { first: (number + 1) << 16, count: FLOOD_ADDRESSES, order: 'rising' },
    body: JSON.stringify({
      email: on === 'one account' ? victim : 'stranger-{{n}}@example.com',
      password: 'a wrong one',
    }),
    prebuilt: on === 'one account' ? count : FLOOD_ADDRESSES,
  };
}

function verificationsOf(run: Run, { port }: Program, generate: Generator, token: string) {
  const request: RequestTemplate = {
    method: 'GET',
    path: '/verify',
    headers: { Authorization: `Bearer ${token}` },
  };
  const verify = async (
    pace: { connections: number } | { perSecond: number },
    measureMilliseconds: number,
  ) => {
    const outcomes = await generate({
      port,
      request,
      pace,
      warmUpMilliseconds: milliseconds(run, 200),
      measureMilliseconds: milliseconds(run, measureMilliseconds),
    });
    return {
      // Where those that were sent first have not even been answered, none was.
      perSecond: outcomes.length < 2 ? 0 : answersPerSecond(outcomes),
      p99Milliseconds: quantile(latenciesMilliseconds(outcomes), 0.99),
      good: share(outcomes, ({ status }) => status === 200),
    };
  };
  return {
    fully: () => verify({ connections: run.quick ? 1 : VERIFY_CONNECTIONS }, 1_500),
    paced: () => verify({ perSecond: VERIFICATIONS_PER_SECOND }, 3_800),
  };
}

function isSoon({ status, dueAt, endedAt }: Outcome): boolean {
  return status === 200 && endedAt - dueAt <= SOON_MILLISECONDS;
}

function share(outcomes: readonly Outcome[], isCounted: (outcome: Outcome) => boolean): number {
  if (outcomes.length === 0) return 0;
  return (100 * outcomes.filter(isCounted).length) / outcomes.length;
}

function countBy(outcomes: readonly Outcome[], keyOf: (outcome: Outcome) => number): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const outcome of outcomes) counts[keyOf(outcome)] = (counts[keyOf(outcome)] ?? 0) + 1;
  return counts;
}

function milliseconds({ quick }: Run, full: number): number {
  return quick ? full / 8 : full;
}
